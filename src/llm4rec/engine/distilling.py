"""From an engine to one light enough to serve: ask the teacher, teach students, measure both, keep the best student."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveInt

from llm4rec.core import (
    Answers,
    ComponentError,
    Config,
    DataError,
    Distils,
    Floats,
    Holdout,
    Inherits,
    Model,
    Numbers,
    Places,
    Progress,
    Request,
    SettingsError,
    gains,
    masked,
    silent,
    suggest,
    surely_better,
    top_k,
)
from llm4rec.engine.asking import Questions, asked
from llm4rec.engine.build import build_model
from llm4rec.engine.engine import Engine
from llm4rec.engine.fitted import Fitted
from llm4rec.engine.folder import MANIFEST, digest, refuse_foreign
from llm4rec.engine.registry import component
from llm4rec.engine.shield import Shield

STUDENTS = ("blend", "transition", "sequence", "two-tower")
ALONE = ("content", "interest", "prompted")  # teachers that know nothing but what texts say
LIST = 10  # items of a list that is compared
ROWS = 256
SURELY = 2.0  # standard errors


class DistilConfig(Config):
    """What is asked of the teacher and who learns; `options` are settings of the student by name."""

    student: Literal["auto", "blend", "transition", "sequence", "two-tower"] = Field(
        "auto", description="which student; auto: the best of all on held-out histories"
    )
    depth: PositiveInt = Field(100, description="items of each of the teacher's lists")
    questions: PositiveInt = Field(200_000, description="histories that the teacher is asked, at most")
    trial: PositiveInt = Field(20_000, description="lists that each student learns from before one is chosen")
    held: PositiveInt = Field(1_000, description="people whose lists are kept for comparing, at most")
    seed: NonNegativeInt = Field(0, description="of everything random")
    options: dict[str, Any] = Field({}, description="settings of the student, such as epochs")

    @property
    def forms(self) -> tuple[str, ...]:
        """The students that learn."""
        return STUDENTS if self.student == "auto" else (self.student,)


@dataclass(frozen=True)
class Distilled:
    """The student as an engine, and what happened in plain values."""

    engine: Engine
    report: Mapping[str, Any]


@dataclass(frozen=True)
class Classroom:
    """What distilling is given from outside: questions neither has seen, where it computes, who watches.

    `sign` tells teachers of like settings apart, where lists are kept for a later run.
    """

    holdout: Holdout | None = None
    device: str = "cpu"
    progress: Progress = silent
    sign: str = ""


def distil_folder(
    teacher: Path, output: Path, options: Mapping[str, object], room: Classroom | None = None
) -> Distilled:
    """`distil` of a saved engine into the folder `output`. An engine folder of that name is replaced, another refused.

    What is done is kept in a folder beside `output` until the student is written, so that the same command goes on
    after a kill, to the same student.
    """
    config = DistilConfig.of(options, "distil")
    refuse_foreign(output)
    engine = Engine.load(teacher)
    kept = output.absolute().with_name(f".{output.absolute().name}.distil")
    made = distil(engine, kept, config, replace(room or Classroom(), sign=digest(teacher / MANIFEST)))
    made.engine.save(output)
    shutil.rmtree(kept, ignore_errors=True)
    return made


def distil(
    teacher: Engine, kept: Path, config: DistilConfig | None = None, room: Classroom | None = None
) -> Distilled:
    """A student of a fitted engine; lists and checkpoints are kept in the folder `kept`.

    The teacher is asked about the histories it was fitted on, cut at any place, and about each item by itself. Some people's
    present histories are left out: on these the lists of both are compared, which needs no truth. With a holdout, NDCG@10 of
    both is taken on it, and decides between students; the teacher must not have seen its answers.
    SettingsError where the teacher knows texts alone: an ensemble is to be distilled.
    """
    config, room = config or DistilConfig(), room or Classroom()
    fitted = teacher.fitted
    _worth_it(fitted)
    test = _test_of(fitted, config, room)
    rng = np.random.default_rng([config.seed, 1])
    questions = Questions.of(fitted.dataset, config.questions, test.people, rng)
    if not len(questions):
        raise DataError(
            "the engine has seen no event that speaks for an item: there is nothing to ask it about"
        )
    models, untried = _students(teacher, config, kept)
    window = max(getattr(model.config, "window", 1) for model in models.values())
    sign = f"{fitted.version} {room.sign}"
    answers = asked(fitted, questions, config.depth, window, (kept, sign), room.progress)
    some = _trial(answers, config, len(models))
    taught = {form: _taught(model, teacher, some, config, room) for form, model in models.items()}
    figures = {form: test.figures(student) for form, student in taught.items()}
    best, why = test.best(taught, figures)
    student = taught[best]
    if len(some) < len(answers):
        student = _taught(_student(teacher, best, config, kept), teacher, answers, config, room)
    final = test.figures(student)
    notes = (*_sentences(fitted, test, best, final), *why, *untried)
    engine = _engine(teacher, best, student, notes)
    told = {"name": fitted.name, "version": fitted.version, "ndcg@10": test.figure}
    report = {
        "teacher": told,
        "student": best,
        "asked": len(questions),
        "compared": len(test.lists),
        "unseen_questions": len(test.questions),
        "figures": final,
        "trial": {"lists": len(some), "students": figures},
        "notes": list(engine.fitted.notes),
        "config": config.model_dump(mode="json"),
    }
    return Distilled(engine, report)


def _worth_it(teacher: Fitted) -> None:
    if teacher.name in ALONE:
        raise SettingsError(
            f"{teacher.name!r} knows only what texts say; distil an engine that has learnt from behaviour too, such as "
            "hybrid, ensemble or sequence"
        )


def _students(teacher: Engine, config: DistilConfig, kept: Path) -> tuple[dict[str, Model], tuple[str, ...]]:
    """Students by form, before their lessons. Where all are tried, one that cannot be made of this teacher is left out, and
    a sentence says why.
    """
    students: dict[str, Model] = {}
    untried = []
    for form in config.forms:
        try:
            students[form] = _student(teacher, form, config, kept)
        except ComponentError as error:
            if config.student != "auto":
                raise
            untried.append(f"the {form} student was not tried: {error}")
    return students, tuple(untried)


def _student(teacher: Engine, form: str, config: DistilConfig, kept: Path) -> Model:
    """One student before its lessons, with what it takes over from the teacher."""
    model = _unfitted(form, config, kept)
    if isinstance(model, Inherits):
        return model.inheriting(teacher.fitted.model, teacher.fitted.name)
    return model


def _unfitted(form: str, config: DistilConfig, kept: Path) -> Model:
    """A student with its options; where all are taught, each has those that it knows."""
    name = f"student.{form}"
    known = component("model", name).config_type.model_fields
    options = config.options
    if config.student == "auto":
        _known_to_some(options)
        options = {key: value for key, value in options.items() if key in known}
    return build_model(name, options | ({"checkpoint": str(kept)} if "checkpoint" in known else {}))


def _known_to_some(options: Mapping[str, Any]) -> None:
    """SettingsError names an option that no student has."""
    some = {key for one in STUDENTS for key in component("model", f"student.{one}").config_type.model_fields}
    for key in options:
        if key not in some:
            raise SettingsError(f"no student has a setting {key!r}{suggest(key, some)}")


def _trial(answers: Answers, config: DistilConfig, students: int) -> Answers:
    """What each student learns from at first: everything where there is no choice or little to learn from."""
    if students < 2 or len(answers) <= 2 * config.trial:
        return answers
    rng = np.random.default_rng([config.seed, 3])
    return answers.take(np.sort(rng.choice(len(answers), config.trial, replace=False)))


def _taught(model: Model, teacher: Engine, answers: Answers, config: DistilConfig, room: Classroom) -> Model:
    """The student after its lessons."""
    assert isinstance(model, Distils)
    context = replace(
        teacher.fitted.context(teacher.settings, room.progress),
        rng=np.random.default_rng([config.seed, 2]),
        device=room.device,
    )
    seen = Shield.of(teacher.settings.fit).data(teacher.fitted.dataset)
    taught: Model = model.distil(seen, context, answers)
    return taught


def _engine(teacher: Engine, form: str, student: Model, notes: tuple[str, ...]) -> Engine:
    """The student in the teacher's place: same data, fallback and settings; what only the teacher needs is left out."""
    name = f"student.{form}"
    clean = student.config
    if "checkpoint" in type(clean).model_fields:
        clean = clean.model_copy(update={"checkpoint": ""})
        student.config = clean  # type: ignore[misc]
    settings = teacher.settings.model_copy(update={"models": {}})
    settings = settings.with_model(name, clean.model_dump(mode="json"))
    engine = Engine(settings)
    told = (*notes, *getattr(student, "notes_", ()))
    engine._fitted = teacher.fitted.with_changes(
        settings, model=student, name=name, notes=told, words=None, people=None, index=None
    )
    return engine


@dataclass(frozen=True, eq=False)
class Test:
    """Histories whose lists no student has seen: the teacher's lists of them, and questions with answers, if any."""

    requests: Sequence[Request]
    lists: Numbers
    questions: Holdout
    people: Numbers
    figure: float | None = None

    def figures(self, student: Model) -> dict[str, float | None]:
        """Share of the teacher's first ten that the student shows too; NDCG@10, and its share of the teacher's."""
        own = [top_k(masked(_scored(student, some), some), LIST) for some in _chunks(self.requests)]
        own_lists = np.concatenate(own) if own else self.lists[:0]
        both = [
            len(np.intersect1d(a[a >= 0], b[b >= 0])) / max(int((b >= 0).sum()), 1)
            for a, b in zip(own_lists, self.lists, strict=True)
        ]
        found = _ndcg(student, self.questions)
        share = found / self.figure if found is not None and self.figure else None
        return {
            "agreement@10": float(np.mean(both)) if both else 0.0,
            "ndcg@10": found,
            "share": share,
        }

    def best(
        self, students: Mapping[str, Model], figures: Mapping[str, Mapping[str, float | None]]
    ) -> tuple[str, tuple[str, ...]]:
        """The one nearest to the teacher's lists, unless another surely answers the questions better; and why, in a sentence
        where there is a choice.

        Questions are few and their answers chance; lists are many and are not.
        """
        near = {form: figures[form]["agreement@10"] or 0.0 for form in students}
        chosen = nearest = max(near, key=lambda form: near[form])
        if len(near) < 2:
            return chosen, ()
        found = {form: _gains(student, self.questions) for form, student in students.items()}
        for form in students if len(self.questions) else ():
            if surely_better(found[form], found[chosen], SURELY):
                chosen = form
        all_of_them = ", ".join(f"{form} {share:.0%}" for form, share in near.items())
        if chosen == nearest:
            return chosen, (f"{chosen} was chosen: its lists are nearest to the teacher's ({all_of_them})",)
        why = f"surely answers more of the questions than {nearest}, whose lists are nearest to the teacher's"
        return chosen, (f"{chosen} was chosen: it {why} ({all_of_them})",)


def _test_of(teacher: Fitted, config: DistilConfig, room: Classroom) -> Test:
    """What both are compared on: people of the holdout, or people drawn."""
    rng = np.random.default_rng([config.seed, 0])
    if room.holdout is not None and len(room.holdout):
        questions = room.holdout.sample(config.held, rng)
        requests: Sequence[Request] = questions.requests
        people = np.unique([r.user for r in requests if r.user >= 0]).astype(np.int64)
    else:
        questions = Holdout([], [])
        places = Places.before_events(teacher.dataset)
        users = np.unique(places.users)
        people = np.sort(rng.choice(users, min(config.held, len(users) // 5), replace=False))
        ends = Places.at_the_end(teacher.dataset, people)
        requests = [ends.request(row) for row in range(len(ends))]
    model = teacher.model
    lists = [top_k(masked(_scored(model, some), some), LIST) for some in _chunks(requests)]
    figure = _ndcg(model, questions)
    none = np.zeros((0, LIST), np.int64)
    return Test(requests, np.concatenate([none, *lists]), questions, people, figure)


def _chunks(requests: Sequence[Request]) -> list[Sequence[Request]]:
    return [requests[at : at + ROWS] for at in range(0, len(requests), ROWS)]


def _scored(model: Model, requests: Sequence[Request]) -> Floats:
    return np.array(model.score(requests), dtype=np.float32)


def _ndcg(model: Model, questions: Holdout) -> float | None:
    """Mean NDCG@10; None without questions."""
    return float(_gains(model, questions).mean()) if len(questions) else None


def _gains(model: Model, questions: Holdout) -> Floats:
    """NDCG@10 of each question."""
    found = [np.zeros(0, np.float32)]
    for at in range(0, len(questions), ROWS):
        requests = questions.requests[at : at + ROWS]
        scores = masked(_scored(model, requests), requests)
        found.append(gains(scores, questions.targets[at : at + ROWS], LIST))
    return np.concatenate(found)


def _sentences(
    teacher: Fitted, test: Test, form: str, figures: Mapping[str, float | None]
) -> tuple[str, ...]:
    """What was learnt from whom, and how well, in sentences."""
    agreed = figures["agreement@10"]
    first = (
        f"a {form} student of {teacher.name} ({teacher.version}): {agreed:.0%} of the teacher's first {LIST} on "
        f"{len(test.lists)} histories whose lists it had not seen"
    )
    if figures["share"] is None:
        return (first, "NDCG@10 of both is not known: there were no questions that the teacher had not seen")
    second = (
        f"NDCG@10 {figures['ndcg@10']:.4f} on {len(test.questions)} questions neither had seen, "
        f"{figures['share']:.1%} of the teacher's {test.figure:.4f}"
    )
    return (first, second)
