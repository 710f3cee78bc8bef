"""What the shop window is set to for one session: the wish, the remarks, the knobs; and the question they make."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llm4rec.apps.web.readers import Reader
from llm4rec.engine.build import component_from
from llm4rec.engine.ordering import KNOBS

if TYPE_CHECKING:
    from llm4rec.apps.web.sessions import Session

N = 12
ASKING = "llm4rec.writers.asking:"
WAYS = {"wanted", "unwanted", "more", "role", "sure", "low_open", "high_open", "start", "end"}
"""What a piece says of its subject, and where it was said."""


@dataclass
class Shop:
    """`reading` is how a wish was understood, or None, and `changing` the place of the piece that is being said anew;
    `remarks` all that was said of lists, as `Live.remark` gave it.
    """

    reader: Reader
    reading: Any = None
    changing: int | None = None
    remarks: Any = None
    knobs: dict[str, float] = field(default_factory=lambda: dict.fromkeys(KNOBS, 0.0))

    @classmethod
    def of(cls, session: Session) -> Shop:
        """That of a session."""
        found: Shop = session.kept.setdefault("shop", cls(Reader.of(session)))
        return found

    def cleared(self) -> None:
        """Forget wish and remarks: somebody else looks now."""
        self.reading = self.remarks = self.changing = None

    def question(self) -> dict[str, Any]:
        """What is asked of the engine, which knows what is kept of whoever asks."""
        asked: dict[str, Any] = {
            **self.reader.who,
            "n": N,
            **{k: v for k, v in self.knobs.items() if v},
        }
        if self.remarks is not None and self.remarks.read.steps:
            asked["remarks"] = self.remarks
        return asked

    def chips(self) -> list[tuple[str, str, int]]:
        """What was understood, in words: (where it stands, words, its place or id)."""
        made: list[tuple[str, str, int]] = []
        if self.reading is not None:
            told = component_from(f"{ASKING}chips")(self.reading)
            made += [("wish", text, place) for place, text in enumerate(told)]
        if self.remarks is not None:
            read = self.remarks.read
            line = component_from("llm4rec.writers.remarks.told:line")
            made += [("remark", line(step, read.language), step.id) for step in read.steps]
        return made

    def rephrased(self, place: int) -> str:
        """The words behind a piece, which are being said anew."""
        self.changing = place
        return str(component_from(f"{ASKING}source")(self.reading, place))

    def without(self, where: str, place: int) -> None:
        """Take one thing back that was understood."""
        self.changing = None
        if where == "wish":
            self.reading = self.reading.without(place)
            if not self.reading.pieces:
                self.reading = None
        else:
            self.remarks = self.remarks.without(place)


def joined(reading: Any, steps: Iterable[Any]) -> Any:
    """A wish with what a remark about its list added: limits and wishes become pieces of it.

    What is said of the same thing again, or the other way round, takes the place of what was said before.
    """
    pieces = [piece for step in steps if (piece := _piece(step)) is not None]
    newest = {_subject(piece): piece for piece in (*reading.pieces, *pieces)}
    return reading.model_copy(update={"pieces": tuple(newest.values())})


def _subject(piece: Any) -> str:
    """What a piece is about, whichever way it goes; bounds from below and from above stand side by side."""
    told = piece.model_dump(mode="json", exclude=WAYS)
    sides = {key: told.pop(key) is None for key in ("low", "high") if key in told}
    return repr((type(piece).__name__, sorted(told.items()), sides))


def _piece(step: Any) -> Any:
    if step.kind == "must":
        return step.piece.model_copy(update={"start": 0, "end": 0})
    if step.kind != "wish":
        return None
    if step.items:
        role = "liked" if step.more else "disliked"
        return component_from(f"{ASKING}Items")(items=step.items, titles=step.titles, role=role)
    if step.column:
        return component_from(f"{ASKING}Lean")(column=step.column, more=step.more)
    return component_from(f"{ASKING}Soft")(text=step.text, wanted=step.more) if step.text else None
