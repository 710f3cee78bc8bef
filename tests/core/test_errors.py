"""What anyone may rely on from errors and configs: the culprit, the remedy, the nearest name."""

import pytest
from pydantic import Field, PositiveInt, ValidationError

from llm4rec.core import Config, DataError, Llm4recError, Problem, SettingsError, errors, suggest


class Oven(Config):
    """Options of an oven."""

    degrees: PositiveInt = Field(180, description="Celsius")
    fan: bool = False


def test_everything_raised_on_purpose_is_one_family():
    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, Exception)]
    assert len(kinds) > 10, "the family was found"
    assert all(issubclass(kind, Llm4recError) for kind in kinds)


def test_a_problem_says_where_what_and_what_to_do():
    problem = Problem("items.csv", "price", 12, "'cheap'", "not a number", "Write digits.", count=3)
    assert (
        str(problem)
        == "items.csv, row 12, column 'price': not a number (value 'cheap') [3 rows]. Write digits."
    )


def test_a_problem_of_a_whole_file_names_the_file_alone():
    assert str(Problem("items.csv", None, None, None, "empty", "Add rows.")) == "items.csv: empty. Add rows."


def test_row_zero_and_an_empty_value_are_still_said():
    assert str(Problem("f", "", 0, "", "bad", "Fix.")).startswith("f, row 0, column '': bad (value )")


def test_a_data_error_lists_every_problem():
    one, two = (Problem("f.csv", None, row, None, "bad", "Fix.") for row in (1, 2))
    error = DataError([one, two])
    assert error.problems == (one, two)
    assert str(error).splitlines() == [str(one), str(two)]
    assert DataError("nothing there").problems == ()


def test_the_nearest_name_is_suggested_or_none():
    assert suggest("eese", ["ease", "popular"]) == "; did you mean 'ease'?"
    assert suggest("zzz", ["ease", "popular"]) == ""
    assert suggest(197, [196, 5]) == "; did you mean '196'?"


def test_an_unknown_setting_is_refused_with_the_nearest():
    with pytest.raises(SettingsError, match=r"oven 3 has no setting 'degree'; did you mean 'degrees'\?"):
        Oven.of({"degree": 5}, "oven 3")


def test_an_unknown_setting_far_from_all_lists_what_there_is():
    with pytest.raises(SettingsError, match="no setting 'x'; it has: degrees, fan"):
        Oven.of({"x": 5})


def test_every_wrong_setting_is_named_with_its_value():
    with pytest.raises(SettingsError) as caught:
        Oven.of({"degrees": -3, "fan": "maybe"}, "oven")
    first, second = str(caught.value).splitlines()
    assert "'degrees' = -3" in first
    assert "'fan' = 'maybe'" in second


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_settings_are_finite(value):
    class Scale(Config):
        factor: float = 1.0

    with pytest.raises(SettingsError, match="factor"):
        Scale.of({"factor": value})


def test_a_config_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        Oven().degrees = 5
