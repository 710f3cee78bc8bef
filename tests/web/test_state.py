"""What the shop window makes of a wish and of what is said about its list, without a browser."""

import pytest

pytest.importorskip("nicegui", reason="the page needs the extra `serve`")

from llm4rec.apps.web.shop.state import joined
from llm4rec.writers.asking import Range, Soft, Understood, Values
from llm4rec.writers.remarks.steps import Must, Wish


def test_what_is_said_again_or_the_other_way_round_takes_the_place_of_what_was_said_before():
    crime = Values(pairs=(("categories", "Crime"),))
    early, late = Range(column="year", high=1900.0), Range(column="year", low=1850.0)
    reading = Understood(pieces=(crime, Soft(text="cheap"), early))
    steps = [
        Must(id=1, piece=crime.model_copy(update={"wanted": False})),
        Wish(id=2, text="cheap", more=False),
        Must(id=3, piece=late),
        Must(id=4, piece=Range(column="year", high=1880.0)),
    ]
    pieces = joined(reading, steps).pieces
    assert pieces[0].wanted is False
    assert pieces[0].pairs == crime.pairs
    assert (pieces[1].text, pieces[1].wanted) == ("cheap", False)
    assert [(one.low, one.high) for one in pieces[2:]] == [(None, 1880.0), (1850.0, None)]
