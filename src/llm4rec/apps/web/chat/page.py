"""The conversation: what was said, items as cards, and beside it what is remembered, each thing removable."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from llm4rec.apps.web.elements import Field, Tag, button, chip
from llm4rec.apps.web.facts import Facts, facts_of, initials
from llm4rec.apps.web.notes import worded
from llm4rec.apps.web.readers import Reader
from llm4rec.apps.web.visit import Visit
from llm4rec.engine.build import component_from
from llm4rec.engine.chatting import dialogue_of

GREETING = {"en": "hello", "zh": "你好"}
MOST = 60  # lines that a session keeps


@dataclass(frozen=True)
class Line:
    """One message: whose it is, its words, the items shown with it, and what could not be done as asked."""

    ours: bool
    text: str
    facts: Sequence[Facts] = ()
    degraded: Sequence[str] = ()


@dataclass
class Talk:
    """The conversation of a session."""

    dialogue: Any = None
    lines: list[Line] = field(default_factory=list)


async def build(visit: Visit) -> None:
    """The page."""
    await Conversation(visit).draw()


class Conversation:
    """One open page of it."""

    def __init__(self, visit: Visit) -> None:
        self.visit, self.words = visit, visit.words
        self.reader = Reader.of(visit.session)
        self.talk: Talk = visit.session.kept.setdefault("chat", Talk())

    async def draw(self) -> None:
        """All its parts; a conversation that has not begun is begun with a greeting."""
        words = self.words
        name = words("shop.you") if self.reader.new else self.reader.user
        with Tag("div", classes="heading"):
            Tag("h1", words("chat.heading"))
            Tag("span", words("chat.speaker", name=name), "badge")
        with Tag("div", classes="talk"):
            with Tag("section", classes="panel speaking", aria_label=words("chat.heading")):
                said = {"role": "log", "aria_live": "polite", "aria_label": words("chat.log")}
                with Tag("div", classes="log", tabindex="0", **said):
                    self.log = Tag("div", classes="lines")
                self.options = Tag("div", classes="choices", role="group", aria_label=words("chat.options"))
                with Tag("div", classes="ask"):
                    self.field = Field(words("chat.label"), hint=words("chat.hint"))
                    self.field.entered(self.visit.does(self.said))
                    button(words("say.send"), self.visit.does(self.said), "button strong", icon="send")
            with Tag("aside", classes="panel memory", aria_label=words("chat.memory")):
                Tag("h2", words("chat.memory"))
                self.memory = Tag("div", classes="chips tall")
                with Tag("div", classes="actions"):
                    button(words("chat.undo"), self.visit.does(self.undone), icon="undo")
                    button(words("chat.over"), self.visit.does(self.begun_anew), icon="close")
        for line in self.talk.lines:
            self._write(line)
        if not self.talk.lines:
            await self._answered("", GREETING[self.words.language])
        self._remember()

    async def said(self) -> None:
        """A message from the field."""
        text = (self.field.value or "").strip()
        if not text:
            self.visit.hint(self.words("say.empty"))
            return
        self.field.set_value("")
        await self.spoken(text)

    async def spoken(self, text: str) -> None:
        """A message, answered."""
        self._add(Line(False, text))
        self.log.classes(add="busy")
        try:
            await self._answered(text)
        finally:
            self.log.classes(remove="busy")
        self._remember()

    async def _answered(self, text: str, greeting: str = "") -> None:
        who, dialogue, language = self.reader.who, self.talk.dialogue, self.words.language

        def work(live: Any) -> Any:
            spoken = language if greeting else "auto"
            said = live.chat(text or greeting, dialogue, **who, language=spoken, year=time.gmtime().tm_year)
            return said, facts_of(live, said.answer.items)

        said, facts = await self.visit.handed(work)
        self.talk.dialogue = said.dialogue
        self._add(Line(True, _without_list(said.text) if facts else said.text, facts, said.degraded))

    def _add(self, line: Line) -> None:
        self.talk.lines.append(line)
        del self.talk.lines[:-MOST]
        self._write(line)

    def _write(self, line: Line) -> None:
        with self.log, Tag("div", classes="line ours" if line.ours else "line theirs"):
            Tag("p", line.text, "words")
            if line.facts:
                with Tag("ol", classes="few"):
                    for facts in line.facts:
                        _small(facts)
            for note in line.degraded:
                Tag("p", worded(note, self.words), "unsure")

    def _remember(self) -> None:
        """What is remembered, and what the question offers, as they are now."""
        self.memory.clear()
        dialogue = dialogue_of(self.talk.dialogue)
        told = component_from("llm4rec.writers.chat.dialogue:told")
        with self.memory:
            for kept in dialogue.memory:
                text = told(kept.piece, self.words.language)
                chip(text, self.words("chat.forget", piece=text), self.visit.does(self.forgotten, kept.id))
            if not dialogue.memory:
                Tag("p", self.words("chat.nothing"), "soft")
        self._offer(dialogue.state.question)

    def _offer(self, question: Any) -> None:
        self.options.clear()
        by_number = question is not None and not question.column
        with self.options:
            for place, option in enumerate(() if question is None else question.options, 1):
                button(
                    option.label,
                    self.visit.does(self.spoken, str(place) if by_number else option.label),
                    "choice",
                )

    async def forgotten(self, id_: int) -> None:
        """One thing is no longer remembered."""
        self.talk.dialogue = dialogue_of(self.talk.dialogue).without(id_)
        self._remember()
        self.visit.tell(self.words("chat.forgot"))

    async def undone(self) -> None:
        """The last thing is taken back."""
        self.talk.dialogue = dialogue_of(self.talk.dialogue).undone()
        self._remember()
        self.visit.tell(self.words("chat.undid"))

    async def begun_anew(self) -> None:
        """All is forgotten."""
        self.talk.dialogue = None
        self.talk.lines.clear()
        self.log.clear()
        await self._answered("", GREETING[self.words.language])
        self._remember()


def _without_list(text: str) -> str:
    """The words of an answer without its lines of items, which stand beside it as cards."""
    kept = [line for line in text.split("\n") if not line.partition(".")[0].strip().isdecimal()]
    return "\n".join(kept)


def _small(facts: Facts) -> None:
    with Tag("li", classes="small"):
        with Tag("span", classes=f"cover hue-{facts.hue}", aria_hidden="true"):
            if facts.picture:
                Tag("img", src=facts.picture, alt="")
            else:
                Tag("span", initials(facts.title))
        with Tag("span", classes="said"):
            Tag("strong", facts.title)
            Tag("span", facts.by, "by")
            Tag("span", ", ".join(facts.tags), "by")
