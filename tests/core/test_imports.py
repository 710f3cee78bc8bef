"""Importing costs next to nothing: each statement runs in an interpreter of its own."""

import json
import subprocess
import sys

import pytest

import llm4rec


def loaded_by(statement):
    """Top-level modules that are loaded after the statement."""
    code = (
        f"{statement}\nimport sys, json\nprint(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_the_package_alone_loads_nothing_big():
    assert not loaded_by("import llm4rec") & {"torch", "scipy", "polars", "numpy", "pydantic"}


@pytest.mark.parametrize(
    ("statement", "never"),
    [
        ("import llm4rec.core", {"torch", "transformers", "sentence_transformers", "polars", "matplotlib"}),
        ("import llm4rec.testing", {"torch", "transformers", "polars"}),
        ("from llm4rec import Engine", {"torch", "transformers", "sentence_transformers", "matplotlib"}),
        ("import llm4rec.apps.cli.main", {"torch", "transformers", "polars", "scipy", "matplotlib"}),
        ("import llm4rec.models.sequence", {"torch", "transformers", "polars"}),
        ("import llm4rec.writers", {"torch", "transformers", "openai", "httpx2", "llguidance"}),
    ],
)
def test_no_door_loads_what_it_may_never_need(statement, never):
    assert not loaded_by(statement) & never


@pytest.mark.parametrize("name", llm4rec.__all__)
def test_every_public_name_is_there(name):
    assert getattr(llm4rec, name) is not None


def test_an_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Motor'"):
        llm4rec.Motor  # noqa: B018
