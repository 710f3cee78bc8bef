"""From an engine to a student's: what is asked, what is kept after a kill, what comes out, what is refused."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from llm4rec.core import (
    ComponentError,
    DataError,
    FolderError,
    Holdout,
    NotFoundError,
    Request,
    SettingsError,
)
from llm4rec.engine import Engine, asking, distilling
from llm4rec.engine.asking import Questions
from llm4rec.engine.distilling import Classroom, DistilConfig, distil, distil_folder
from llm4rec.engine.settings import EncoderSettings, FitSettings, Settings
from llm4rec.engine.unseen import unseen
from llm4rec.testing import checkerboard, in_a_row

QUICK = {"student": "transition", "options": {"embedding_size": 8, "epochs": 10}}
PLAIN = Settings(encoder=EncoderSettings(name="none"), fit=FitSettings(tune=False))


def engine(model="transition", data=None):
    return Engine(PLAIN, model=model).fit(data or in_a_row())


@pytest.fixture
def teacher(tmp_path):
    return engine().save(tmp_path / "teacher")


def test_the_student_answers_as_its_teacher_and_is_an_engine(teacher, tmp_path):
    made = distil_folder(teacher, tmp_path / "student", QUICK)
    student = Engine.load(tmp_path / "student")
    assert student.fitted.name == "student.transition"
    for asked in (["item-3", "item-4"], ["item-7"]):
        wanted = Engine.load(teacher).recommend(history=asked, n=1)
        assert student.recommend(history=asked, n=1).items == wanted.items
    assert made.report["figures"]["agreement@10"] > 0.9
    assert made.report["figures"]["ndcg@10"] is None
    assert any("NDCG@10 of both is not known" in note for note in student.fitted.notes)
    assert student.model.config.checkpoint == ""
    assert student.recommend(user="user-0", n=2).items


def test_it_serves_without_torch_or_an_encoder(teacher, tmp_path):
    forms = ("transition", "sequence", "two-tower")
    for form in forms:
        distil_folder(teacher, tmp_path / form, QUICK | {"student": form})
    blended = engine("sequence").save(tmp_path / "blended")
    distil_folder(blended, tmp_path / "blend", {"student": "blend"})
    script = (
        "import sys, json; from llm4rec.engine import Engine\n"
        "for folder in sys.argv[1:]: Engine.load(folder).recommend(history=['item-3'], n=2)\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    folders = [str(tmp_path / form) for form in (*forms, "blend")]
    done = subprocess.run(
        [sys.executable, "-c", script, *folders], capture_output=True, text=True, check=True
    )
    heavy = {"torch", "transformers", "sentence_transformers", "numba", "lightgbm", "faiss"}
    assert not heavy & set(json.loads(done.stdout))


def test_all_students_are_tried_and_the_one_nearest_to_the_teacher_is_kept(tmp_path):
    config = DistilConfig(trial=10, options={"embedding_size": 8, "epochs": 8})
    made = distil(engine(), tmp_path / "kept", config)
    figures = made.report["trial"]["students"]
    assert set(figures) == {"blend", "transition", "sequence", "two-tower"}
    assert made.report["trial"]["lists"] == 10
    best = max(figures, key=lambda form: figures[form]["agreement@10"])
    assert made.report["student"] == best
    assert made.engine.fitted.name == f"student.{best}"
    assert any(
        f"{best} was chosen: its lists are nearest to the teacher's (blend 1" in n
        for n in made.report["notes"]
    )
    own = config.model_copy(update={"student": best, "options": {}})
    alone = distil(engine(), tmp_path / "kept", own)
    requests = [Request(in_a_row().history(user)) for user in range(6)]
    np.testing.assert_array_equal(made.engine.score(requests), alone.engine.score(requests), "taught by all")


def test_a_student_that_answers_surely_better_is_chosen_and_says_why(tmp_path):
    data = in_a_row()
    requests = [Request(data.history(user), user=user) for user in range(12)]
    behind = [np.array([(user + 8) % 12]) for user in range(12)]
    test = distilling._test_of(engine().fitted, DistilConfig(), Classroom(holdout=Holdout(requests, behind)))
    near, right = engine().model, engine("popular").model
    right.score = lambda some: np.stack(
        [np.arange(12) == (int(r.history.items[0]) + 8) % 12 for r in some]
    ).astype(np.float32)
    students = {"blend": near, "transition": right}
    chosen, why = test.best(students, {form: test.figures(student) for form, student in students.items()})
    assert chosen == "transition"
    assert "surely answers more of the questions than blend" in why[0]


def test_a_student_that_cannot_be_made_of_the_teacher_is_not_tried_and_said_so(tmp_path):
    teacher = engine("popular")
    made = distil(teacher, tmp_path / "kept", DistilConfig(options=QUICK["options"]))
    assert set(made.report["trial"]["students"]) == {"transition", "sequence", "two-tower"}
    (told,) = [note for note in made.report["notes"] if "not tried" in note]
    assert "the blend student was not tried" in told
    assert "'popular' has no light version" in told
    with pytest.raises(ComponentError, match="take another student"):
        distil(teacher, tmp_path / "kept", DistilConfig(student="blend"))


@pytest.mark.parametrize("fit", [{}, {"user_events": 3}], ids=["all", "three events a user"])
def test_a_blend_answers_as_the_ensemble_it_is_made_of(fit, tmp_path):
    settings = Settings(encoder=EncoderSettings(name="none"), fit=FitSettings(tune=False, **fit))
    settings = settings.with_model("ensemble", {"inputs": ["transition", "ease"], "tune": False})
    folder = Engine(settings, model="ensemble").fit(in_a_row()).save(tmp_path / "teacher")
    made = distil_folder(folder, tmp_path / "student", {"student": "blend"})
    assert made.report["figures"]["agreement@10"] == 1.0
    student = Engine.load(tmp_path / "student")
    assert student.settings.models == {"student.blend": student.model.config.model_dump(mode="json")}
    for asked in (["item-3", "item-4"], ["item-7"]):
        wanted = Engine.load(folder).recommend(history=asked, n=3)
        assert student.recommend(history=asked, n=3).items == wanted.items
    assert any("parts weighed by" in note for note in student.fitted.notes)
    grown = student.add_items([{"item_id": "new", "title": "stop 3"}])
    assert "new" in grown.recommend(history=["item-2"], n=12).items


def test_questions_that_neither_has_seen_measure_both(tmp_path):
    data = in_a_row()
    requests = [Request(data.history(user), user=user) for user in range(12)]
    truth = [np.array([(user + 6) % 12]) for user in range(12)]
    made = distil(
        engine(), tmp_path / "kept", DistilConfig(**QUICK), Classroom(holdout=Holdout(requests, truth))
    )
    assert made.report["teacher"]["ndcg@10"] > 0.9
    assert made.report["figures"]["share"] == pytest.approx(
        made.report["figures"]["ndcg@10"] / made.report["teacher"]["ndcg@10"]
    )
    assert made.report["unseen_questions"] == 12


def test_every_place_every_end_and_every_item_is_asked_but_not_of_those_left_out():
    data = in_a_row(size=12, users=4)
    asked = Questions.of(data, 1_000, np.array([1]), np.random.default_rng(0))
    told = asked.unanswered(window=3)
    ends = [row for row in range(len(asked.places)) if asked.places.following[row] == -1]
    assert asked.places.users[ends].tolist() == [0, 2, 3]
    assert len(asked.places) == 4 * 5 + 3
    assert told.items[told.bounds[0] : told.bounds[1]].tolist() == [0]
    assert told.following[:2].tolist() == [1, 2]
    assert told.items[told.bounds[4] : told.bounds[5]].tolist() == [2, 3, 4], "the latest three"
    assert sorted(told.items[told.bounds[len(asked.places)] :].tolist()) == sorted(
        set(data.interactions.items.tolist())
    )
    few = Questions.of(data, 15, np.array([1]), np.random.default_rng(0))
    assert len(few) == 15
    whole = [request.history.items.tolist() for request in asked.requests(0, 2, 5)]
    assert whole == [[0], [0, 1]]


def test_a_kill_while_asking_keeps_what_was_answered(teacher, tmp_path, monkeypatch):
    monkeypatch.setattr(asking, "CHUNK", 50)
    whole = distil_folder(teacher, tmp_path / "whole", QUICK).engine
    calls, lists = [], asking._lists

    def counted(*given):
        calls.append(len(calls))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return lists(*given)

    monkeypatch.setattr(asking, "_lists", counted)
    with pytest.raises(KeyboardInterrupt):
        distil_folder(teacher, tmp_path / "student", QUICK)
    assert not (tmp_path / "student").exists()
    made = distil_folder(teacher, tmp_path / "student", QUICK)
    chunks = -(-made.report["asked"] // 50)
    assert len(calls) == chunks + 1, "two chunks were kept, the one that died was asked again"
    assert not (tmp_path / ".student.distil").exists(), "what was kept is no longer needed"
    requests = [Request(in_a_row().history(user)) for user in range(6)]
    np.testing.assert_array_equal(made.engine.score(requests), whole.score(requests))


def test_another_teacher_is_not_answered_for(tmp_path, monkeypatch):
    calls, lists = [], asking._lists
    monkeypatch.setattr(asking, "_lists", lambda *given: calls.append(1) or lists(*given))
    for model in ("transition", "ease", "ease"):
        distil(engine(model), tmp_path / "kept", DistilConfig(**QUICK))
    assert len(calls) == 2


def test_a_damaged_answer_is_named_and_earlier_work_is_kept(tmp_path):
    kept = tmp_path / "kept"
    distil(engine(), kept, DistilConfig(**QUICK))
    files = sorted(kept.iterdir())
    (answers,) = [file for file in files if file.name.startswith("answers")]
    answers.write_bytes(answers.read_bytes()[:-7])
    with pytest.raises(FolderError, match=rf"{answers.name} is damaged.*delete it"):
        distil(engine(), kept, DistilConfig(**QUICK))
    assert sorted(kept.iterdir()) == files


@pytest.mark.parametrize("name", ["content", "interest"])
def test_a_teacher_of_texts_alone_is_refused(name, tmp_path):
    fitted = engine()
    fitted._fitted = replace(fitted.fitted, name=name)
    with pytest.raises(SettingsError, match="only what texts say"):
        distil(fitted, tmp_path / "kept", DistilConfig(**QUICK))


def test_what_cannot_be_done_is_said_before_the_work(teacher, tmp_path, monkeypatch):
    monkeypatch.setattr(distilling, "asked", None)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    for output, options, error, words in (
        ("mine", QUICK, FolderError, "not an engine folder"),
        ("new", {"student": "giant"}, SettingsError, "student"),
        ("new", {"options": {"epoch": 3}}, SettingsError, "no student has.*did you mean 'epochs'"),
        ("new", QUICK | {"options": {"lessons": 3}}, SettingsError, "'lessons'"),
    ):
        with pytest.raises(error, match=words):
            distil_folder(teacher, tmp_path / output, options)
    with pytest.raises(NotFoundError):
        distil_folder(tmp_path / "nowhere", tmp_path / "new", QUICK)


def test_the_student_takes_new_items(teacher, tmp_path):
    distil_folder(teacher, tmp_path / "student", QUICK)
    student = Engine.load(tmp_path / "student").add_items([{"item_id": "new", "title": "stop 3"}])
    assert len(student.catalog) == 13
    assert "new" in student.recommend(history=["item-2"], n=12).items


def test_unseen_questions_are_the_first_new_thing_of_people_known():
    data = checkerboard(8)
    last = data.offsets[1:] - 1
    keep = np.ones(len(data.interactions), dtype=bool)
    keep[last[:3]] = False
    found = unseen(data.only(keep), data)
    assert [request.user for request in found.requests] == [0, 1, 2]
    assert [t.tolist() for t in found.targets] == [[data.interactions.items[e]] for e in last[:3]]
    with pytest.raises(DataError, match="nothing that people known"):
        unseen(data, data)
    keep = np.ones(len(data.interactions), dtype=bool)
    keep[data.offsets[0]] = False
    with pytest.raises(DataError, match="nothing that people known"):
        unseen(data.only(keep), data)  # what was left out is older than what is known
