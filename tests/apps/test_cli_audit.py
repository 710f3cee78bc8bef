"""What an audit says where fake profiles reach more lists than they may."""

import pytest

from llm4rec.apps.cli.audit import show


@pytest.mark.parametrize(("after", "held"), [(0.004, True), (0.02, False)])
def test_a_broken_limit_comes_with_what_helps(after, held, capsys):
    show(
        {
            "protected": {"held_back": [], "seen": []},
            "counterfactual": {},
            "influence": {"removed": []},
            "manipulation": {
                "profiles": 10,
                "attacks": {"apart": {"before": 0.0, "after": after}},
                "limit": 0.01,
                "held": held,
            },
        }
    )
    told = "".join(capsys.readouterr())
    assert ("broken" in told) is not held
    assert ("support" in told) is not held
