"""Words steer: hand-written remarks in English and Chinese, and whether the next list moves as each means it to.

python -m benchmarks.remarks [first] [second] [third] [fourth] [fifth] [sixth] [seventh] [told]

Lists are of ml-100k and of the sample shop, for people to whom the remark can be said: the first of a seeded order whose
list has what the remark speaks against, or lacks some of what it asks for. What a list has is read from columns of the
catalog, never from the reading of the remark. Each remark is made by PEOPLE people. `first` is the half of the remarks that was written before their reader was
and served for choosing its constants; `second` was kept apart until the end, and then showed
how to mend the reader; `third` was written after that, by somebody who had not seen the reader, and
`fourth` to `seventh` later in the same way, each after the reader had been mended with the part before. `told` prints every remark,
not only those that failed. Shares come with a 95 % bootstrap interval over remarks: the lists of one remark are not independent.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.common import keep, loaded
from llm4rec.core import Catalog, Dataset, Id
from llm4rec.data.shop import sample_shop
from llm4rec.engine import Engine
from llm4rec.evaluation import Sample, bootstrap, interval

HERE = Path(__file__).parent / "remarks.txt"
N, SEED, TRIED, PEOPLE = 10, 20_261, 400, 5
HALVES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh")


@dataclass(frozen=True)
class Case:
    """One remark, the world it is made in, and how the list is meant to move."""

    world: str
    half: str
    text: str
    meant: tuple[str, ...]


class World:
    """One engine, and what its lists have by the columns of its catalog."""

    def __init__(self, data: Dataset) -> None:
        self.engine = Engine(model="ease", tune=False, reg=200.0).fit(data)
        self.catalog: Catalog = data.catalog
        self.users = [data.users.ids.ids[i] for i in np.random.default_rng(SEED).permutation(len(data.users))]
        self.lists: dict[Id, tuple[Id, ...]] = {}

    def asked(self) -> Iterator[tuple[Id, tuple[Id, ...]]]:
        """People in their order, and their lists before any remark."""
        for user in self.users[:TRIED]:
            if user not in self.lists:
                self.lists[user] = self.engine.recommend(user, n=N).items
            yield user, self.lists[user]

    def share(self, what: str, items: tuple[Id, ...], shown: tuple[Id, ...]) -> float:
        """The share of items that have any of A/B/C."""
        sets = [self.having(part, shown) for part in what.split("/")]
        return float(np.mean([any(self.catalog.ids.number(i) in held for held in sets) for i in items]))

    def having(self, what: str, shown: tuple[Id, ...]) -> set[int]:
        """The items that have one value, or a number on one side of another."""
        for sign, held in (("<", np.less), (">", np.greater)):
            if sign in what:
                column, bound = what.split(sign)
                numbers = np.asarray(self.catalog.columns[column].values, float)
                return set(np.flatnonzero(held(numbers, float(bound))).tolist())
        if "@" in what:
            column, place = what.split("@")
            values = self.catalog.columns[column].values
            what = f"{column}={values[self.catalog.ids.number(shown[int(place) - 1])]}"
        column, _, value = what.partition("=") if "=" in what else ("categories", "", what)
        rows = self.catalog.columns[column].values
        return {
            n
            for n, row in enumerate(rows)
            if row is not None and (value in row if isinstance(row, tuple) else value == row)
        }

    def more(self, what: str, shown: tuple[Id, ...], user: Id) -> bool:
        """Whether there are items of it that are neither shown nor known: an author of one book cannot have more."""
        data = self.engine.fitted.dataset
        known = set(data.history(data.users.ids.number(user)).items.tolist())
        held = set().union(*(self.having(part, shown) for part in what.split("/")))
        return bool(held - known - set(self.catalog.ids.numbers(shown).tolist()))

    def mean(self, column: str, items: tuple[Id, ...]) -> float:
        """The mean of a number over the items of which it is known."""
        return float(
            np.nanmean(
                np.asarray(self.catalog.columns[column].values, float)[self.catalog.ids.numbers(items)]
            )
        )

    def item(self, what: str, shown: tuple[Id, ...]) -> int:
        """The number of the item at a place, or of a title."""
        if what.startswith("="):
            return list(self.catalog.columns["title"].values).index(what[1:])
        return int(self.catalog.ids.number(shown[int(what) - 1]))

    def common(self, item: int, items: tuple[Id, ...]) -> float:
        """The mean share of categories in common with one item, over the others."""
        rows = self.catalog.columns["categories"].values
        own = set(rows[item])
        others = [set(rows[n]) for n in self.catalog.ids.numbers(items).tolist() if n != item]
        found = [len(own & other) / max(len(own | other), 1) for other in others]
        return float(np.mean(found)) if found else 0.0


def value(world: World, meant: str, items: tuple[Id, ...], shown: tuple[Id, ...]) -> float:
    """What is to rise, by one intention."""
    sign, what = meant[0], meant[1:]
    if sign in "+-":
        return (1 if sign == "+" else -1) * world.share(what, items, shown)
    if sign in "<>":
        return (1 if sign == ">" else -1) * world.mean(what, items)
    if sign in "~^":
        return (1 if sign == "~" else -1) * world.common(world.item(what, shown), items)
    gone = set(shown) if what == "*" else {world.catalog.ids.ids[world.item(what, shown)]}
    return -float(len(gone & set(items)))


def fits(world: World, meant: str, shown: tuple[Id, ...], user: Id) -> bool:
    """Whether a remark can be made of this list: there is something to fall, and room to rise."""
    now = value(world, meant, shown, shown)
    if meant[0] == "-":
        return now <= -0.2
    if meant[0] == "+":
        return now <= 0.7 and world.more(meant[1:], shown, user)
    if meant[0] == "!":
        return now < 0
    if meant[0] == "~":
        return now <= 0.7 and (
            meant[1] != "=" or world.catalog.ids.ids[world.item(meant[1:], shown)] not in shown
        )
    return meant[0] != "^" or now <= -0.1


def moved(world: World, case: Case) -> tuple[list[bool], str]:
    """Whether the list of each person moved as meant, in all directions, and what was understood where one did not."""
    done: list[bool] = []
    told = "nobody's list fits"
    for user, shown in world.asked():
        if len(done) == PEOPLE:
            break
        if all(fits(world, meant, shown, user) for meant in case.meant):
            heard = world.engine.remark(case.text, user, shown=shown)
            after = world.engine.recommend(user, n=N, remarks=heard).items
            pairs = [(value(world, m, shown, shown), value(world, m, after, shown)) for m in case.meant]
            done.append(bool(after) and all(new > old for old, new in pairs))
            if all(done) or not done[-1]:
                told = f"{'; '.join(str(heard.read).splitlines())} {np.round(pairs, 2).tolist()}"
    return done or [False], told


def cases() -> list[Case]:
    """All remarks of the file."""
    rows = [
        line.split(" | ") for line in HERE.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"
    ]
    return [Case(world, half, text, directions(meant)) for world, half, text, meant in rows]


def directions(meant: str) -> tuple[str, ...]:
    """Intentions parted by spaces; a value may hold some itself."""
    found: list[str] = []
    for part in meant.split():
        if part[0] in "+-<>~^!" or not found:
            found.append(part)
        else:
            found[-1] += f" {part}"
    return tuple(found)


def main() -> None:
    halves = [name for name in sys.argv[1:] if name in HALVES] or list(HALVES)
    worlds = {"films": World(loaded("ml-100k").dataset), "shop": World(sample_shop())}
    results: dict[str, list[tuple[Case, list[bool]]]] = {half: [] for half in halves}
    for case in cases():
        if case.half in halves:
            done, told = moved(worlds[case.world], case)
            results[case.half].append((case, done))
            if not all(done) or "told" in sys.argv:
                print(
                    f"{sum(done)} of {len(done)}: {case.world} {case.text!r} {case.meant}: {told}", flush=True
                )
    keep("remarks", {half: summary(told) for half, told in results.items()})


def summary(told: list[tuple[Case, list[bool]]]) -> dict[str, object]:
    """How many remarks and lists, the share of lists that moved as meant, and of remarks with which every list did."""
    parts = {
        "all": told,
        "films": [one for one in told if one[0].world == "films"],
        "shop": [one for one in told if one[0].world == "shop"],
        "chinese": [one for one in told if not one[0].text.isascii()],
    }
    found: dict[str, object] = {"remarks": len(told), "lists": sum(len(done) for _, done in told)}
    for name, part in parts.items():
        found[name] = {
            "lists_moved": float(np.mean([one for _, done in part for one in done])),
            "interval": sure(part),
            "remarks_moved": float(np.mean([all(done) for _, done in part])),
        }
    print(found, flush=True)
    return {**found, "failed": [case.text for case, done in told if not all(done)]}


def sure(told: list[tuple[Case, list[bool]]]) -> list[float]:
    """The 95 % interval of the share of lists, remarks drawn with replacement, all lists of one together."""
    sample = Sample(
        np.array([float(sum(done)) for _, done in told]), np.array([float(len(done)) for _, done in told])
    )
    return list(interval(bootstrap([sample], np.random.default_rng(SEED))))


if __name__ == "__main__":
    main()
