"""The blend student: it weighs what its teacher is made of as the teacher's lists say, and nothing more."""

from dataclasses import replace

import numpy as np
import pytest

from llm4rec.core import Answers, ComponentError, Places, Request, masked, silent, top_k, unit_rows
from llm4rec.models.ensemble import Ensemble, EnsembleConfig
from llm4rec.models.hybrid import LinearHybrid, LinearHybridConfig
from llm4rec.models.popular import Popular
from llm4rec.models.student_blend import NO_LISTS, BlendConfig, BlendStudent
from llm4rec.models.student_order import DEPTH, Weighing
from llm4rec.models.student_weighing import Lessons, Lists, places_in
from llm4rec.models.transition import Transition
from llm4rec.testing import asking, best, checkerboard, fitted, in_a_row, shelf
from models.stacking import learnt, walkers, world

ITEMS = 200
INPUTS = {"inputs": ("transition", "itemknn")}
NO_TEXTS = np.zeros((ITEMS, 0), np.float32)


def says(request):
    """Two opinions of 200 items, drawn anew for each history of one item."""
    rng = np.random.default_rng([int(request.history.items[0]), 5])
    return list(rng.normal(size=(2, ITEMS)).astype(np.float32))


def lessons(teacher, many=150):
    """Lists of ten by what the teacher makes of the two opinions."""
    requests = [asking(n) for n in range(many)]
    scores = np.stack([teacher(says(request), request) for request in requests])
    return Lessons(requests, top_k(masked(scores.astype(np.float32), requests), 10), says, silent)


def even(texts=NO_TEXTS):
    return Weighing.even(2, np.zeros(ITEMS, np.float32), texts)


def agreement(weighing, lessons):
    shown = np.stack([weighing.score(says(request), request) for request in lessons.requests])
    lists = top_k(masked(shown, lessons.requests), 10)
    return np.mean([np.isin(a, b).mean() for a, b in zip(lists, lessons.lists, strict=True)])


@pytest.mark.parametrize("weights", [(1.0, 0.5), (1.0, 0.0), (0.3, 1.0)])
def test_the_weights_of_the_teacher_are_found(weights):
    taught = lessons(lambda said, _: weights[0] * said[0] + weights[1] * said[1])
    found = taught.learn(even())
    strongest = max(weights)
    np.testing.assert_allclose(
        found.coarse[:2] / found.coarse[:2].max(), np.array(weights) / strongest, atol=0.05
    )
    assert agreement(found, taught) > 0.95
    assert len(found.fine) == 0, "the sum is what the teacher does"


def test_the_best_are_ordered_by_texts_where_the_teacher_does_so():
    texts = unit_rows(np.random.default_rng(1).normal(size=(ITEMS, 8)).astype(np.float32))

    def teacher(said, request):
        total = said[0] + said[1]
        front = top_k(masked(total[None].copy(), [request]), DEPTH)[0]
        total[front] = 10.0 + texts[front] @ texts[request.history.items[0]]
        return total

    taught = lessons(teacher)
    found = taught.learn(even(texts))
    plain = replace(found, fine=found.fine[:0])
    assert agreement(found, taught) > agreement(plain, taught) + 0.3
    assert taught.learn(even()).texts.shape == (ITEMS, 0)


@pytest.mark.parametrize("many", [1, 2, 3])
def test_a_few_lists_are_enough_to_go_on(many):
    found = lessons(lambda said, _: said[0], many).learn(even())
    assert np.isfinite(found.coarse).all()
    assert found.coarse[0] > found.coarse[1]


def test_the_gradient_is_that_of_the_loss():
    rng = np.random.default_rng(0)
    rows = [(rng.normal(size=(size, 3)).astype(np.float32), np.arange(size)) for size in (4, 14, 20)]
    rows.append((rng.normal(size=(5, 3)).astype(np.float32), np.full(5, 10)))
    lists = Lists.of(rows)
    at = np.array([0.3, -0.2, 0.9])
    _, gradient = lists.loss(at)
    for place, step in enumerate(1e-2 * np.eye(3)):
        rise = (lists.loss(at + step)[0] - lists.loss(at - step)[0]) / 2e-2
        assert gradient[place] == pytest.approx(rise, rel=1e-2, abs=1e-3)


def test_the_loss_is_the_chance_of_the_order():
    features = np.log(np.array([[2.0], [1.0], [1.0]], np.float32))
    lists = Lists.of([(features, np.array([0, 10, 10]))])
    loss, _ = lists.loss(np.array([1.0]))
    assert loss == pytest.approx(-np.log(2 / 4) + 1e-3, abs=1e-5)


def test_items_have_the_place_that_a_list_gave_them():
    assert places_in(np.array([7, 3, -1]), np.array([3, 4, 7])).tolist() == [1, 10, 0]


def test_a_finer_order_moves_the_best_alone_and_no_newcomer():
    weighing = replace(
        even(), coarse=np.array([1.0, 0.0, 0.0], np.float32), fine=np.array([-1.0, 0, 0, 0, 0], np.float32)
    )
    grown = weighing.grown(np.array([[0]]), np.ones((1, 1), np.float32))
    said = [np.append(part, 99.0).astype(np.float32) for part in says(asking(3))]
    scores = grown.score(said, asking(3))
    order = np.argsort(-np.where(np.arange(ITEMS) == 3, -np.inf, said[0][:ITEMS]))
    front = order[:DEPTH]
    np.testing.assert_array_equal(scores[front], np.sort(said[0][front]), "turned round")
    np.testing.assert_array_equal(scores[order[DEPTH:]], said[0][order[DEPTH:]])
    assert scores[-1] == 99.0


def ensemble(*inputs, second=1.0):
    """Fitted on a walk in a circle, with a weight for the second input."""
    data = in_a_row(20, 60)
    weights = dict(zip(inputs, (1.0, second), strict=True))
    return Ensemble(EnsembleConfig(inputs=inputs, weights=weights, tune=False)).fit(data, world(data))


@pytest.mark.parametrize(
    "teacher",
    [LinearHybrid(LinearHybridConfig(min_leaf=5, earlier=0, **INPUTS)), Ensemble(EnsembleConfig(**INPUTS))],
    ids=["hybrid", "ensemble"],
)
def test_it_is_made_of_what_its_teacher_is_made_of(teacher):
    data, questions = walkers()
    teacher = learnt(teacher, data, questions)
    student = BlendStudent().inheriting(teacher, "teacher")
    assert student.config.parts == tuple(teacher.made_of)
    assert student.config.parts[0] == "transition"
    ends = Places.at_the_end(data, np.arange(60))
    blank = ends.unanswered(1)
    requests = blank.requests()
    lists = top_k(masked(teacher.score(requests), requests), 10)
    student.distil(data, world(data), replace(blank, lists=lists, scores=np.zeros(lists.shape, np.float32)))
    walked = [best(student, asking(*range(n, n + 5))) for n in range(10)]
    assert walked == [best(teacher, asking(*range(n, n + 5))) for n in range(10)] == list(range(5, 15))
    assert any("parts weighed by 60 lists: transition" in note for note in student.notes_)


def test_a_part_of_an_ensemble_that_counts_nothing_is_left_alone():
    assert list(ensemble("transition", "itemknn", second=0.0).made_of) == ["transition"]
    assert list(ensemble("transition", "itemknn", second=0.1).made_of) == ["transition", "itemknn"]


def test_what_has_no_light_version_is_left_out_and_told():
    teacher = ensemble("transition", "popular")
    student = BlendStudent().inheriting(teacher, "teacher")
    assert student.config.parts == ("transition",)
    (told,) = student.notes_
    assert "does without a part of its teacher: 'popular' has no light version" in told


def test_a_part_that_took_no_new_items_is_left_out_and_told():
    teacher = ensemble("sequence", "itemknn")
    grown = teacher.grow(in_a_row(21, 1).catalog, world(in_a_row(20, 60)))
    student = BlendStudent().inheriting(grown, "teacher")
    assert student.config.parts == ("sequence",)
    assert "'itemknn' took no new items" in student.notes_[0]


def test_it_cannot_do_without_its_first_part():
    with pytest.raises(ComponentError, match="'popular' has no light version; take another student"):
        BlendStudent().inheriting(fitted(Popular(), in_a_row()), "popular")


def test_a_student_of_one_model_is_that_model_in_small():
    teacher = fitted(Transition(), in_a_row())
    student = BlendStudent().inheriting(teacher, "transition")
    nothing = Answers.none(np.zeros(0, int), np.zeros(1, int), np.zeros(0, int))
    student.distil(in_a_row(), world(in_a_row()), nothing)
    assert NO_LISTS in student.notes_
    assert [best(student, asking(n)) for n in range(11)] == list(range(1, 12))


def test_whole_histories_are_learnt_from_before_cut_ones_and_single_items():
    from llm4rec.models.student_blend import _chosen

    data = checkerboard(6)
    cut, ends = Places.before_events(data), Places.at_the_end(data, np.arange(6))
    items = np.arange(6)
    single = Answers.none(items, np.arange(7), np.full(6, -1))
    answers = Answers.joined([cut.unanswered(1), ends.unanswered(1), single])
    listed = replace(answers, lists=np.ones((len(answers), 1), int))
    present = np.arange(len(cut), len(cut) + 6)
    assert _chosen(listed, 6, np.random.default_rng(0)).tolist() == present.tolist()
    assert set(present) < set(_chosen(listed, 8, np.random.default_rng(0)))
    assert len(_chosen(listed, 1_000, np.random.default_rng(0))) == len(answers)
    assert len(_chosen(answers, 6, np.random.default_rng(0))) == 0, "without lists there is nothing to learn"


def test_answers_know_whole_histories_where_they_stood():
    data = checkerboard(6)
    single = Answers.none(np.array([4]), np.array([0, 1]), np.array([-1]))
    answers = Answers.joined([Places.at_the_end(data, np.array([2, 1])).unanswered(1), single])
    asked = [request.history.items.tolist() for request in answers.requests()]
    assert asked == [data.history(2).items.tolist(), data.history(1).items.tolist(), [4]]
    assert answers.stood.tolist() == [True, True, False]
    assert [r.history.items.tolist() for r in answers.take(np.array([2, 1])).requests()] == [
        asked[2],
        asked[1],
    ]
    assert [r.history.items.tolist() for r in single.requests()] == [[4]]


def test_a_newcomer_stands_with_its_likes():
    data = shelf()
    student = fitted_alone(BlendStudent(), data)
    more = shelf(
        "space robots", "robots and peace", "garden soil", "roses and soil", "robots again", "more soil"
    )
    grown = student.grow(more.catalog, world(more))
    scores = grown.score([asking(0), asking(2)])
    np.testing.assert_allclose(scores[:, :4], student.score([asking(0), asking(2)]), atol=1e-5)
    assert scores[0, 4] > scores[0, 5]
    assert scores[1, 5] > scores[1, 4]
    spoken = grown.score([asking(4)])[0]
    assert spoken[1] > spoken[3]


def fitted_alone(student, data):
    return student.fit(data, world(data))


def test_parts_are_named_once():
    with pytest.raises(ValueError, match="each once"):
        BlendConfig(parts=("sequence", "sequence"))
    assert BlendConfig(parts="sequence+attention").parts == ("sequence", "attention")


def test_what_is_seen_may_be_asked_for_again():
    student = fitted_alone(BlendStudent(BlendConfig(parts=("transition",))), in_a_row())
    request = Request(asking(3, 4).history, seen="include")
    assert np.isfinite(student.score([request])).all()
