"""The building plan as a test: arrows go one way, every room is on the plan and has a caption."""

import ast
from pathlib import Path

import pytest

import llm4rec

ROOT = Path(llm4rec.__file__).parent
MAY_IMPORT: dict[str, set[str]] = {
    "core": set(),
    "data": {"core"},
    "encoders": {"core"},
    "models": {"core"},
    "rerankers": {"core"},
    "writers": {"core"},
    "store": {"core"},
    "engine": {"core", "data", "store"},
    "evaluation": {"core", "data", "engine"},
    "apps": {"core", "data", "engine", "evaluation"},
    "testing": {"core"},
}
HEAVY = {"torch", "sentence_transformers", "transformers", "sklearn", "matplotlib", "pandas"} | {
    "peft",
    "tensorboard",
    "numba",
    "lightgbm",
    "faiss",
    "optuna",
    "onnx",
    "onnxscript",
    "onnxruntime",
    "tokenizers",
    "sqlalchemy",
    "psycopg",
    "fastapi",
    "starlette",
    "uvicorn",
    "prometheus_client",
    "httpx2",
    "nicegui",
}
BEHIND_A_DOOR = ("_net", "_kernels", "_sql")
"""Files of such names are imported inside functions only, so they may load heavy libraries at their top."""
SERVICE = (ROOT / "apps" / "rest", ROOT / "apps" / "web")
"""Stand behind a door as a whole, but for files that commands read before they know of a service."""
LIGHT = {"__init__.py", "keys.py", "options.py", "serving.py"}


def rooms_imported(source: str) -> set[str]:
    """Rooms named by any import of a file, lazy ones and those under TYPE_CHECKING included."""
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    parts = [name.split(".") for name in names]
    return {p[1] for p in parts if p[0] == "llm4rec" and len(p) > 1 and p[1] in MAY_IMPORT}


def rooms() -> list[Path]:
    return sorted(p for p in ROOT.iterdir() if p.is_dir() and p.name != "__pycache__")


@pytest.mark.parametrize("room", rooms(), ids=lambda p: p.name)
def test_arrows_go_one_way(room):
    for file in room.rglob("*.py"):
        wrong = rooms_imported(file.read_text()) - MAY_IMPORT[room.name] - {room.name}
        assert not wrong, f"{file.relative_to(ROOT)} may not import {sorted(wrong)}"


@pytest.mark.parametrize("room", rooms(), ids=lambda p: p.name)
def test_every_room_is_on_the_plan_and_has_a_caption(room):
    assert room.name in MAY_IMPORT
    assert ast.get_docstring(ast.parse((room / "__init__.py").read_text()))


def test_a_lazy_import_is_found_too():
    assert rooms_imported("def f():\n    from llm4rec.data import x\n") == {"data"}


@pytest.mark.parametrize("file", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_heavy_is_loaded_at_import(file):
    if file.stem.endswith(BEHIND_A_DOOR) or (
        any(room in file.parents for room in SERVICE) and file.name not in LIGHT
    ):
        return
    tree = ast.parse(file.read_text())
    for node in tree.body:
        names = []
        if isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        assert not {n.split(".")[0] for n in names} & HEAVY, f"{file} loads {names} when imported"
        assert not any(n.endswith(BEHIND_A_DOOR) for n in names), f"{file} opens {names} when imported"
        opened = [n for n in names if n.startswith("llm4rec.apps.rest") and not n.endswith("rest.options")]
        assert not opened, f"{file} opens {opened} when imported"


@pytest.mark.parametrize("file", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_stay_small(file):
    text = file.read_text()
    assert text.count("\n") <= 400, "a file is split by 400 lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            doc = ast.get_docstring(node, clean=False) or ""
            lines = node.end_lineno - node.lineno + 1 - doc.count("\n")
            assert lines <= 41, f"{file.name}:{node.lineno} {node.name} has {lines} lines"
