"""What is said joins what is remembered: the newer word wins, and what it displaced is told. Finds no items."""

from __future__ import annotations

from collections.abc import Sequence

from llm4rec.core.texts import cleaned
from llm4rec.writers.asking.readings import Items, Lean, Range, Soft, Values
from llm4rec.writers.chat.dialogue import Kept, Remembered, State
from llm4rec.writers.remarks.reading import contradict, same
from llm4rec.writers.remarks.steps import Event, Must, Step, Wish

MOST = 60
"""So many things are remembered; the oldest wishes go first."""
PLACE: dict[str, int] = {"start": 0, "end": 0}
NOWHERE = PLACE | {"id": 0, "said": 0}
LONGEST = 300
"""So many characters of the words that a piece came from are kept."""


def remembering(
    state: State, said: Sequence[tuple[Kept, str]], single: frozenset[str]
) -> tuple[State, tuple[Remembered, ...]]:
    """The state with new pieces and their words, and what these displaced.

    `single` are columns with one value an item: a second wanted value there replaces the first.
    """
    gone: list[Remembered] = []
    for piece, words in said:
        piece = piece.model_copy(update=NOWHERE if isinstance(piece, Event | Wish) else PLACE)
        kept: list[Remembered] = []
        for old in state.memory:
            left = _left(old.piece, piece, single)
            if left is not None:
                kept.append(old if left is old.piece else old.model_copy(update={"piece": left}))
            if left is not old.piece and old.piece != piece:
                gone.append(old)
        told = cleaned(words, LONGEST)[0]
        new = Remembered(id=state.next_id, piece=piece, words=told, turn=state.turn)
        state = state.with_changes(memory=_capped((*kept, new)), next_id=state.next_id + 1)
    return state, tuple(gone)


def _capped(memory: tuple[Remembered, ...]) -> tuple[Remembered, ...]:
    """The memory within its bound: the oldest wishes go, then the oldest of all but what is not wanted."""
    surplus = len(memory) - MOST
    if surplus <= 0:
        return memory
    order = sorted(memory, key=lambda kept: (_weight(kept.piece), kept.id))
    gone = {kept.id for kept in order[:surplus]}
    return tuple(kept for kept in memory if kept.id not in gone)


def _weight(piece: Kept) -> int:
    if isinstance(piece, Soft | Lean | Wish):
        return 0
    barred = (isinstance(piece, Values) and not piece.wanted) or (
        isinstance(piece, Items) and piece.role == "banned"
    )
    return 2 if barred else 1


def _left(old: Kept, new: Kept, single: frozenset[str]) -> Kept | None:
    """What is left of an old piece beside a new one: itself, less, or nothing."""
    if old == new:
        return None
    if isinstance(new, Event | Wish) or isinstance(old, Event | Wish):
        return _step_left(old, new)
    if isinstance(old, Values) and isinstance(new, Values):
        return _values_left(old, new, single)
    if isinstance(old, Range) and isinstance(new, Range) and old.column == new.column:
        return None if _displaces(old, new) else old
    if isinstance(old, Range | Lean) and isinstance(new, Lean) and old.column == new.column:
        return old if isinstance(old, Range) else None
    if isinstance(old, Items) and isinstance(new, Items):
        return _items_left(old, new)
    if isinstance(old, Soft) and isinstance(new, Soft) and old.text.casefold() == new.text.casefold():
        return None
    return old


def _step_left(old: Kept, new: Kept) -> Kept | None:
    """An old piece or step beside a new one, of which one is a step: remarks know what contradicts what."""
    one, two = _as_step(old), _as_step(new)
    if one is None or two is None:
        return old
    return None if contradict(one, two) or same(one, two) else old


def _as_step(kept: Kept) -> Step | None:
    if isinstance(kept, Event | Wish):
        return kept
    return Must(piece=kept) if isinstance(kept, Values | Range) else None


def _values_left(old: Values, new: Values, single: frozenset[str]) -> Kept | None:
    if old.wanted and new.wanted and not old.both and not new.both:
        columns = {column for column, _ in old.pairs} | {column for column, _ in new.pairs}
        replaced = len(columns) == 1 and columns <= single
        return None if replaced or set(old.pairs) == set(new.pairs) else old
    if old.wanted == new.wanted or old.both or new.both:
        return old
    left = tuple(pair for pair in old.pairs if pair not in set(new.pairs))
    return old if left == old.pairs else (old.model_copy(update={"pairs": left}) if left else None)


def _displaces(old: Range, new: Range) -> bool:
    """Whether a range says the same side anew, or leaves nothing of the old one."""
    if old.unwanted or new.unwanted:
        return False
    same = (new.low is not None and old.low is not None) or (new.high is not None and old.high is not None)
    low, high = _most(old.low, new.low), _least(old.high, new.high)
    return same or (low is not None and high is not None and low >= high)


def _most(one: float | None, two: float | None) -> float | None:
    known = [value for value in (one, two) if value is not None]
    return max(known) if known else None


def _least(one: float | None, two: float | None) -> float | None:
    known = [value for value in (one, two) if value is not None]
    return min(known) if known else None


def _items_left(old: Items, new: Items) -> Kept | None:
    kept = [place for place, item in enumerate(old.items) if item not in set(new.items)]
    if len(kept) == len(old.items):
        return old
    titles = old.titles if len(old.titles) == len(old.items) else ()
    changed = {"items": tuple(old.items[p] for p in kept), "titles": tuple(titles[p] for p in kept if titles)}
    return old.model_copy(update=changed) if kept else None


def columns_of(piece: Kept) -> set[str]:
    """The columns that a piece limits."""
    if isinstance(piece, Range):
        return {piece.column}
    return {column for column, _ in piece.pairs} if isinstance(piece, Values) else set()


def is_wanted(piece: Kept) -> bool:
    """Whether a piece limits by what is wanted, not by what is not."""
    return (isinstance(piece, Values) and piece.wanted) or (isinstance(piece, Range) and not piece.unwanted)
