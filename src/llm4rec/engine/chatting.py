"""A fitted engine as one conversation sees it: its words, its order, its reasons, its prepared answers.

What is said and done is decided by `writers/chat`; here it meets the catalog, the scores and the settings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from llm4rec.core import (
    Catalog,
    DataError,
    Explanation,
    Floats,
    Generator,
    History,
    Id,
    Interactions,
    Numbers,
    Recommendations,
    Request,
    SettingsError,
    unit_rows,
)
from llm4rec.engine import path
from llm4rec.engine.build import component_from
from llm4rec.engine.fitted import Fitted
from llm4rec.engine.remarks import counters, moved, remark
from llm4rec.engine.settings import Settings
from llm4rec.engine.wishes import Asker, Desk

HOME = "llm4rec.writers.chat:"
DEPTH = 400
"""So many of the best items are looked at when a question is weighed."""
HEARD = 0.3
"""How near in meaning some item must be to words that the catalog does not have."""


@dataclass(frozen=True)
class Chatted:
    """One answer of a conversation: its words, the items shown, and the conversation after it.

    `act` says what was done (recommend, ask, answer, explain, serve, taken, unknown, nothing, greet, thanks, bye, undo,
    memory); `question` is what was asked, "" where nothing was. `evidence` are facts and reasons as plain values. `degraded`
    says what could not be done as asked. `dialogue` goes to JSON (`to_json`) and back (`Dialogue.read`).
    """

    text: str
    act: str
    answer: Recommendations
    dialogue: Any
    question: str = ""
    evidence: tuple[Mapping[str, Any], ...] = ()
    degraded: tuple[str, ...] = ()


@dataclass(frozen=True)
class Said:
    """One message, the conversation before it (a value, its JSON, or None), and the language to answer in."""

    text: str
    dialogue: Any = None
    language: str = "auto"


@dataclass(frozen=True)
class Helpers:
    """Settings, the year it is, and the language model that helps, if any."""

    settings: Settings
    year: int | None = None
    generator: Generator | None = None


def chatted(desk: Desk, asker: Asker, said: Said, helpers: Helpers) -> Chatted:
    """The answer to one message."""
    chat = helpers.settings.chat
    manner = component_from(f"{HOME}Manner")(n=chat.n, questions=chat.questions, bits=chat.bits)
    if said.language != "auto":
        component_from("llm4rec.writers.language:language")(said.language)  # raises, with those there are
    world = Room(LenientDesk(desk.fitted), asker, helpers)
    reply = component_from(f"{HOME}replied")(
        world, manner, dialogue_of(said.dialogue), said.text, said.language.partition("-")[0]
    )
    return Chatted(
        reply.text, reply.act, reply.answer, reply.dialogue, reply.question, reply.evidence, reply.degraded
    )


class LenientDesk(Desk):
    """The desk of conversations: what is not known of an item does not rule it out, and popularity is a number of items
    even where the catalog does not tell it."""

    @property
    def lexicon(self) -> Any:
        """The catalog's words."""
        return self._counted()[0]

    @property
    def shelf(self) -> Any:
        """Which items have which value."""
        lenient = component_from("llm4rec.writers.asking:Lenient").like
        return self.fitted.made.once("chat.shelf", lambda: lenient(self._counted()[1]))

    def _words(self) -> Any:
        return Desk(self.fitted)._words()

    def _counted(self) -> tuple[Any, Any]:
        return self.fitted.made.once("chat.counted", lambda: counters(Desk(self.fitted)))


def dialogue_of(given: Any) -> Any:
    """A conversation from what `chat` gave, its JSON, or None; DataError or SettingsError where it is something else."""
    kind = component_from(f"{HOME}Dialogue")
    if given is None:
        return kind()
    if isinstance(given, str | bytes):
        return kind.read(given)
    if isinstance(given, Mapping):
        return kind.of(given, "the conversation")
    if not isinstance(given, kind):
        raise SettingsError(f"dialogue is {type(given).__name__}; give what `chat` gave, or its JSON")
    return given


@dataclass(eq=False)
class Room:
    """What `writers/chat` calls a World, of one engine and one speaker."""

    desk: Desk
    asker: Asker
    helpers: Helpers

    @property
    def catalog(self) -> Catalog:
        """All items."""
        return self.desk.catalog

    @property
    def lexicon(self) -> Any:
        """The catalog's words."""
        return self.desk.lexicon

    @property
    def shelf(self) -> Any:
        """Which items have which value."""
        return self.desk.shelf

    @property
    def newcomer(self) -> bool:
        """Whether nothing is known of who speaks."""
        return not len(self.asker.history.liked)

    def read(self, text: str) -> tuple[Any, tuple[str, ...]]:
        """A text as constraints and wishes, and what went wrong in reading it."""
        return self.desk.read(text, self.helpers.year, self.helpers.generator)

    def remarked(self, text: str, shown: Sequence[Id], about: Sequence[Id]) -> Any:
        """A text as a remark about the list that is shown."""
        known = [item for item in shown if self.catalog.ids.number(item) >= 0]
        before = component_from("llm4rec.writers.remarks:Remarks")(about=tuple(about))
        return remark(self.desk, text, known, before, self.helpers.year).read

    def ranked(self, state: Any, n: int) -> Any:
        """The best items for what is remembered; those passed over are left out while anything else fulfils it."""
        hidden = np.array(
            [number for number in map(self.catalog.ids.number, state.passed) if number >= 0], np.int64
        )
        asker, reading = self._moved(state), state.reading
        found = self._answered(reading, replace(asker, excluded=np.union1d(asker.excluded, hidden)), n)
        if len(hidden) and (not len(found.answer) or found.reading.pieces != reading.pieces):
            again = self._answered(reading, asker, n)
            if len(again.answer) and again.reading.pieces == reading.pieces:
                told = component_from("llm4rec.writers.chat.wordlists:say")(reading.language, "shown_again")
                found = replace(again, reading=again.reading.with_notes(told))
        answer = replace(found.answer, degraded=(*self.asker.notes, *found.answer.degraded))
        return component_from(f"{HOME}Ranked")(found.reading, answer)

    def _moved(self, state: Any) -> Asker:
        """Who speaks, with what was liked and remarked in this conversation."""
        remarks = component_from("llm4rec.writers.remarks:Remarks")(steps=state.steps)
        liked = [number for number in map(self.catalog.ids.number, state.of_items("liked")) if number >= 0]
        past = _followed(self.asker.history, liked)
        request, _ = moved(
            self.desk,
            Request(past, user=self.asker.user, excluded=self.asker.excluded, tilt=self.asker.tilt),
            remarks,
        )
        excluded = self.asker.excluded if request.excluded is None else request.excluded
        bonus = self.helpers.settings.chat.known * self.shelf.surprise(state.reading.hard)
        return Asker(
            request.history, self.asker.user, excluded, (), request.tilt, self._meaning(state), bonus
        )

    def _meaning(self, state: Any) -> Floats | None:
        """(width,) what the messages of a conversation mean together, older ones less; None where nothing encodes."""
        encoder = self.desk.fitted.raw_encoder
        last = state.spoken
        if encoder is None or not last:
            return None
        age = np.arange(len(last), dtype=np.float32)[::-1]
        weights = np.exp2(-age / np.float32(self.helpers.settings.chat.fading))
        return np.asarray(unit_rows((weights @ unit_rows(encoder.encode(last)))[None])[0])

    def _answered(self, reading: Any, asker: Asker, n: int) -> Any:
        chat = self.helpers.settings.chat
        taste = chat.taste if self._personal(asker.history) else chat.popularity
        weights = self.helpers.settings.ask.model_copy(update={"taste": taste, "popularity": chat.popularity})
        return self.desk.answer(reading, asker, n, weights, DEPTH)

    def _personal(self, history: History) -> bool:
        """Whether the model says something else about who did this than about somebody who did nothing."""
        if not len(history):
            return False
        both, declined = path.scores(self.desk.fitted, [Request(history), Request(History.of([]))])
        return not declined[0] and (bool(declined[1]) or not np.array_equal(both[0], both[1]))

    def explained(self, items: Sequence[Id], liked: Sequence[Id], language: str) -> tuple[Explanation, ...]:
        """Why items are what they are for who speaks."""
        from llm4rec.engine.explaining import explained, in_words_of

        known = [number for number in map(self.catalog.ids.number, liked) if number >= 0]
        past = _followed(self.asker.history, known)
        request = Request(past, user=self.asker.user, excluded=self.asker.excluded, tilt=self.asker.tilt)
        numbers = self.catalog.ids.numbers(items, "item")
        return in_words_of(self.helpers.generator, explained(self.desk.fitted, request, numbers, language))

    def splitting(self, n: int) -> Numbers:
        """Items that many know and that tell tastes apart."""
        dataset = self.desk.fitted.dataset
        free = np.setdiff1d(np.arange(len(self.catalog)), self.asker.excluded)
        found: Numbers = component_from(f"{HOME}splitting_items")(dataset.matrix(), n, free)
        return found

    def knows(self, text: str) -> bool:
        """Whether a word of a text stands in the catalog, or some item is near it in meaning or in its title."""
        if self.desk.words.scores(text).any() or self.lexicon.titles.nearest(tuple(text.lower().split())):
            return True
        encoder, vectors = self.desk.fitted.raw_encoder, self.desk.vectors
        if encoder is None or vectors is None or not len(vectors):
            return False
        return bool((vectors @ encoder.encode([text])[0]).max() >= HEARD)

    def told(self, question: str) -> Any:
        """The prepared answer to a question of customers; None where none is near enough."""
        return None if self._prepared is None else self._prepared.nearest(question)

    @cached_property
    def _prepared(self) -> Any:
        file = self.helpers.settings.chat.answers
        if not file:
            return None
        path = Path(file).expanduser()
        if not path.is_file():
            raise SettingsError(f"chat.answers = {file!r}: there is no such file")
        key = (str(path), path.stat().st_mtime)
        fitted = self.desk.fitted
        kept = fitted.made.get("prepared")
        if kept is None or kept[0] != key:
            kept = key, _read(path, fitted)
            fitted.made.keep("prepared", kept)
        return kept[1]


def _read(path: Path, fitted: Fitted) -> Any:
    """The prepared answers of a file; DataError where it lacks a column."""
    import polars as pl

    from llm4rec.data.files import read_table

    frame = read_table(path).frame
    missing = [name for name in ("question", "answer") if name not in frame.columns]
    if missing:
        raise DataError(f"{path} has no column {missing[0]!r}; prepared answers need question and answer")
    encoder = fitted.raw_encoder
    rows = frame.select("question", "answer").cast(pl.String)
    return component_from(f"{HOME}Prepared").of(
        rows["question"].to_list(), rows["answer"].to_list(), None if encoder is None else encoder.encode
    )


def _followed(history: History, items: Sequence[int]) -> History:
    """A history with likes behind it, each a second after the one before."""
    if not items:
        return history
    start = float(history.timestamps.max()) if len(history) else 0.0
    new = Interactions.of(
        np.zeros(len(items), np.int64),
        np.array(items, np.int64),
        kinds=np.zeros(len(items), np.int64),
        kind_names=("like",),
        timestamps=start + 1.0 + np.arange(len(items)),
    )
    return history.followed_by(History.from_rows(new, slice(None)))
