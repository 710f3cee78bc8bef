"""`llm4rec demo`: the whole road on the sample shop, from data to a compared, explained, growing engine."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from llm4rec.core import Dataset
    from llm4rec.engine import Engine

NEW_BOOK = {
    "item_id": "the-lamp-at-skerry-point",
    "title": "The Lamp at Skerry Point (a book nobody has read yet)",
    "author": "A New Author",
    "year": 2026,
    "language": "English",
    "form": "novel",
    "categories": ["Sea", "Ghosts"],
    "description": "A retired smuggler keeps a lighthouse on a drowned coast. Each winter a ship without a crew "
    "answers his light, and a castaway boy he pulls from the surf knows the names of men lost at sea before he was born.",
}


def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where the shop, the report and the engine go.")
    ] = Path("llm4rec-demo"),
    serve: Annotated[
        bool, typer.Option("--serve", help="Then serve the engine and its page, until Ctrl+C.")
    ] = False,
) -> None:
    """Compare models on the sample shop, fit the default one, recommend to a known reader, a new one, with a new book."""
    from llm4rec.apps.cli.screen import Bars
    from llm4rec.data import load, sample_shop, write_folder
    from llm4rec.engine import Engine, read_settings

    started = time.monotonic()
    shop = sample_shop()
    _tell_shop(shop)
    folder = _replaced(output / "shop")
    write_folder(shop, folder)
    content = _compare(load(folder), output, Bars())
    engine = Engine(read_settings()).fit(shop, progress=Bars())
    engine.save(output / "engine")
    _known_reader(engine)
    _new_reader(engine)
    _new_book(engine)
    _where(output, content, time.monotonic() - started)
    if serve:
        from llm4rec.apps.cli.serve import serve as run

        run(output / "engine", str(output / "shop.db"))


def _replaced(folder: Path) -> Path:
    """The folder, free for a new shop: one that the demo wrote before goes away."""
    import shutil

    if (folder / "dataset.toml").is_file():
        shutil.rmtree(folder)
    return folder


def _tell_shop(shop: Dataset) -> None:
    typer.echo(
        f"The sample shop: {len(shop.catalog)} real books, {len(shop.users)} synthetic readers, "
        f"{len(shop.interactions)} simulated interactions. Everything below is measured on synthetic behaviour."
    )


def _compare(loaded: Any, output: Path, progress: Any) -> Any:
    from llm4rec.apps.cli.evaluate import TRADITIONAL, measure, show, write
    from llm4rec.engine import read_settings
    from llm4rec.evaluation import Options

    typer.echo("\n1. Which model foresees what a reader takes next? (full ranking of all books)")
    content = measure(loaded, "leave-last-out", TRADITIONAL, read_settings(), Options(), progress)
    write(content, output / "report" / "figures.json", output / "report")
    show(content, most=4)
    return content


def _known_reader(engine: Engine) -> None:
    from llm4rec.apps.cli.engine import show

    dataset = engine.fitted.dataset
    user = dataset.users.ids.ids[0]
    last = dataset.history(0).liked[-4:]
    typer.echo(f"\n2. Reader {user} (synthetic) last took: {_titles(engine, last)}")
    show(engine.recommend(user=user, n=5, explain=True), False, f"for reader {user}")


def _new_reader(engine: Engine) -> None:
    from llm4rec.apps.cli.engine import show

    history = ["dracula", "the-turn-of-the-screw"]
    numbers = engine.catalog.ids.numbers(history, "item")
    typer.echo(f"\n3. Somebody never seen before, who took: {_titles(engine, numbers)}")
    show(engine.recommend(history=history, n=5, explain=True), False, "for a new reader")


def _new_book(engine: Engine) -> None:
    from llm4rec.apps.cli.engine import show

    engine.add_items([NEW_BOOK])
    typer.echo(f"\n4. A new book enters without refitting: {NEW_BOOK['title']}")
    for history in (["treasure-island", "moby-dick"], ["emma", "persuasion"]):
        numbers = engine.catalog.ids.numbers(history, "item")
        everything = engine.recommend(history=history, n=len(engine.catalog))
        place = everything.items.index(str(NEW_BOOK["item_id"])) + 1
        typer.echo(
            f"   For a reader of {_titles(engine, numbers)} it stands at place {place} of {len(everything)}."
        )
    newest = engine.recommend(
        history=["treasure-island", "moby-dick"], n=1, allowed=[str(NEW_BOOK["item_id"])], explain=True
    )
    show(newest, False, "why the first of them would be shown it")


def _titles(engine: Engine, numbers: Any) -> str:
    return ", ".join(engine.catalog.titles[int(n)] for n in numbers)


def _where(output: Path, content: Any, seconds: float) -> None:
    best = max(content["models"], key=lambda name: content["models"][name]["metrics"]["ndcg@10"]["mean"])
    typer.echo(f"\nBest on the shop: {best}. Done in {seconds:.0f} s.")
    typer.echo(f"  report   {output / 'report' / 'report.html'}")
    typer.echo(
        f"  engine   {output / 'engine'}   (llm4rec recommend {output / 'engine'} --history dracula,emma)"
    )
    typer.echo(f"  data     {output / 'shop'}   (llm4rec data show {output / 'shop'})")
    service = f"llm4rec serve {output / 'engine'} --store {output / 'shop.db'}"
    typer.echo(f"  page     http://127.0.0.1:8000/ after: {service}")
