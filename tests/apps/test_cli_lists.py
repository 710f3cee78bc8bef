"""`llm4rec list`, `llm4rec settings` and the front: what there is to choose from."""

import tomllib

import pytest

from llm4rec import __version__
from llm4rec.core import NotFoundError
from llm4rec.data import PROTOCOLS
from llm4rec.engine import Settings
from llm4rec.engine.registry import TABLE
from llm4rec.evaluation import METRICS

KINDS = {**{kind: set(row) for kind, row in TABLE.items()}, "metric": set(METRICS)}


@pytest.mark.parametrize("kind", KINDS)
def test_every_component_of_a_kind_is_listed_with_a_sentence(told, kind):
    rows = told("list", kind, "--json")
    assert {row["name"] for row in rows} == KINDS[kind]
    assert {row["kind"] for row in rows} == {kind}
    assert all(len(row["about"]) > 5 for row in rows)


def test_every_protocol_is_listed_by_its_usage(told):
    rows = told("list", "protocol", "--json")
    assert [row["name"] for row in rows] == [usage for usage, _ in PROTOCOLS.values()]


def test_without_a_kind_all_are_listed(cli, told):
    rows = told("list", "--json")
    assert {row["kind"] for row in rows} == {*TABLE, "protocol", "metric"}
    text = cli("list").stdout
    assert all(name in text for name in ("sequence", "minilm", "leave-last-out", "ndcg"))


@pytest.mark.parametrize("name", TABLE["model"])
def test_a_component_is_shown_with_its_settings_and_defaults(told, name):
    from llm4rec.engine.registry import component

    rows = told("list", "model", name, "--json")
    config = component("model", name).config_type()
    assert {row["setting"]: row["default"] for row in rows} == {
        key: str(value) for key, value in config.model_dump().items()
    }


@pytest.mark.parametrize(
    ("words", "message"), [(["modle"], "did you mean 'model'"), (["model", "eese"], "'ease'")]
)
def test_wrong_words_are_answered_with_the_nearest(cli, words, message):
    with pytest.raises(NotFoundError, match=message):
        cli("list", *words)


def test_the_printed_settings_are_toml_of_the_defaults(cli):
    assert Settings(**tomllib.loads(cli("settings").stdout)) == Settings()


def test_the_version_is_printed(cli):
    assert cli("--version").stdout.strip() == f"llm4rec {__version__}"


def test_help_names_every_command(cli):
    text = cli("--help").stdout
    for command in ("demo", "data", "fit", "recommend", "evaluate", "list", "settings"):
        assert command in text
