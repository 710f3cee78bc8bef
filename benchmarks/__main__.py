"""Run benchmarks by name, all of them without one: python -m benchmarks [warm|cold_items|new_users|latency|…]."""

from __future__ import annotations

import os
import subprocess
import sys

NAMES = {
    "warm": "full ranking on three data sets, with knock-out rows",
    "cold_items": "items that nobody has touched",
    "new_users": "people the engine has never seen",
    "few_shot": "newcomers after 1, 3, 5 and 10 first events, beside Reptile (half an hour)",
    "stacked": "the stacker against each of its inputs",
    "knob": "what a setting of a knob gains and costs, on three data sets",
    "order": "what reranking costs and gains on three catalogs, by genres and by texts",
    "order_speed": "what a reranker costs a person, by the number of candidates",
    "attack": "fake profiles against three models, without and with caps on an account",
    "tradeoff": "diversity and novelty in the training of attention or behind it; whole fronts of three data sets",
    "ratings": "stars on the five official folds of ml-100k, with intervals",
    "explanations": "do cited things matter, is every claim so, how long does an explanation take",
    "descriptions": "descriptions of films and books: is every claim so, how alike are they, do they help cold items",
    "remarks": "words steer: hand-written remarks, and whether the next list moves as meant",
    "few_labels": "sentiment of reviews with 100 labels",
    "distil": "a student of the stacker: its share of NDCG@10, its time, its memory",
    "latency": "one request at 12,000 items",
    "startup": "import and --help",
    "serving": "the service under load, beside a bare route and Cornac's server; what sizes cost",
    "page_speed": "the page in a browser: first paint, a slider's move, what open pages cost",
    "faults": "a service killed, promoted under load and watched for long; nothing lost, mixed or leaked (half an hour)",
    "store": "feedback and impressions acknowledged a second",
    "als_speed": "als beside implicit: a sweep, and accuracy on validation",
    "recommend_all": "ten items for everybody, beside implicit",
    "adapting": "the adapted encoder: new items, sentiment of reviews (hours on a CPU)",
    "compression": "the encoder compressed: size, speed, and what its vectors are worth",
    "prompted": "a small causal model taught from nothing, alone and in the stacker (15 minutes)",
    "encoder_throughput": "texts a second beside the bare library",
    "offpolicy": "do off-policy intervals hold the known truth in 500 simulated logs, are orders of policies right",
    "learning": "a service that learns beside a frozen engine, in worlds with known truth",
    "refits": "an engine fitted again: anew, with its settings, from what it had learnt; seconds and NDCG@10 of what comes next",
    "growth": "a full ranking costs as much as there are pairs of user and item",
    "memory": "a full ranking of amazon-games in under 3 GB, with every model",
    "peers": "other libraries on the same questions, each in a process of its own",
}


OTHERS = frozenset({"peers", "als_speed", "recommend_all", "serving"})
"""Benchmarks that run other libraries, and read LLM4REC_PEERS_PYTHON."""


def environment(name: str) -> dict[str, str]:
    """LLM4REC_... are settings, and an unknown one is an error: what tells where the other libraries are is for OTHERS alone."""
    return {k: v for k, v in os.environ.items() if name in OTHERS or not k.startswith("LLM4REC_PEERS_")}


def main() -> int:
    """Exit code 0 when every benchmark ran; 3 (a data set is missing) does not count as a failure."""
    asked = sys.argv[1:] or list(NAMES)
    unknown = [name for name in asked if name not in NAMES]
    if unknown:
        print(f"no benchmark {unknown[0]!r}; there are: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    codes = []
    for name in asked:
        print(f"== {name}: {NAMES[name]}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}"]
        codes.append(subprocess.run(command, check=False, env=environment(name)).returncode)
    return max((code for code in codes if code != 3), default=0)


if __name__ == "__main__":
    sys.exit(main())
