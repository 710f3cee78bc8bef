"""The paper says what the code does: every block is run, every name is told, every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from docpages import LANGUAGES, ROOT, blocks, pages, run_page, sections, settings_page, told
from llm4rec.apps.cli.main import app
from llm4rec.data import PROTOCOLS
from llm4rec.data.crosses import BLOCKS
from llm4rec.encoders.adapting import AdaptConfig
from llm4rec.encoders.compressing import CompressConfig
from llm4rec.encoders.distilling import EncoderConfig
from llm4rec.engine import Settings, read_settings
from llm4rec.engine.distilling import DistilConfig
from llm4rec.engine.registry import TABLE, component
from llm4rec.evaluation import METRICS
from llm4rec.models.prompted_lessons import LessonsConfig
from llm4rec.writers.teaching import TeachConfig

PAPER = [*pages(), *(ROOT / name for name in ("CONTRIBUTING.md", "CHANGELOG.md", "EXPERIMENTS.md"))]
RUN = [page for page in pages() if any(block.language != "text" for block in blocks(page))]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture(scope="session")
def vectors(tmp_path_factory):
    """One cache of vectors for all pages: a text is encoded once."""
    return tmp_path_factory.mktemp("vectors")


@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_blocks_run(page, tmp_path, vectors, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(vectors))
    run_page(page, tmp_path)


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_block_says_what_it_is(page):
    for block in blocks(page):
        assert block.language in LANGUAGES, f"{page.name}, line {block.line}: {block.language!r}"
    assert page.read_text(encoding="utf-8").count("```") == 2 * len(list(blocks(page))), (
        "a fence is not closed"
    )


def test_settings_page_is_the_default():
    page = ROOT / "docs" / "settings.md"
    assert page.read_text(encoding="utf-8") == settings_page(), "write it anew: python tests/docpages.py"


def test_settings_page_changes_nothing(tmp_path):
    (block,) = blocks(ROOT / "docs" / "settings.md")
    file = tmp_path / "llm4rec.toml"
    file.write_text(block.text, encoding="utf-8")
    assert read_settings(file, environment={}) == Settings()


def commands():
    """Every command with its words, as in ("llm4rec data check", command)."""
    group = typer.main.get_command(app)
    for name, command in group.commands.items():
        for inner, found in getattr(command, "commands", {"": command}).items():
            yield f"llm4rec {name} {inner}".strip(), found


COMMANDS = dict(commands())


@pytest.mark.parametrize("words", COMMANDS)
def test_command_is_told(words):
    command = COMMANDS[words]
    told_here = sections(ROOT / "docs" / "cli.md")
    assert words in told_here, f"docs/cli.md has no heading for {words}"
    rows = re.findall(r"^\| (`.+?) \|", told_here[words], re.MULTILINE)
    names = {name for row in rows for name in re.findall(r"`(-[^`]+)`", row)}
    options = {
        name
        for parameter in command.params
        if parameter.param_type_name == "option" and parameter.name != "help"
        for name in parameter.opts
    }
    assert names == options


@pytest.mark.parametrize("name", [name for kind in TABLE.values() for name in kind])
def test_component_is_told(name):
    assert told(name)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_protocol_is_told(name):
    assert told(name)


@pytest.mark.parametrize("name", [name.partition("[")[0].partition("@")[0] for name in METRICS])
def test_metric_is_told(name):
    assert told(name)


@pytest.mark.parametrize("name", BLOCKS)
def test_feature_block_is_told(name):
    assert told(name)


@pytest.mark.parametrize("name", TABLE["model"])
def test_settings_of_a_model_are_told(name):
    section = sections(ROOT / "docs" / "models.md")[name]
    fields = component("model", name).config_type.model_fields
    assert [field for field in fields if f"`{field}`" not in section] == []


def test_settings_of_the_encoder_are_told():
    section = sections(ROOT / "docs" / "encoders.md")["Settings"]
    fields = component("encoder", "sentence").config_type.model_fields
    assert [field for field in fields if f"`{field}`" not in section] == []


@pytest.mark.parametrize(("name", "heading"), [("openai", "A server"), ("local", "A folder")])
def test_settings_of_a_generator_are_told(name, heading):
    section = sections(ROOT / "docs" / "generation.md")[heading]
    fields = component("generator", name).config_type.model_fields
    assert [field for field in fields if f"`{field}`" not in section] == []


@pytest.mark.parametrize("name", TABLE["reranker"])
def test_settings_of_a_reranker_are_told(name):
    section = sections(ROOT / "docs" / "order.md")["Rerankers for every list"]
    (row,) = re.findall(rf"^\| `{name}`(?:, \(\S+\))? \| (`.*) \|$", section, re.MULTILINE)
    fields = component("reranker", name).config_type.model_fields
    assert [field for field in fields if f"`{field}`" not in row] == []


def test_settings_of_adapting_are_told():
    rows = re.findall(r"^\| `(\w+)` \|", sections(ROOT / "docs" / "adapting.md")["Settings"], re.MULTILINE)
    assert rows == list(AdaptConfig.model_fields)


def test_settings_of_compressing_are_told():
    rows = re.findall(r"^\| `(\w+)` \|", sections(ROOT / "docs" / "compression.md")["Settings"], re.MULTILINE)
    assert rows == list(CompressConfig.model_fields)


def test_settings_of_teaching_are_told():
    rows = re.findall(r"^\| `(\w+)` \|", sections(ROOT / "docs" / "prompted.md")["Teaching"], re.MULTILINE)
    assert rows == [*LessonsConfig.model_fields, *TeachConfig.model_fields]


@pytest.mark.parametrize(
    ("heading", "config"), [("Settings of distilling", DistilConfig), ("A small text encoder", EncoderConfig)]
)
def test_settings_of_distilling_are_told(heading, config):
    section = sections(ROOT / "docs" / "distilling.md")[heading]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(config.model_fields)


@pytest.mark.parametrize("page", PAPER, ids=name_of)
def test_links_lead_somewhere(page):
    content = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]*)(?:#[^)]*)?\)", content):
        assert not target or (page.parent / target).exists(), f"{page.name}: {target}"


def test_index_names_every_page():
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    left_out = [name_of(p) for p in pages()[1:] if p.name != "index.md" and f"{p.name})" not in index]
    assert left_out == []


@pytest.mark.parametrize("page", PAPER, ids=name_of)
def test_no_place_of_one_machine(page):
    assert re.findall(r"/work/|/tmp/|/root/|/home/", page.read_text(encoding="utf-8")) == []


def test_what_is_wrong_in_a_page_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for wrong in (
        "```python\nprint(1)\n```\n\n```text output\n2\n```\n",
        "```console\n$ llm4rec fit nowhere -o e\n```\n",
    ):
        page = tmp_path / "page.md"
        page.write_text(wrong, encoding="utf-8")
        with pytest.raises(AssertionError, match=r"page\.md, line"):
            run_page(page, tmp_path)
