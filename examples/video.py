"""Video: an evening's list; data: MovieLens 100K (a slice: the 250 busiest viewers).

What it needs: a list that mirrors all tastes of a viewer and not the loudest one alone, a knob for variety, and the hour or
the device where it tells something.

Settings that suit it:
- reranker `calibrated` (strength .4): genres in the shares of the own history. On ML-100K the distance between the two falls by
  34 % and NDCG@10 by .7 % (-1.5 to +.1; docs/order.md).
- `diversity=`: a knob for the viewer; at .5 it gave half of the variety that can be had for 4.3 % of NDCG@10 (2.8 to 5.8).
- columns `context_…` and `hybrid.linear`: it learns from held-out questions what the hour is worth beside taste, and gives it
  weight 0 where it tells nothing. In the simulated shop contexts were worth nothing at their usual strength and .011 NDCG@10
  at four times that (EXPERIMENTS.md): measure before you promise.
- `inputs` of it: `ease` and `transition`, fitted in seconds (a choice; `sequence` and `attention` are better and slower).
The times of this data are those of ratings, in UTC, and not of watching: the part of the day is there to show the way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from common import DATA, folder, shop, show
from llm4rec import Dataset, Engine, read_dataset
from llm4rec.engine import Settings

VIEWERS = 250
PLAIN = Settings(encoder={"name": "none"})
CALIBRATED = Settings(
    encoder={"name": "none"},
    rerank={"order": ["calibrated"], "options": {"calibrated": {"strength": 0.4}}},
)


def films(data: Path) -> Dataset:
    """Ratings by the busiest viewers, with the part of the day as a context."""
    base = folder(data, "ml-100k")
    if base is None:
        return shop()
    columns = ("user_id", "item_id", "rating", "timestamp")
    ratings = pl.read_parquet(base / "interactions.parquet").select(columns)
    counts = ratings["user_id"].value_counts().sort("count", "user_id", descending=True)
    hour = pl.from_epoch("timestamp").dt.hour()
    part = pl.when(hour.is_between(0, 5)).then(pl.lit("evening")).otherwise(pl.lit("day"))
    told = ratings.join(counts[:VIEWERS], on="user_id", how="semi").with_columns(context_daypart=part)
    items = pl.read_parquet(base / "items.parquet").select("item_id", "title", "categories", "year")
    return read_dataset(told, items=items, settings={"name": "ml-100k"})


def shares(dataset: Dataset, numbers: Iterable[int]) -> str:
    """The five commonest categories of some items."""
    column = dataset.catalog.columns["categories"].values
    tags = Counter(tag for number in numbers for tag in column[number] or ())
    return ", ".join(f"{tag} {count / tags.total():.0%}" for tag, count in tags.most_common(5))


def main(data: Path = DATA) -> None:
    """One viewer: plain, calibrated, varied; then what the part of the day is worth."""
    dataset = films(data)
    viewer = dataset.users.ids.ids[0]
    plain = Engine(PLAIN, model="ease", tune=False).fit(dataset)
    mirrored = Engine(CALIBRATED, model="ease", tune=False).fit(dataset)
    lists = {
        "plain": plain.recommend(viewer, n=20),
        "calibrated": mirrored.recommend(viewer, n=20),
        "diversity = 0.5": plain.recommend(viewer, n=20, diversity=0.5),
    }
    print(f"{'the latest 50':16}{shares(dataset, dataset.history(0).items[-50:])}")
    for name, answer in lists.items():
        print(f"{name:16}{shares(dataset, dataset.catalog.ids.numbers(answer.items, 'item'))}")
    trade = lists["diversity = 0.5"].trade
    cost = f"({trade.unpriced})" if trade.unpriced else f"for {trade.relevance:.1%} of the relevance"
    print(f"{'':16}({trade.diversity:+.3f} mean distance {cost})")
    show("An evening's list, calibrated", lists["calibrated"])
    by_the_hour(dataset, viewer)


def by_the_hour(dataset: Dataset, viewer: int | str) -> None:
    """What the stacker makes of the part of the day, where the data tells one."""
    options = {"inputs": ("ease", "transition"), "questions": 1000, "form": "linear"}
    engine = Engine(PLAIN, model="hybrid.linear", **options).fit(dataset)
    habits = {name: weight for name, weight in engine.model.importance().items() if "habit of" in name}
    for name, weight in habits.items():
        print(f"\n{name}: weight {weight:g}{'' if weight else ' (it tells nothing here, so it is not used)'}")
    context = {"daypart": "evening"} if habits else {}
    show("Late in the evening, by the stacker", engine.recommend(viewer, n=5, context=context))


if __name__ == "__main__":
    main()
