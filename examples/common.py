"""What the examples share: where the data sets are, the sample shop where one is missing, lists on the screen."""

from __future__ import annotations

from pathlib import Path

from llm4rec import sample_shop
from llm4rec.core import Dataset, Recommendations

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def folder(data: Path, name: str) -> Path | None:
    """The folder of a data set, or None and a printed sentence where there is none."""
    if (data / name).is_dir():
        return data / name
    print(f"({name} is not at hand: the sample shop takes its place, real books and made-up readers.)")
    return None


def shop(readers: int = 300) -> Dataset:
    """The sample shop with some of its readers, which is enough to see what a setting does."""
    return sample_shop(readers=readers)


def show(heading: str, answer: Recommendations, most: int = 5) -> None:
    """A list with a heading, one title a line."""
    print(f"\n{heading}")
    for place, (item, title) in enumerate(zip(answer.items, answer.titles, strict=True), 1):
        if place <= most:
            print(f"  {place}. {(title or str(item))[:70]}")
    for note in answer.degraded:
        print(f"  note: {note}")
