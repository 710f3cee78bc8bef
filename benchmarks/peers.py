"""Other libraries on the same split, the same candidates and the same metrics, each in a process of its own.

python -m benchmarks.peers [TABLE ...] [LIBRARY ...] [MODEL ...]: tables and rows of benchmarks/versus/catalogue.py, and any model
of ours by name, as in "als(factors=64)". Rows that were measured before under the same terms join the table. The libraries live in
environments of their own: see benchmarks/peers-requirements.txt.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.common import OUT, keep, loaded
from benchmarks.versus.catalogue import OURS, PEERS, TABLES, Entry, Table
from benchmarks.versus.compare import COSTS, against, page, ratios, reference_of
from benchmarks.versus.job import THREADS, NoInterpreter, interpreter
from benchmarks.versus.rates import ReplayRates
from benchmarks.versus.replay import Ask, Elsewhere, ReplayLists
from llm4rec.apps.cli.evaluate import resolved
from llm4rec.core import Llm4recError, SettingsError, Sparse, suggest
from llm4rec.data import LoadedDataset, default_blocks, split
from llm4rec.engine import parse_variant
from llm4rec.engine.registry import names as registered
from llm4rec.evaluation import Plan, Terms, Trial, compared, parse_metrics, run_trial, terms
from llm4rec.evaluation.partial import Partial

FAILED_EVERYWHERE = 1


@dataclass(frozen=True)
class Asked:
    """What the command line asks for."""

    tables: Sequence[str]
    rows: Sequence[str]
    resume: bool = False
    once: bool = False
    reference: str = ""

    @classmethod
    def of(cls, words: Sequence[str]) -> Asked:
        """SettingsError names what is neither a table, a library's row nor a model of ours."""
        parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
        parser.add_argument("names", nargs="*", help="tables, rows of other libraries, models of ours")
        parser.add_argument("--resume", action="store_true", help="measure only rows that are not there yet")
        parser.add_argument(
            "--once", action="store_true", help="time our rows in the fit that chooses their settings"
        )
        parser.add_argument("--reference", default="", help="the row that all others are set against")
        given = parser.parse_args(words)
        rows = [name for name in given.names if name not in TABLES]
        for name in rows:
            if name not in PEERS and parse_variant(name)[0] not in registered("model"):
                known = (*TABLES, *PEERS, *registered("model"))
                raise SettingsError(
                    f"{name!r} is no table, library or model{suggest(name, known)}; there are: {', '.join(known)}"
                )
        tables = [name for name in given.names if name in TABLES] or list(TABLES)
        return cls(tables, rows, given.resume, given.once, given.reference)

    def rows_of(self, table: str) -> list[str]:
        """The rows asked for; without any, ours that exist and the libraries meant for the table."""
        if self.rows:
            return list(self.rows)
        ours = [name for name in TABLES[table].ours if name in registered("model")]
        return [*ours, *(name for name, entry in PEERS.items() if table in entry.tables)]


def main(words: Sequence[str] | None = None) -> int:
    """Exit code 3 where the libraries' interpreter is missing, as with a missing data set."""
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(143)
    )  # so that workers are ended and their folders removed
    try:
        asked = Asked.of(sys.argv[1:] if words is None else words)
        if any(
            PEERS[row].home == "peers" for name in asked.tables for row in asked.rows_of(name) if row in PEERS
        ):
            interpreter("peers")
    except NoInterpreter as error:
        print(error, file=sys.stderr)
        return 3
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    codes = [measured(name, asked) for name in asked.tables]
    return max(codes, default=0)


def measured(name: str, asked: Asked) -> int:
    """One table: its rows measured, joined with those on file, compared, written and shown."""
    table = TABLES[name]
    data = loaded(table.data)
    made = split(
        data.dataset, resolved(table.protocol, data), data.marks, np.random.default_rng(0), table.target_time
    )
    ask = Ask(table, made, features_of(data), asked.once)
    base = terms(data.dataset, made)
    kept = Partial.of(
        OUT / "peers" / f"{name}.json", json.dumps([base.fingerprint, table.metrics]), resume=True
    )
    failed: dict[str, str] = {}
    for row in asked.rows_of(name):
        found = kept.get(row)
        if asked.resume and found is not None and current(row, found, name):
            continue
        print(f"-- {name}: {row}", flush=True)
        try:
            kept.put(row, trial_of(row, ask))
        except Llm4recError as error:
            failed[row] = str(error)
            print(f"{row} failed: {error}", file=sys.stderr, flush=True)
    order = [row for row in (*table.ours, *PEERS, *kept.trials) if row in kept.trials and row not in failed]
    on_file = {row: found for row in dict.fromkeys(order) if (found := kept.get(row)) is not None}
    trials = {row: found for row, found in on_file.items() if current(row, found, name)}
    if not trials:
        print(f"{name}: no row could be measured", file=sys.stderr)
        return FAILED_EVERYWHERE
    content = summed_up(name, trials, base, failed, asked.reference)
    keep(f"peers-{name}", content)
    (OUT / f"peers-{name}.md").write_text(page(content), encoding="utf-8")
    print(page(content), flush=True)
    return 0


def current(row: str, trial: Trial, table: str) -> bool:
    """Whether a row on file was chosen from the grid as it is now."""
    grid = PEERS[row].grid_for(table) if row in PEERS else ()
    return len(grid) < 2 or [told["setting"] for told in trial.settings["tuning"]] == [
        dict(one) for one in grid
    ]


def features_of(data: LoadedDataset) -> dict[str, Sparse]:
    """Attributes of items and users as numbers, the same for every library that takes any."""
    tables = {"item_features": data.dataset.catalog, "user_features": data.dataset.users}
    made = {name: default_blocks(table).fit(table).transform(table) for name, table in tables.items()}
    return {name: block for name, block in made.items() if block.shape[1]}


def trial_of(row: str, ask: Ask) -> Trial:
    """One row over all folds by `llm4rec.evaluation`, with the costs its own processes report instead of ours."""
    entry: Entry = PEERS.get(row, OURS)
    kind = (
        ReplayRates if ask.split.folds[0].pairs is not None and "rmse" in ask.table.metrics else ReplayLists
    )
    engines: list[Elsewhere] = []

    def engine_for(seed: int) -> Elsewhere:
        engines.append(kind(row, entry, ask, seed))
        return engines[-1]

    try:
        found = run_trial(row, engine_for, ask.split.folds, Plan(parse_metrics(ask.table.metrics)))
    finally:
        for engine in engines:
            engine.close()
    notes = [engine.notes for engine in engines]
    costs = {key: told(notes, key) for key in (*COSTS, "base_mb", "recommend_users", "numbers_seconds")}
    said = {**notes[0], **costs, "home": entry.home, "folds": [note["setting"] for note in notes]}
    return replace(
        found,
        fit_seconds=costs["fit_seconds"],
        score_seconds=costs["recommend_seconds"] or found.score_seconds,
        peak_rss_mb=costs["peak_mb"],
        settings=said,
    )


def told(notes: Sequence[dict[str, Any]], key: str) -> float | None:
    """One cost over the folds: the most memory, the mean of the rest; None where it was not measured."""
    values = [note[key] for note in notes if note.get(key) is not None]
    if not values:
        return None
    return float(max(values) if key.endswith("_mb") else np.mean(values))


def summed_up(
    name: str, trials: dict[str, Trial], base: Terms, failed: dict[str, str], reference: str
) -> dict[str, Any]:
    """The table as plain values."""
    table: Table = TABLES[name]
    first = reference_of((reference, *table.reference), list(trials))
    results = {row: one.as_json() for row, one in compared(trials, dict.fromkeys(trials, base)).items()}
    apart = {metric: against(trials, first, metric) for metric in table.metrics}
    rows = {}
    for row, result in results.items():
        said = trials[row].settings
        rows[row] = {
            **said,
            "metrics": result["metrics"],
            "against": {metric: apart[metric][row] for metric in table.metrics if row in apart[metric]},
            "ratios": ratios(said, trials[first].settings),
            "degraded": result["degraded"],
        }
    protocol = {"name": base.facts.get("protocol", table.protocol), "fingerprint": base.fingerprint}
    return {
        "table": name,
        "protocol": protocol,
        "metrics": list(table.metrics),
        "reference": first,
        "threads": THREADS,
        "time_aware": table.target_time,
        "rows": rows,
        "failed": failed,
    }


if __name__ == "__main__":
    sys.exit(main())
