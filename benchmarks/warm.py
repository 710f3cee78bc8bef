"""Full ranking of all items for known users: the default model, its knock-outs and traditional models.

Fitted on the training part alone; settings chosen on validation; the test part is asked once.
"""

from __future__ import annotations

import sys

from benchmarks.common import evaluated, keep, loaded

PLAIN = "transition,ease,ease(decay=none;tune=false),itemknn,popular"
NO_TEXT, NO_ATTRIBUTES, NEITHER = (
    f"sequence(leave_out={parts})" for parts in ("text+words", "attributes", "text+words+attributes")
)
DATA = {  # data set: protocol and rows; the games have titles only
    "amazon-beauty": ("official:split", f"sequence,{NO_TEXT},{NO_ATTRIBUTES},{NEITHER},{PLAIN}"),
    "ml-100k": ("leave-last-out", f"sequence,{NO_TEXT},{NO_ATTRIBUTES},{NEITHER},{PLAIN}"),
    "amazon-games": ("official:split", f"sequence,{NO_TEXT},{PLAIN}"),
}
METRICS = ["ndcg@10", "hr@10", "mrr@10", "coverage@10", "novelty@10"]


def main() -> None:
    for name in sys.argv[1:] or DATA:
        print(f"-- {name}", flush=True)
        protocol, models = DATA[name]
        keep(f"warm-{name}", evaluated(loaded(name), protocol, models, metrics=METRICS))


if __name__ == "__main__":
    main()
