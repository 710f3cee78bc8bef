"""What may be searched, as people write it; and what is refused before anything is fitted."""

import pytest

from llm4rec.core import NotFoundError, SettingsError
from llm4rec.engine import Settings, read_settings
from llm4rec.engine.registry import TABLE
from llm4rec.engine.spaces import JUDGED_BY, SPACES
from llm4rec.evaluation import parse_metric
from llm4rec.evaluation.tuning import Choices, Range, parse_space, usual_space
from llm4rec.evaluation.tuning.space import current, with_values


def model(name, **options):
    return Settings().with_model(name, options)


def test_ranges_and_choices_are_read():
    space = parse_space(["reg=1:1000:log", "decay=none|5|20", "neighbours=10:50"], model("ease"))
    assert space == {
        "reg": Range(1, 1000, log=True),
        "decay": Choices((None, 5, 20)),
        "neighbours": Range(10, 50, whole=True),
    }
    assert [str(values) for values in space.values()] == ["1:1000:log", "none|5|20", "10:50"]


def test_keys_inside_an_option_and_of_the_program():
    space = parse_space(["weights.text=0:2", "encoder.width=16:64", "fit.tune=true|false"], model("sequence"))
    assert space["weights.text"] == Range(0, 2)
    assert space["encoder.width"].whole
    changed = with_values(
        model("sequence"), {"weights.text": 1.5, "encoder.width": 20, "fit.tune": False, "prior": 2.0}
    )
    assert changed.encoder.width == 20
    assert changed.fit.tune is False
    weights = changed.models["sequence"]["weights"]
    assert weights["text"] == 1.5
    assert weights["ease"] == 0.4  # what stands beside it stays


def test_two_keys_inside_one_option_both_count():
    changed = with_values(model("sequence"), {"weights.text": 1.5, "weights.ease": 0.1})
    weights = changed.models["sequence"]["weights"]
    assert (weights["text"], weights["ease"]) == (1.5, 0.1)


def test_options_of_a_part_that_is_not_set_yet():
    changed = with_values(model("hybrid"), {"options.ease.reg": 7.0})
    assert changed.models["hybrid"]["options"] == {"ease": {"reg": 7.0}}


def test_the_values_of_now():
    settings = model("ease", reg=7.0)
    assert current(settings, ["reg", "decay", "encoder.width"]) == {
        "reg": 7.0,
        "decay": 20.0,
        "encoder.width": 128,
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("regg=1:2", "did you mean 'reg'"),
        ("encoder.widht=1:2", "did you mean 'width'"),
        ("reg=0:10", "'reg' = 0: Input should be greater than 0"),
        ("neighbours=a|b", "neighbours"),
        ("reg=5:5", "LOW below HIGH"),
        ("reg=1:x", "LOW below HIGH"),
        ("reg=1:9:lin", "LOW:HIGH:log"),
        ("dense_limit=0:9:log", "begins above 0"),
        ("reg=3|3", "two different values"),
        ("reg=", "is not KEY=LOW:HIGH"),
        ("reg", "is not KEY=LOW:HIGH"),
    ],
)
def test_what_cannot_be_searched_is_named(text, message):
    with pytest.raises(SettingsError, match=message):
        parse_space([text], model("ease"))


def test_an_unknown_name_inside_an_option_is_refused():
    with pytest.raises(
        SettingsError, match=r"'weights' of model 'sequence' has no 'txt'; did you mean 'text'"
    ):
        parse_space(["weights.txt=0:1"], model("sequence"))


def test_nothing_to_search_is_refused():
    with pytest.raises(SettingsError, match="nothing to search"):
        parse_space([], model("ease"))
    with pytest.raises(SettingsError, match="'ensemble' has no usual search space"):
        usual_space(model("ensemble"))
    with pytest.raises(SettingsError, match="searched twice"):
        parse_space(["reg=1:2", "reg=1:3"], model("ease"))
    with pytest.raises(NotFoundError):
        parse_space(["reg=1:2"], model("eese"))


@pytest.mark.parametrize("name", TABLE["model"])
def test_every_model_says_what_is_worth_searching(name):
    if SPACES[name]:
        assert list(usual_space(model(name))) == list(SPACES[name])


def test_what_models_are_judged_by_is_known():
    assert {parse_metric(name).rule.family for name in JUDGED_BY.values()} == {"values"}
    assert set(JUDGED_BY) <= set(SPACES) == set(TABLE["model"])


def test_a_settings_file_says_what_the_settings_say(tmp_path):
    settings = with_values(
        Settings(encoder={"name": "none"}).with_model("itemknn", {}), {"decay": None, "shrink": 3.5}
    )
    file = tmp_path / "settings.toml"
    file.write_text(settings.as_toml())
    again = read_settings(file, environment={})
    assert again == settings
    assert again.models["itemknn"] == {"decay": None, "shrink": 3.5}
    assert again.encoder.name == "none"
    assert "cache" not in file.read_text()
