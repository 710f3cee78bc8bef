"""Books: new titles with no readers, readers with no history, and children; data: the sample shop, and 500 new books of goodbooks.

What it needs: most books are bought by few, so that words must do what clicks cannot; a profile that its owner can read and change;
and a shelf on which a child is shown nothing that is for adults.

Settings that suit it:
- `sequence`: an item enters by its text. New films of ML-100K, ranked among themselves: NDCG@20 .345, by the raw cosine of
  the language model .117 (docs/benchmarks.md).
- `add_items`: 500 books without a reader can be recommended at once.
- `interests` and `profile=`: what is known of a reader in words; what they change steers the list.
- `context={"age": 9}`: what is for adults is ruled out before anything is ranked. An age that is not told counts as too
  young. `allowed=` narrows it to the children's shelf.
- `explore=0.1`: a little chance, with its propensities, so that books nobody has seen get a first look (a choice).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from common import DATA, folder, shop, show
from llm4rec import Engine
from llm4rec.core import ProfileEdits
from llm4rec.engine import Settings

NEW = 500
FLYER = {
    "item_id": "flyer",
    "title": "Online casino, free spins, no deposit bonus",
    "author": "unknown",
    "categories": ["Adventure"],
}


def deliveries(data: Path, known: list[str]) -> pl.DataFrame:
    """New books as a table: titles, authors and years of goodbooks, or three made-up ones.

    Other editions of `known` titles are left out: to a reader of Moby-Dick they would come first.
    """
    base = folder(data, "goodbooks")
    if base is None:
        titles = ["The Salt Ship", "A Whale in the Fog", "The Clockmaker of Bergen"]
        return pl.DataFrame({"item_id": ["new-1", "new-2", "new-3"], "title": titles})
    books = pl.read_parquet(base / "items.parquet")
    books = books.filter([not title.startswith(tuple(known)) for title in books["title"]])[:NEW]
    author = pl.col("authors").str.split(",").list.first()
    return books.select(
        pl.format("gb-{}", "item_id").alias("item_id"), "title", "year", author.alias("author")
    )


def main(data: Path = DATA, encoder: str = "minilm") -> None:
    """A newcomer of four books: list, profile, a request, new books, a child's shelf, a little chance."""
    books = shop()
    engine = Engine(Settings(encoder={"name": encoder}), model="sequence", tune=False).fit(books)
    new = deliveries(data, books.catalog.titles)
    engine.add_items(new)
    engine.add_items([FLYER])
    print(f"{len(books.catalog)} books with readers, {len(new)} new ones without")

    history = ["moby-dick", "treasure-island", "typee", "dracula"]
    show("After Moby-Dick, Treasure Island, Typee, Dracula", engine.recommend(history=history, n=4))
    show("Of the new ones", engine.recommend(history=history, n=4, allowed=new["item_id"].to_list()))
    print("\n" + engine.interests(history=history).text)
    less_sea = ProfileEdits(keywords={"ghost": 1.0, "sea": -1.0})
    show("The owner says: ghosts, and no more sea", engine.recommend(history=history, n=4, profile=less_sea))
    asked = engine.ask("a funny story of animals before 1930", n=3)
    show(f"Asked in words ({'; '.join(str(asked.reading).splitlines())})", asked.answer)

    for age in (9, 30):
        everything = engine.recommend(history=history, n=len(engine.catalog), context={"age": age})
        print(
            f"\nage {age}: the casino's flyer {'is among' if 'flyer' in everything.items else 'is not among'} them"
        )
    forms = zip(books.catalog.ids.ids, books.catalog.columns["form"].values, strict=True)
    shelf = [item for item, form in forms if form == "children"]
    show("The children's shelf", engine.recommend(history=history, n=4, allowed=shelf, context={"age": 9}))
    drawn = engine.recommend(history=history, n=4, explore=0.1)
    show("With a little chance (explore = 0.1)", drawn)
    print("  drawn with the chances", ", ".join(f"{chance:.2f}" for chance in drawn.propensities))


if __name__ == "__main__":
    main()
