"""Full ranking of all items for known users: the default model, its knock-outs and traditional models.

Fitted on the training part alone; settings chosen on validation; the test part is asked once.
"""

from __future__ import annotations

import sys

from benchmarks.common import evaluated, keep, loaded

MODELS = (
    "sequence,sequence(leave_out=text+words),sequence(leave_out=attributes),"
    "sequence(leave_out=text+words+attributes),transition,ease,ease(decay=none;tune=false),itemknn,popular"
)
PROTOCOLS = {"amazon-beauty": "official:split", "amazon-games": "official:split", "ml-100k": "leave-last-out"}


def main() -> None:
    for name in sys.argv[1:] or PROTOCOLS:
        print(f"-- {name}", flush=True)
        metrics = ["ndcg@10", "hr@10", "mrr@10", "coverage@10", "novelty@10"]
        keep(f"warm-{name}", evaluated(loaded(name), PROTOCOLS[name], MODELS, metrics=metrics))


if __name__ == "__main__":
    main()
