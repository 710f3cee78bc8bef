"""Every component is where the table says, and wrong names are answered with the nearest."""

import pytest

from llm4rec.core import ComponentError, Config, NotFoundError
from llm4rec.engine import registry
from llm4rec.engine.registry import TABLE, Entry, component, names

ENTRIES = [(kind, name) for kind, row in TABLE.items() for name in row]


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_every_entry_is_there_with_its_settings_and_a_sentence(kind, name):
    found = component(kind, name)
    assert issubclass(found.config_type, Config)
    found.config_type()  # every setting has a default
    assert 10 < len(TABLE[kind][name].about) < 110
    assert found.__doc__
    assert found.config_type.__doc__


def test_a_wrong_kind_lists_the_kinds():
    with pytest.raises(
        NotFoundError, match=r"no kind of component named 'modle'; did you mean 'model'\?; there are"
    ):
        component("modle", "ease")


def test_a_wrong_name_suggests_the_nearest_and_lists_all():
    with pytest.raises(
        NotFoundError, match=r"no model named 'eese'; did you mean 'ease'\?; there are: sequence"
    ):
        component("model", "eese")


class Point:
    """An entry point of an installed package."""

    dist = type("Dist", (), {"name": "llm4rec-foreign"})
    value = "engine.doubles:Recorder"

    def __init__(self, name, value=None):
        self.name = name
        self.value = value or self.value


def test_installed_packages_are_found_beside_the_table(monkeypatch):
    asked = []

    def entry_points(group):
        asked.append(group)
        return [Point("foreign")]

    monkeypatch.setattr(registry, "entry_points", entry_points)
    assert names("model")["foreign"].about == "from llm4rec-foreign"
    assert component("model", "foreign").__name__ == "Recorder"
    assert set(asked) == {"llm4rec.model"}
    assert "ease" in names("model")


def test_a_missing_extra_is_named_with_its_command(monkeypatch):
    monkeypatch.setitem(TABLE["model"], "far", Entry("not_installed_xyz.far:Far", "needs something", "far"))
    with pytest.raises(
        ComponentError, match=r"model 'far' needs not_installed_xyz: pip install 'llm4rec\[far\]'"
    ):
        component("model", "far")


def test_a_bug_inside_a_component_stays_a_bug(monkeypatch):
    monkeypatch.setitem(TABLE["model"], "broken", Entry("llm4rec.models.no_such_file:X", "is broken", "far"))
    with pytest.raises(ModuleNotFoundError, match="no_such_file"):
        component("model", "broken")
