"""Remarks one after the other: each is read, joined to those before, and what contradicts it no longer counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from llm4rec.core.languages import language_of
from llm4rec.core.texts import MOST, cleaned, tokens
from llm4rec.writers.asking.grammar import is_description, unhyphened
from llm4rec.writers.asking.limits import apart
from llm4rec.writers.asking.readings import Range, Values
from llm4rec.writers.asking.told import note as told_note
from llm4rec.writers.remarks.bare import Bare
from llm4rec.writers.remarks.clauses import Setting
from llm4rec.writers.remarks.feelings import Feelings
from llm4rec.writers.remarks.plain import plainly
from llm4rec.writers.remarks.scan import Spoken
from llm4rec.writers.remarks.spelling import righted
from llm4rec.writers.remarks.stance import Stance
from llm4rec.writers.remarks.steps import Event, Must, Remarks, Said, Step, Wish
from llm4rec.writers.remarks.told import line, note


def remarked(text: str, setting: Setting, so_far: Remarks | None = None) -> Remarks:
    """All remarks so far and this one. Never fails: what cannot be read is said in the notes, kindly.

    `setting` is what the remark is read against; items that were spoken of last are taken from `so_far`. A later remark
    wins over an earlier one that says otherwise. The same text gives the same reading.
    """
    before = so_far or Remarks()
    clean, done = cleaned(text)
    language = language_of(clean)
    parts, read_as = righted(unhyphened(tokens(clean)), setting.lexicon)
    parts = plainly(parts, setting.lexicon)
    told = is_description(parts)
    # A head learnt from reviews: what it says of "shorter please" means nothing.
    listener = Bare(setting if told else replace(setting, feelings=Feelings()), parts, clean, language)
    notes = [told_note(language, key, most=MOST, length=len(text)) for key in done]
    notes += [told_note(language, "misspelt", word=word, values=meant) for word, meant in read_as]
    steps: list[Step] = []
    if told:
        notes.append(note(language, "long"))
        steps = listener.felt()
    elif parts:
        marks = Spoken(setting.lexicon, parts, setting.this_year, setting.shown).marked()
        steps = listener.heard(Stance(parts, language, listener.share).plain(marks))
    notes += listener.notes
    said = Said(text=clean, language=language)
    after = before.model_copy(
        update={
            "said": (*before.said, said),
            "about": tuple(setting.lexicon.ids[n] for n in listener.about) or before.about,
        }
    )
    if listener.order == "restart" and not before.steps and setting.shown:
        listener.order, steps = "", steps or listener.passed()
    after, changed = ordered(after, listener.order, language) if listener.order else joined(after, steps)
    notes += changed
    if not notes and not steps and not listener.order:
        notes.append(note(language, "unclear" if parts else "empty"))
    return after.model_copy(
        update={"said": (*before.said, said.model_copy(update={"notes": tuple(dict.fromkeys(notes))}))}
    )


def ordered(remarks: Remarks, order: str, language: str) -> tuple[Remarks, list[str]]:
    """The remarks after "start over" or "undo", and what is said of it."""
    if not remarks.steps:
        return remarks, [note(language, "nothing_to_undo")]
    if order == "restart":
        return remarks.model_copy(update={"steps": (), "about": ()}), [note(language, "restarted")]
    last = max(step.said for step in remarks.steps)
    kept = tuple(step for step in remarks.steps if step.said != last)
    return remarks.model_copy(update={"steps": kept}), [note(language, "undone")]


def joined(remarks: Remarks, steps: Sequence[Step]) -> tuple[Remarks, list[str]]:
    """The remarks with further steps of the last one, ids given; steps that they contradict go, and that is said."""
    kept, notes, given = list(remarks.steps), [], remarks.given
    language = remarks.language
    for step in steps:
        given += 1
        new = step.model_copy(update={"id": given, "said": len(remarks.said) - 1})
        against = [old for old in kept if contradict(old, new)]
        notes += [note(language, "instead", old=line(old, language)) for old in against]
        kept = [old for old in kept if old not in against and not same(old, new)]
        kept.append(new)
    return remarks.model_copy(update={"steps": tuple(kept), "given": given}), notes


def same(one: Step, other: Step) -> bool:
    """Whether two steps say the same."""
    bare = {"id": 0, "said": 0, "start": 0, "end": 0}
    one, other = one.model_copy(update=bare), other.model_copy(update=bare)
    if isinstance(one, Must) and isinstance(other, Must):
        place = {"start": 0, "end": 0}
        return one.piece.model_copy(update=place) == other.piece.model_copy(update=place)
    return one == other


def contradict(old: Step, new: Step) -> bool:
    """Whether both cannot be meant."""
    if isinstance(old, Event) and isinstance(new, Event):
        felt = {"liked", "disliked"}
        return bool(set(old.items) & set(new.items)) and {old.what, new.what} == felt
    if isinstance(old, Must) and isinstance(new, Must) and isinstance(old.piece, Range):
        one, two = old.piece, new.piece
        return isinstance(two, Range) and one.column == two.column and apart(one, two)
    if isinstance(old, Wish) and isinstance(new, Wish) and old.more != new.more:
        named = bool(old.items) and old.items == new.items
        number = bool(old.column) and old.column == new.column
        worded = bool(old.text) and old.text.casefold() == new.text.casefold()
        return named or number or worded or (bool(old.pairs) and old.pairs == new.pairs)
    wants = (_wanted(old), _wanted(new))
    return bool(wants[0][0] & wants[1][1] or wants[0][1] & wants[1][0])


def _wanted(step: Step) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """The values that a step wants, and those that it does not, where it says so of whole values."""
    if isinstance(step, Must) and isinstance(step.piece, Values) and not step.piece.both:
        pairs = set(step.piece.pairs)
        return (pairs, set()) if step.piece.wanted else (set(), pairs)
    if isinstance(step, Wish) and len(step.pairs) == 1 and not step.against:
        return (set(step.pairs), set()) if step.more else (set(), set(step.pairs))
    return set(), set()
