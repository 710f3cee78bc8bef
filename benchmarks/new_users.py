"""People the engine has never seen: a fifth of the users is held out as a whole and asks with a bare history.

The target is their last item; the history is cut to its first or latest k events. What the whole history holds is
excluded in every row, so that all rows choose among the same items.
"""

from __future__ import annotations

import sys
from typing import Any

from benchmarks.common import evaluated, keep, loaded

NAMES = ("ml-100k", "amazon-beauty")
MODELS = "sequence,transition,ease,popular"


def main() -> None:
    for name in sys.argv[1:] or NAMES:
        print(f"-- {name}", flush=True)
        content = evaluated(loaded(name), "cold-users", MODELS, metrics=["ndcg@10"])
        keep(f"new-users-{name}", content)
        shares(content)


def shares(content: dict[str, Any]) -> None:
    """Each truncated history as a share of the whole one."""
    for model, row in content["models"].items():
        whole = row["metrics"]["ndcg@10"]["mean"]
        parts = {
            view.partition("/")[0]: f"{value['mean'] / whole:.1%}"
            for view, value in row["metrics"].items()
            if "/" in view
        }
        print(f"{model:12s} whole {whole:.4f}", parts, flush=True)


if __name__ == "__main__":
    main()
