"""What an engine says in words: explanations, profiles, answers to wishes. Thin: the work is done beside it.

`Engine` inherits these verbs; whatever speaks for it is added here and not there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from llm4rec.core import (
    Catalog,
    Description,
    Explanation,
    Generator,
    History,
    Id,
    Profile,
    ProfileEdits,
    Progress,
    Recommendations,
    Request,
    silent,
)
from llm4rec.engine import path
from llm4rec.engine.build import build_generator
from llm4rec.engine.chatting import Chatted, Helpers, Said, chatted
from llm4rec.engine.door import at_least_one, edited, past_of
from llm4rec.engine.fitted import Fitted
from llm4rec.engine.hiding import Hides
from llm4rec.engine.remarks import Remarked, remark
from llm4rec.engine.settings import Settings
from llm4rec.engine.wishes import Asked, Asker, Desk, ask

if TYPE_CHECKING:
    from llm4rec.engine.describing_all import Told


class Speaks(ABC):
    """The verbs in words of an engine; what they need of it stands first."""

    settings: Settings
    _generators: dict[str, Generator | None]

    @property
    @abstractmethod
    def fitted(self) -> Fitted:
        """What has been learnt."""

    @property
    @abstractmethod
    def catalog(self) -> Catalog:
        """All items that can be recommended."""

    @property
    @abstractmethod
    def _hides(self) -> Hides:
        """What may not be shown to whom."""

    @abstractmethod
    def recommend(
        self, user: Id | None = None, history: Sequence[Id] | None = None, n: int = 10, **limits: Any
    ) -> Recommendations:
        """The n best items."""

    @abstractmethod
    def _asked(
        self, profile: ProfileEdits | None = None, remarks: Any = None, **question: Any
    ) -> tuple[Request, tuple[str, ...]]:
        """The request for the arguments of a question, and what could not be taken as given."""

    def explain(
        self,
        user: Id | None = None,
        history: Sequence[Id] | None = None,
        items: Iterable[Id] | None = None,
        *,
        language: str = "auto",
        generator: Generator | None = None,
        **limits: Any,
    ) -> tuple[Explanation, ...]:
        """Why the recommended items are recommended, or why any `items` stand where they do, in words with evidence.

        `limits` are the other arguments of `recommend` (n=10 and the limits). A `generator` may put the words more
        nicely: what it writes is taken where a checker finds evidence for all of it. SettingsError for a `language`
        that there is no file of; "auto" is the user's own (attribute `language`), else English.
        """
        from llm4rec.engine.explaining import explained, in_words_of, language_of

        request, _ = self._asked(user=user, history=history, **limits)
        numbers = self.catalog.ids.numbers(items, "item") if items is not None else None
        if numbers is None:
            found, _, _ = path.ordered(self.fitted, [request])
            numbers = found.items[0][found.items[0] >= 0]
        spoken = language_of(language, self.fitted, request.user)
        return in_words_of(generator, explained(self.fitted, request, numbers, spoken))

    def describe(
        self,
        items: Iterable[Id] | None = None,
        *,
        style: str = "plain",
        language: str = "auto",
        generator: Generator | None = None,
    ) -> tuple[Description, ...]:
        """Texts about items, all of the catalog by default, in which every claim has its evidence.

        `style` is short, plain, long, simple or facts; `language` "auto" is that of an item's own words. A `generator`
        may put the words more nicely: what it writes is taken where a checker finds evidence for all of it.
        """
        from llm4rec.engine.describing import described

        asked = (
            range(len(self.catalog)) if items is None else self.catalog.ids.numbers(items, "item").tolist()
        )
        return described(self.fitted, asked, style, language, generator)

    def describe_all(
        self,
        file: str | Path,
        *,
        style: str = "plain",
        language: str = "auto",
        generator: Generator | None = None,
        progress: Progress = silent,
    ) -> Told:
        """Describe the whole catalog into a file of JSON lines; a job that was stopped goes on to the same result."""
        from llm4rec.engine.describing_all import Job, describe_all

        return describe_all(self.fitted, Path(file), Job(style, language, generator), progress)

    def interests(
        self,
        user: Id | None = None,
        history: Sequence[Id] | None = None,
        *,
        edits: ProfileEdits | None = None,
        language: str = "auto",
    ) -> Profile:
        """What somebody likes and dislikes, in topics and keywords, how sure that is, and the events that prove it.

        `edits` are what its owner says of it; given to `recommend` as `profile`, they steer the ranking.
        """
        from llm4rec.engine.explaining import language_of
        from llm4rec.engine.interests import profile_of

        request, _ = self._asked(user=user, history=history)
        spoken = language_of(language, self.fitted, request.user)
        return profile_of(self.fitted, request, history is None, edits, spoken)

    def ask(  # noqa: PLR0913 - who asks, what they may not be shown, and what they wish
        self,
        wish: Any,
        user: Id | None = None,
        history: Sequence[Id] | None = None,
        n: int = 10,
        *,
        excluded: Iterable[Id] = (),
        profile: ProfileEdits | None = None,
        year: int | None = None,
        generator: Generator | None = None,
        **knobs: float | None,
    ) -> Asked:
        """The n best items for a request in plain language, or for a reading of one, and how it was understood.

        Items that break a constraint are never among them; where none fulfils all, the reading is opened, and says
        how. `year` is what "the last ten years" counts from; `generator`, by default that of the settings, helps to read.
        `knobs` are those of `recommend` (diversity, novelty, explore): they choose among what answers the request best.
        `profile` are edits of who asks, as for `recommend`.
        """
        asker = replace(self._asker(user, history, excluded, profile), knobs=knobs)
        helper = generator or self._generator()
        return ask(Desk(self.fitted), wish, asker, at_least_one(n), self.settings.ask, year, helper)

    def chat(  # noqa: PLR0913 - who speaks, what stood before, and what may not be shown
        self,
        text: str,
        dialogue: Any = None,
        user: Id | None = None,
        history: Sequence[Id] | None = None,
        *,
        excluded: Iterable[Id] = (),
        profile: ProfileEdits | None = None,
        language: str = "auto",
        year: int | None = None,
        generator: Generator | None = None,
    ) -> Chatted:
        """The answer to one message of a conversation, and the conversation after it; `dialogue` is that before, or None.

        It is a value with JSON in and out, and holds nothing of who speaks: give `user` or `history` each time, and what
        is `excluded`, and the edits of their `profile`. No item is named that breaks what is remembered. `language` is "en", "zh", or "auto": that of the
        message. `generator`, by default that of the settings, may help to read and put reasons more nicely; where it
        fails, `degraded` says so.
        """
        asker = self._asker(user, history, excluded, profile)
        helpers = Helpers(self.settings, year, generator or self._generator())
        return chatted(Desk(self.fitted), asker, Said(text, dialogue, language), helpers)

    def remark(
        self,
        text: str,
        user: Id | None = None,
        history: Sequence[Id] | None = None,
        *,
        shown: Sequence[Id] | None = None,
        so_far: Any = None,
        year: int | None = None,
        **limits: Any,
    ) -> Remarked:
        """A remark about a list ("too long", "I loved the second one"), as it was understood, behind those `so_far`.

        `shown` is the list that is spoken of; by default what `recommend` gives for this user or history after the
        remarks so far and with these `limits`. Given to `recommend` as `remarks`, the value changes the list; its steps
        can be taken out (`without`). What cannot be read is said in `read.notes`; nothing is kept of it here.
        """
        if shown is None:
            shown = self.recommend(user, history, remarks=so_far, **limits).items
        return remark(Desk(self.fitted), text, shown, so_far, year)

    def _generator(self) -> Generator | None:
        """The language model of the settings, one for all questions: it knows what was spent, and when it was down."""
        name = self.settings.generator.model_dump_json() + self.settings.safety.model_dump_json()
        if name not in self._generators:
            self._generators.setdefault(name, build_generator(self.settings))
        return self._generators[name]

    def _asker(
        self,
        user: Id | None,
        history: Sequence[Id] | None,
        excluded: Iterable[Id] = (),
        profile: ProfileEdits | None = None,
    ) -> Asker:
        """Who speaks: their past, nobody's where neither is given, what they may not be shown, and what they wish."""
        past, number, notes = past_of(self.fitted, user, history)
        if user is None and history is None:
            past, notes = History.of([]), ()
        hidden = self._hides.items({}, number)
        out = np.union1d(self.catalog.ids.numbers(excluded, "item"), hidden)
        request, notes = edited(self.fitted, Request(past, user=number, excluded=out), profile, notes)
        assert request.excluded is not None
        return Asker(request.history, number, request.excluded, notes, request.tilt)
