"""Run benchmarks by name, all of them without one: python -m benchmarks [warm|cold_items|new_users|latency|…]."""

from __future__ import annotations

import subprocess
import sys

NAMES = {
    "warm": "full ranking on three data sets, with knock-out rows",
    "cold_items": "items that nobody has touched",
    "new_users": "people the engine has never seen",
    "stacked": "the stacker against each of its inputs",
    "ratings": "stars on the five official folds of ml-100k, with intervals",
    "latency": "one request at 12,000 items",
    "startup": "import and --help",
    "als_speed": "als beside implicit: a sweep, and accuracy on validation",
    "recommend_all": "ten items for everybody, beside implicit",
    "encoder_throughput": "texts a second beside the bare library",
    "growth": "a full ranking costs as much as there are pairs of user and item",
    "memory": "a full ranking of amazon-games in under 3 GB, with every model",
    "peers": "other libraries on the same questions, each in a process of its own",
}


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
        codes.append(subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode)
    return max((code for code in codes if code != 3), default=0)


if __name__ == "__main__":
    sys.exit(main())
