"""Earlier events as questions: nothing that is asked has been seen."""

import numpy as np

from llm4rec.models.earlier import earlier_questions
from llm4rec.testing import in_a_row, shelf


def test_the_latest_events_become_questions_in_turn():
    data = in_a_row(12, 4)  # six stops each
    left, questions = earlier_questions(data, each=2, most=100)
    assert [len(left.history(u)) for u in range(4)] == [4, 4, 4, 4]
    assert [t.tolist() for t in questions.targets[:2]] == [[4], [5]]
    assert questions.requests[0].history.items.tolist() == [0, 1, 2, 3]
    assert questions.requests[1].history.items.tolist() == [0, 1, 2, 3, 4]


def test_everybody_keeps_three_events():
    left, questions = earlier_questions(in_a_row(12, 4), each=50, most=100)
    assert [len(left.history(u)) for u in range(4)] == [3, 3, 3, 3]
    assert len(questions) == 12
    assert len(earlier_questions(shelf(), each=5, most=100)[1]) == 0


def test_no_more_questions_than_asked_for_and_only_whole_people():
    left, questions = earlier_questions(in_a_row(12, 10), each=3, most=7)
    assert len(questions) == 6
    assert len({r.user for r in questions.requests}) == 2
    assert len(left.interactions) == 60 - 6


def test_what_comes_back_is_no_question():
    data = in_a_row(12, 4)
    again = data.interactions.items.copy()
    again[5] = again[0]
    from dataclasses import replace

    data = replace(data, interactions=replace(data.interactions, items=again))
    _, questions = earlier_questions(data, each=2, most=100)
    assert [
        t.tolist() for r, t in zip(questions.requests, questions.targets, strict=True) if r.user == 0
    ] == [[4]]
    assert not any(
        np.isin(t, r.history.items) for r, t in zip(questions.requests, questions.targets, strict=True)
    )
