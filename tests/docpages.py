"""Pages of documentation as blocks that can be run. `python tests/docpages.py` writes docs/settings.md anew."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LANGUAGES = ("python", "console", "text", "csv", "toml")
SETTINGS_HEAD = """# Settings

Every setting with its default, as `llm4rec settings` prints it. Order: defaults < `llm4rec.toml` in the working folder < environment
(`LLM4REC_FIT__SEED=1`) < flags (`--set fit.seed=1`). Unknown keys are errors. Options of a model stand in [models.md](models.md), those of an encoder in
[encoders.md](encoders.md).

This page is generated: `python tests/docpages.py` writes it anew.

"""


@dataclass(frozen=True)
class Block:
    """One fence: its language, what stands behind it (a file name, or "output"), its text and where it begins."""

    language: str
    rest: str
    text: str
    line: int


def pages() -> list[Path]:
    """README and every guide."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path) -> Iterator[Block]:
    """The fences of a page, in order."""
    content = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(content):
        language, _, rest = found["info"].strip().partition(" ")
        yield Block(language, rest.strip(), found["text"], content.count("\n", 0, found.start()) + 2)


def run_page(page: Path, folder: Path) -> None:
    """Run a page in `folder`, which is the working folder: files are written, Python and commands are run.

    The files of the README are there for every page.

    A block "text output" is what the block before it printed, apart from white space at the ends of lines.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    printed = ""
    for block in blocks(ROOT / "README.md"):
        _file(block, folder)
    for block in blocks(page):
        where = f"{page.name}, line {block.line}"
        if block.rest == "output":
            assert _trimmed(printed) == _trimmed(block.text), f"{where}: printed\n{printed}"
        elif _file(block, folder):
            continue
        elif block.language == "python":
            printed = _python(block, page, names)
        elif block.language == "console":
            printed = "".join(_command(line, where) for line in block.text.splitlines())


def _file(block: Block, folder: Path) -> bool:
    """Write a block that is a file; whether it was one."""
    if block.language == "text" or not block.rest:
        return False
    (folder / block.rest).parent.mkdir(parents=True, exist_ok=True)
    (folder / block.rest).write_text(block.text, encoding="utf-8")
    return True


def _python(block: Block, page: Path, names: dict[str, Any]) -> str:
    out = io.StringIO()
    # Empty lines in front, so that a traceback names the line of the page.
    code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
    with contextlib.redirect_stdout(out):
        exec(code, names)
    return out.getvalue()


def _command(line: str, where: str) -> str:
    from typer.testing import CliRunner

    from llm4rec.apps.cli.main import app

    program, *arguments = shlex.split(line.removeprefix("$ "))
    assert line.startswith("$ "), f"{where}: {line!r} does not begin with '$ '"
    assert program == "llm4rec", f"{where}: only llm4rec is run here, not {program!r}"
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, f"{where}: {line!r} failed: {result.exception!r}\n{result.output}"
    return result.stdout


def _trimmed(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def settings_page() -> str:
    """docs/settings.md as it should be."""
    from llm4rec.engine import commented_default

    return f"{SETTINGS_HEAD}```toml llm4rec.toml\n{commented_default()}```\n"


def sections(page: Path) -> dict[str, str]:
    """Text under each heading of the second level, by the heading without its marks."""
    parts = re.split(r"^## (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {
        title.replace("`", "").strip(): text for title, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def told(name: str) -> bool:
    """Whether `name` stands in code marks in a heading or a row of a table of any guide."""
    start = re.compile(rf"^(#|\|).*`{re.escape(name)}[`@:\[]", re.MULTILINE)
    return any(start.search(page.read_text(encoding="utf-8")) for page in pages())


if __name__ == "__main__":
    (ROOT / "docs" / "settings.md").write_text(settings_page(), encoding="utf-8")
