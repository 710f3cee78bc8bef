"""One lesson of a student: from answers to what is served. Knows nothing of scoring requests, and loads torch late."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from llm4rec.core import Answers, Dataset, FitContext, Floats, Numbers
from llm4rec.models.student_lessons import Lessons, Start
from llm4rec.models.student_memory import Memory
from llm4rec.models.student_newcomers import Likeness
from llm4rec.models.student_reading import Reader

if TYPE_CHECKING:
    from llm4rec.models.student import Form, StudentConfig

NOTHING = "nobody has two positive events: nothing to learn from, items stand where their content puts them"


@dataclass(frozen=True, eq=False)
class Learnt:
    """What is left of a lesson: all that serving needs."""

    reader: Reader
    vectors: Floats
    memory: Memory
    notes: tuple[str, ...]


def learn(
    form: Form, config: StudentConfig, dataset: Dataset, context: FitContext, answers: Answers
) -> Learnt:
    """Train a student of a form on the answers; what neither data nor lists name is placed by its content."""
    from llm4rec.models.student_checkpoint_net import keeper
    from llm4rec.models.student_training_net import Course, train

    size = len(dataset.catalog)
    lessons = Lessons.of(answers, config)
    start = Start.of(lessons, size, config)
    course = Course.begin(form, config, start, seed_of(context.rng), context.device)
    if len(lessons):
        train(course, lessons, keeper(config, course, lessons), context.progress)
    learnt = Learnt(*course.served(start.near), notes=() if len(lessons) else (NOTHING,))
    touched = np.zeros(size, dtype=bool)
    touched[answers.items] = True
    touched[answers.lists[answers.lists >= 0]] = True
    touched[answers.following[answers.following >= 0]] = True
    return placed(learnt, dataset, context, touched)


def placed(learnt: Learnt, dataset: Dataset, context: FitContext, touched: np.ndarray) -> Learnt:
    """Items that nothing was learnt of moved to where items of such content are."""
    known, cold = np.flatnonzero(touched), np.flatnonzero(~touched)
    if not len(known) or not len(cold):
        return learnt
    alike = Likeness.of(dataset.catalog, context, known, cold)
    reader = replace(learnt.reader, inputs=_moved(learnt.reader.inputs, known, cold, alike))
    memory = learnt.memory.spoken_for(cold, alike.nearest()) if learnt.memory.width else learnt.memory
    note = f"{len(cold)} items stand in no history and on no list: they are placed by their content"
    vectors = _moved(learnt.vectors, known, cold, alike)
    return Learnt(reader, vectors, memory, (*learnt.notes, note))


def _moved(rows: Floats, known: Numbers, cold: Numbers, alike: Likeness) -> Floats:
    moved = rows.copy()
    moved[cold] = alike.predicted(rows[known])
    return moved


def seed_of(rng: np.random.Generator) -> int:
    """A seed that belongs to the generator, not to how often it was used."""
    sequence: Any = rng.bit_generator.seed_seq
    return int(sequence.generate_state(1)[0])
