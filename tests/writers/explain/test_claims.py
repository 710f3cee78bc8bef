"""The checker of claims, on claims made by hand: what is true passes, what is false does not.

The scenes of "The War of the Worlds", "Fresh Paint" and "星河" were written after the checker and changed nothing in it.
"refused" are true and not understood.
"""

import json
from pathlib import Path

import pytest

from llm4rec.core import Evidence
from llm4rec.writers.explain.claims import Checker

SCENES = json.loads((Path(__file__).parent / "claims.json").read_text(encoding="utf-8"))


def checker(scene):
    pieces = []
    for piece in scene["evidence"]:
        given = {k: tuple(v) if isinstance(v, list) else v for k, v in piece.items()}
        pieces.append(Evidence(**given))
    return Checker(scene["title"], pieces, scene["language"])


CASES = [
    (scene, text, truth)
    for scene in SCENES
    for truth in ("true", "refused", "false")
    for text in scene.get(truth, ())
]


def test_there_are_enough_of_both():
    assert len(CASES) >= 200
    assert min(sum(t == truth for _, _, t in CASES) for truth in ("true", "false")) >= 75


@pytest.mark.parametrize(("scene", "text", "truth"), CASES, ids=[f"{t}: {c[:60]}" for _, c, t in CASES])
def test_claim(scene, text, truth):
    assert checker(scene).accepts(text) is (truth == "true")
