"""Groups of people and of items by any attribute, and what is measured of each. Knows nothing of models.

Besides the columns of the data there are two groups that every data set has: `activity` of people (quarters by how many
events they have in the training part) and `popularity` of items (head, middle, tail).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from llm4rec.core import Catalog, Column, ColumnType, Dataset, Numbers, SettingsError, Sparse, Table, suggest
from llm4rec.core.labels import ones
from llm4rec.core.sets import discount, popularity_groups, shares
from llm4rec.evaluation.samples import Measure, Rows

MOST = 20  # groups of an attribute; the rarer ones are one group together
BINS = 4  # of numbers, by quantiles
UNTOLD, OTHERS = "not told", "others"
OWN = {"activity": "users", "popularity": "items"}
USABLE = (ColumnType.CATEGORY, ColumnType.TAGS, ColumnType.NUMBER, ColumnType.TIME)
Side = Literal["users", "items"]


@dataclass(frozen=True, eq=False)
class Groups:
    """An attribute of people or items: who has a part in which group, (rows, groups), rows that sum to one."""

    name: str
    side: Side
    member: Sparse
    labels: tuple[str, ...]


def side_of(name: str, dataset: Dataset) -> tuple[Side, str]:
    """Whether an attribute is of people or of items, and its column; "users.NAME" and "items.NAME" say so themselves.

    SettingsError where there is no such attribute, it cannot be grouped by, or both have it.
    """
    tables: Mapping[Side, Table] = {"users": dataset.users, "items": dataset.catalog}
    prefix, dot, rest = name.partition(".")
    wanted = [side for side in tables if not dot or prefix == side]
    column = rest if dot and wanted else name
    wanted = wanted or list(tables)
    having = [side for side in wanted if column in tables[side].columns or OWN.get(column) == side]
    if len(having) > 1:
        raise SettingsError(f"users and items both have {column!r}; say users.{column} or items.{column}")
    if not having:
        known = [*OWN, *(c for side in wanted for c in tables[side].columns)]
        near = suggest(column, known) or f"; there are: {', '.join(known)}"
        raise SettingsError(f"no attribute {name!r} to group by{near}")
    side = having[0]
    found = tables[side].columns.get(column)
    if found is not None and found.type not in USABLE:
        raise SettingsError(
            f"{column!r} of {side} is {found.type.value}; groups need a category, tags, a number or a time"
        )
    return side, column


def groups_of(name: str, dataset: Dataset, catalog: Catalog) -> Groups:
    """The groups of an attribute of a training part; `catalog` is its catalog with newcomers."""
    side, column = side_of(name, dataset)
    table: Table = dataset.users if side == "users" else catalog
    found = table.columns.get(column)
    rows = _own(column, dataset, len(catalog)) if found is None else _labels(found)
    counts = Counter(label for row in rows for label in row)
    kept = {label for label, _ in counts.most_common(MOST)}
    told = [tuple(label if label in kept else OTHERS for label in row) or (UNTOLD,) for row in rows]
    matrix, labels = ones(told)
    order = sorted(range(len(labels)), key=lambda place: (labels[place] in (UNTOLD, OTHERS), labels[place]))
    # A value may hold what parts the name of a view.
    safe = tuple(labels[place].replace("/", "∕") for place in order)
    return Groups(name, side, shares(matrix[:, order]), safe)


def _labels(column: Column) -> list[tuple[str, ...]]:
    """The groups of each row; a missing value is in none."""
    if column.type is ColumnType.TAGS:
        return [tuple(dict.fromkeys(value)) for value in column.values]
    if column.type is ColumnType.CATEGORY:
        return [(str(value),) if value else () for value in column.values]
    return _quantiles(np.asarray(column.values, dtype=np.float64))


def _quantiles(values: np.ndarray) -> list[tuple[str, ...]]:
    """Quantile bins of numbers, as "18..25", numbered so that they stand in order."""
    known = values[np.isfinite(values)]
    inner = np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1], method="higher") if len(known) else []
    edges = np.unique(inner)
    edges = edges[edges > known.min(initial=np.inf)]
    place = np.searchsorted(edges, values, side="right")
    bins = [known[np.searchsorted(edges, known, side="right") == n] for n in range(len(edges) + 1)]
    names = [f"{n}: {one.min():g}..{one.max():g}" for n, one in enumerate(bins, 1) if len(one)]
    return [(names[p],) if np.isfinite(v) else () for p, v in zip(place, values, strict=True)]


def _own(name: str, dataset: Dataset, items: int) -> list[tuple[str, ...]]:
    """Groups that every data set has."""
    if name == "activity":
        return _quantiles(np.diff(dataset.offsets).astype(np.float64))
    taken = np.zeros(items, dtype=np.int64)
    taken[: len(dataset.counts)] = dataset.counts
    names = ("1: head", "2: middle", "3: tail")
    return [(names[group],) for group in popularity_groups(taken)]


def by_users(groups: Groups, measures: Mapping[str, Measure]) -> dict[str, Measure]:
    """Each measure that has a value a question, for the questions of each group of people, as "gender=F/ndcg@10"."""
    result: dict[str, Measure] = {}
    for place, label in enumerate(groups.labels):
        inside = np.asarray(groups.member[:, [place]].todense()).ravel() > 0
        for name, rows in measures.items():
            if isinstance(rows, Rows):
                known = np.where(rows.users < 0, len(inside), rows.users)
                chosen = np.append(inside, label == UNTOLD)[known]
                if chosen.any():
                    result[f"{groups.name}={label}/{name}"] = rows.where(chosen)
    return result


def by_items(
    groups: Groups, lists: Numbers, users: Numbers, counts: Numbers, base: str
) -> dict[str, Measure]:
    """The share of exposure that each group of items gets in each list, or (parity) that over its share of what was taken.

    Exposure of a place is 1 / log2(1 + rank) (Singh and Joachims 2018); 1 is exposure in proportion to merit. A group that
    nobody took from has no parity.
    """
    looked = np.where(lists >= 0, discount(lists.shape[1]), 0.0)
    taken = np.zeros(groups.member.shape[0])
    taken[: len(counts)] = counts
    merit = np.asarray(taken @ groups.member).ravel() / max(float(taken.sum()), 1e-300)
    result: dict[str, Measure] = {}
    for place, label in enumerate(groups.labels):
        part = np.asarray(groups.member[:, [place]].todense(), dtype=np.float64).ravel()
        share = (looked * part[np.maximum(lists, 0)]).sum(axis=1) / np.maximum(looked.sum(axis=1), 1e-300)
        if base == "exposure" or merit[place] > 0:
            value = share if base == "exposure" else share / merit[place]
            result[f"{groups.name}={label}/{base}@{lists.shape[1]}"] = Rows(users, value)
    return result


def is_group(view: str) -> bool:
    """Whether a view of a protocol is a group of one: "gender=F", "warm/gender=F"."""
    return "=" in view.rpartition("/")[2]


def tables(content: Mapping[str, Any]) -> dict[tuple[str, str], dict[str, dict[str, dict[str, Any]]]]:
    """(attribute with its view, metric) -> model -> group -> estimate, from the JSON of an evaluation."""
    found: dict[tuple[str, str], dict[str, dict[str, dict[str, Any]]]] = {}
    for model, result in content["models"].items():
        for name, estimate in result["metrics"].items():
            view, _, metric = name.rpartition("/")
            if is_group(view):
                attribute, _, group = view.partition("=")
                table = found.setdefault((attribute, metric), {})
                table.setdefault(model, {})[group] = estimate
    return found


def gap(groups: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The best group less the worst, over the mean of all groups that are told, with a 95 % interval.

    Groups are different people, so that the spreads of the two add up. The best and the worst of several are further apart
    than chance would have any two: with many small groups a gap is no finding.
    """
    known = {n: e for n, e in groups.items() if n != UNTOLD and None not in (e["mean"], e["low"], e["high"])}
    if len(known) < 2:
        return {"mean": None, "low": None, "high": None}
    best = max(known, key=lambda name: known[name]["mean"])
    worst = min(known, key=lambda name: known[name]["mean"])
    top, bottom = known[best], known[worst]
    middle = max(float(np.mean([e["mean"] for e in known.values()])), 1e-300)
    apart = top["mean"] - bottom["mean"]
    down = float(np.hypot(top["mean"] - top["low"], bottom["high"] - bottom["mean"]))
    up = float(np.hypot(top["high"] - top["mean"], bottom["mean"] - bottom["low"]))
    values = {"mean": apart / middle, "low": max(0.0, apart - down) / middle, "high": (apart + up) / middle}
    return {**values, "best": best, "worst": worst}


def gaps(content: Mapping[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """model -> "gender/ndcg@10" -> gap."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for (attribute, metric), models in tables(content).items():
        for model, groups in models.items():
            found.setdefault(model, {})[f"{attribute}/{metric}"] = gap(groups)
    return found


def with_exposure(by: Sequence[str], dataset: Dataset, metrics: Sequence[str]) -> tuple[str, ...]:
    """Names of the group metrics to add: exposure and parity at 10 where items are grouped and neither was asked for."""
    asked = any(name.partition("@")[0] in ("exposure", "parity") for name in metrics)
    items = any(side_of(name, dataset)[0] == "items" for name in by)
    return ("exposure@10", "parity@10") if items and not asked else ()
