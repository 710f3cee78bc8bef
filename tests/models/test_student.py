"""Students that learn by themselves: they follow the teacher where it is to be trusted, the data where it is not, and serve without torch."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from llm4rec.core import Answers, ComponentError, FolderError, Places, Request, SettingsError
from llm4rec.models import student_checkpoint_net as checkpoints
from llm4rec.models.student import RememberingConfig, SequenceStudent, TransitionStudent, TwoTowerStudent
from llm4rec.models.student_lessons import Lessons, gates, softened
from llm4rec.models.student_memory import Memory
from llm4rec.models.student_training_net import Course, batch_of
from llm4rec.testing import asking, best, context, fitted, in_a_row, shelf

STUDENTS = [TransitionStudent, SequenceStudent, TwoTowerStudent]
SMALL = {"embedding_size": 8, "epochs": 12}


def made(kind, **options):
    return kind(kind.config_type(**(SMALL | options)))


def taught_by(rows, size=4):
    """Answers to histories: (history, list best first, what followed or -1)."""
    items = np.concatenate([np.array(history) for history, _, _ in rows])
    bounds = np.cumsum([0, *(len(history) for history, _, _ in rows)])
    lists = np.full((len(rows), size - 1), -1)
    for row, (_, wanted, _) in enumerate(rows):
        lists[row, : len(wanted)] = wanted
    scores = np.tile(np.arange(size - 1, 0, -1.0, dtype=np.float32), (len(rows), 1))
    return Answers(items, bounds, lists, scores, np.array([after for _, _, after in rows]))


@pytest.mark.parametrize("kind", STUDENTS)
def test_what_comes_next_is_learnt_from_the_data_alone(kind):
    model = fitted(made(kind), in_a_row())
    assert [best(model, asking(n, n + 1)) for n in range(4)] == [2, 3, 4, 5]


@pytest.mark.parametrize("kind", STUDENTS)
def test_the_teacher_outweighs_what_was_taken_as_far_as_it_is_trusted(kind):
    answers = taught_by([([0], [3, 2, 1], 1), ([1], [2, 3, 0], 0)] * 20)
    said = [
        best(made(kind, soft=soft, floor=1.0).distil(shelf(), context(), answers), asking(0))
        for soft in (1.0, 0.0)
    ]
    assert said == [3, 1]


def test_a_teacher_that_never_knew_weighs_nothing_when_the_floor_is_zero():
    answers = taught_by([([0], [3, 2], 1), ([1], [3, 2], 0)] * 20)
    shut, open_ = (
        made(TransitionStudent, soft=0.9, floor=floor).distil(shelf(), context(), answers)
        for floor in (0.0, 1.0)
    )
    assert (best(shut, asking(0)), best(open_, asking(0))) == (1, 3)


def test_a_list_weighs_by_the_rank_of_what_was_taken():
    answers = taught_by([([0], [1, 2, 3], 1), ([0], [2, 3, 1], 1), ([0], [2, 3], 1), ([0], [1, 2, 3], -1)])
    found = gates(answers, floor=0.2)
    np.testing.assert_allclose(found[:3], [1.0, 0.2 + 0.8 / np.log2(4.0), 0.2])
    np.testing.assert_allclose(found[3], found[:3].mean(), rtol=1e-6)


def test_softened_lists_sum_to_one_keep_their_order_and_forget_the_scale():
    answers = taught_by([([0], [1, 2, 3], -1), ([0], [1, 2], -1)])
    chances = softened(answers, 1.0)
    np.testing.assert_allclose(chances.sum(axis=1), 1.0, rtol=1e-6)
    assert chances[0, 0] > chances[0, 1] > chances[0, 2] > 0.0
    assert chances[1, 2] == 0.0
    louder = softened(replace(answers, scores=1_000.0 * answers.scores + 5.0), 1.0)
    np.testing.assert_allclose(louder, chances, rtol=1e-4)
    assert softened(answers, 0.3)[0, 0] > chances[0, 0], "a lower temperature is a sharper list"


def test_what_was_taken_again_is_no_label_and_rows_without_history_are_left_out():
    answers = taught_by([([0, 1], [2, 3], 0), ([0, 1], [2, 3], 2)])
    answers = Answers.joined(
        [
            answers,
            Answers(
                np.zeros(0, int),
                np.zeros(2, int),
                answers.lists[:1],
                answers.scores[:1],
                np.array([3]),
            ),
        ]
    )
    lessons = Lessons.of(answers, RememberingConfig())
    assert lessons.following.tolist() == [-1, 2]


@pytest.mark.parametrize("kind", STUDENTS)
def test_numpy_reads_as_the_network_that_learnt(kind, monkeypatch):
    courses = []
    begin = Course.begin.__func__
    monkeypatch.setattr(
        Course, "begin", classmethod(lambda *given: courses.append(begin(*given)) or courses[0])
    )
    data = in_a_row()
    model = fitted(made(kind, embedding_size=8), data)
    lessons = Lessons.of(Places.before_events(data).unanswered(50), model.config)
    rows = np.arange(0, len(lessons), 17)
    with torch.no_grad():
        batch = batch_of(courses[0], lessons, rows, np.random.default_rng(0))
        wanted = courses[0].net.scores(batch).numpy()
    bounds = lessons.answers.bounds
    asked = [asking(*lessons.answers.items[bounds[r] : bounds[r + 1]]) for r in rows]
    np.testing.assert_allclose(model.score(asked), wanted, atol=5e-3)


@pytest.mark.parametrize("kind", STUDENTS)
def test_a_newcomer_stands_where_its_content_puts_it(kind):
    data = shelf("robots one", "robots two", "robots three", "garden one", "garden two", "garden three")
    answers = taught_by([([0], [1, 2], -1), ([1], [2, 0], -1), ([3], [4, 5], -1), ([4], [5, 3], -1)] * 10, 6)
    model = made(kind).distil(data, context(data), answers)
    more = shelf(*data.catalog.titles, "robots four", "garden four")
    grown = model.grow(more.catalog, context(more))
    scores = grown.score([asking(0, 1), asking(3, 4)])
    assert scores.shape == (2, 8)
    assert scores[0, 6] > scores[0, 7]
    assert scores[1, 7] > scores[1, 6]
    np.testing.assert_allclose(scores[:, :6], model.score([asking(0, 1), asking(3, 4)]), atol=1e-5)
    by_newcomer = grown.score([asking(6)])[0]
    assert by_newcomer[2] > by_newcomer[5], "a newcomer in a history speaks as its likes do"


@pytest.mark.parametrize("kind", STUDENTS)
def test_an_item_that_neither_data_nor_lists_name_is_placed_by_content(kind):
    data = shelf("robots one", "robots two", "garden one", "garden two", "robots three", "garden three")
    answers = taught_by([([0], [1], -1), ([1], [0], -1), ([2], [3], -1), ([3], [2], -1)] * 10, 6)
    model = made(kind).distil(data, context(data), answers)
    scores = model.score([asking(0), asking(2)])
    assert scores[0, 4] > scores[0, 5]
    assert scores[1, 5] > scores[1, 4]
    assert any("2 items stand in no history and on no list" in note for note in model.notes_)


@pytest.mark.parametrize("kind", STUDENTS)
def test_a_lesson_that_was_killed_goes_on_to_the_same_student(kind, tmp_path, monkeypatch):
    data = in_a_row()
    whole = fitted(made(kind, epochs=4), data)
    written, write = [], checkpoints.write

    def killed(path, course):
        write(path, course)
        written.append(course.epoch)
        if course.epoch == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoints, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        fitted(made(kind, epochs=4, checkpoint=str(tmp_path)), data)
    monkeypatch.setattr(checkpoints, "write", lambda path, course: written.append(course.epoch))
    resumed = fitted(made(kind, epochs=4, checkpoint=str(tmp_path)), data)
    assert written == [1, 2, 3, 4]
    requests = [Request(data.history(user)) for user in range(5)]
    np.testing.assert_array_equal(resumed.score(requests), whole.score(requests))


def test_a_damaged_checkpoint_is_named_and_left(tmp_path):
    model = made(TransitionStudent, epochs=2, checkpoint=str(tmp_path))
    fitted(model, in_a_row())
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(FolderError, match=rf"{file.name} is damaged.*delete it"):
        fitted(made(TransitionStudent, epochs=2, checkpoint=str(tmp_path)), in_a_row())
    assert file.stat().st_size == 100


def test_a_loss_that_is_not_a_number_names_the_remedy_and_keeps_the_epoch_before(tmp_path):
    with pytest.raises(ComponentError, match="lower learning_rate"):
        fitted(made(SequenceStudent, learning_rate=1e30, checkpoint=str(tmp_path)), in_a_row())


def test_want_of_memory_names_the_remedy(monkeypatch):
    def short(*_given):
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr("llm4rec.models.student_training_net.loss_of", short)
    with pytest.raises(ComponentError, match="set batch_size = 128"):
        fitted(made(TransitionStudent), in_a_row())


@pytest.mark.parametrize("kind", STUDENTS)
def test_many_items_are_compared_with_drawn_ones(kind):
    model = fitted(made(kind, full_up_to=5, negatives=6, epochs=30), in_a_row())
    assert [best(model, asking(n, n + 1)) for n in range(4)] == [2, 3, 4, 5]


def test_a_newcomer_is_remembered_as_its_likes_and_remembers_as_they_do():
    ones = np.ones((4, 1), np.float32)
    memory = Memory.of(np.array([[1], [0], [3], [2]]), ones, np.ones(5, np.float32))
    grown = memory.grown((np.array([[0]]), np.array([[1.0]], np.float32)))
    assert grown.recall(np.array([1])).tolist() == [1.0, 0.0, 0.0, 0.0, 1.0]
    assert grown.recall(np.array([4])).tolist() == [0.0, 1.0, 0.0, 0.0, 0.0]
    assert memory.recall(np.array([1])).tolist() == [1.0, 0.0, 0.0, 0.0]


def test_the_memory_is_small_and_can_be_left_out():
    data = in_a_row()
    assert fitted(made(TransitionStudent, memory=3), data).memory_.near.shape == (12, 3)
    plain = fitted(made(TransitionStudent, memory=0), data)
    assert plain.memory_.width == 0
    assert best(plain, asking(2, 3)) == 4
    assert not hasattr(made(TwoTowerStudent).config, "memory")


def test_two_towers_know_no_memory_setting():
    with pytest.raises(SettingsError, match="memory"):
        TwoTowerStudent.config_type.of({"memory": 3}, "student.two-tower")
