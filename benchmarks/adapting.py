"""The encoder adapted to the data against the frozen one: items nobody has touched, and what reviews say.

python -m benchmarks.adapting cold ml-100k [KEY=VALUE ...]      warm and cold figures, frozen and adapted
python -m benchmarks.adapting sentiment [KEY=VALUE ...]         macro-F1 beside TF-IDF and the frozen encoder

KEY=VALUE are settings of adapting (steps=none batch_size=256), draws=3 and device=cuda. Choose them by the figures on held-out examples
that `report.json` holds, never by those printed here.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import OUT, keep, loaded
from llm4rec.apps.cli.screen import Bars
from llm4rec.core import Catalog, Dataset, Users, Vocabulary
from llm4rec.data import split
from llm4rec.encoders import SentenceConfig, SentenceEncoder
from llm4rec.encoders.adapting import AdaptConfig, Heads, World, adapt
from llm4rec.encoders.adapting.division import held_out, plain
from llm4rec.encoders.adapting.figures import macro_f1
from llm4rec.encoders.adapting.labelled import sentiments
from llm4rec.engine import Engine, parse_assignments, parse_variant, read_settings
from llm4rec.evaluation import Options, evaluate

DRAWS = 3
MODELS = ["content(attributes=0)", "content", "sequence"]
METRICS = ["recall@20", "ndcg@20", "ndcg@10"]
TEST = 1000  # seeds of what is held out for the test; those inside `adapt` are small
STRENGTHS = (0.1, 1.0, 10.0, 100.0)
RESAMPLES = 2000
Rows = NDArray[np.floating[Any]]


def main() -> None:
    what, *rest = sys.argv[1:] or ["sentiment"]
    given = parse_assignments([word for word in rest if "=" in word])
    device, draws = given.pop("device", "cpu"), range(given.pop("draws", DRAWS))
    if isinstance(given.get("tasks"), str):
        given["tasks"] = given["tasks"].split(",")
    names = [word for word in rest if "=" not in word] or ["ml-100k"]
    if what == "cold":
        for name in names:
            keep(f"adapting-cold-{name}", {draw: cold(name, draw, given, device) for draw in draws})
    else:
        keep("adapting-sentiment", {draw: reviews(draw, given, device) for draw in draws})


def cold(name: str, draw: int, given: Mapping[str, Any], device: str) -> dict[str, Any]:
    """One draw of the new items: adapt on what is left, then ask the same models with either encoder."""
    data = loaded(name, min_rating=4.0) if name == "ml-100k" else loaded(name)
    made = split(data.dataset, "cold-items:random", data.marks, np.random.default_rng(draw))
    config = AdaptConfig.of(given, "adapt")
    folder = OUT / f"adapted-{name}-{draw}"
    adapted = adapt(made.folds[0].train, folder, config, World(device, Bars()))
    print(f"{name} {draw}: probe {adapted.report['probe']}, {adapted.notes}", flush=True)
    result: dict[str, Any] = {"report": dict(adapted.report)}
    for row, source in (("frozen", "minilm"), ("adapted", str(folder))):
        settings = read_settings(flags={"encoder.name": "sentence", "encoder.options.source": source})

        def engine_for(variant: str, seed: int, settings: Any = settings) -> Engine:
            model, options = parse_variant(variant)
            return Engine(settings.with_model(model, options))

        found = evaluate(data.dataset, made, MODELS, engine_for, Options(metrics=METRICS), Bars()).as_json()
        result[row] = found["models"]
        for model in MODELS:
            told = {key: round(value["mean"], 4) for key, value in found["models"][model]["metrics"].items()}
            print(f"  {row:8s} {model:24s} {told}", flush=True)
    return result


def reviews(draw: int, given: Mapping[str, Any], device: str) -> dict[str, Any]:
    """One draw of the test texts: the multi-task encoder against linear models on words and on frozen vectors."""
    dataset = together()
    texts = [str(text or "") for text in dataset.interactions.texts]  # type: ignore[union-attr]
    test = held_out([plain(text) for text in texts], 0.2, TEST + draw, "sentiment")
    config = AdaptConfig.of({"tasks": ("sentiment", "rating", "masked"), **given}, "adapt")
    folder = OUT / f"adapted-sentiment-{draw}"
    adapted = adapt(dataset.only(~test), folder, config, World(device, Bars()))
    found = scored(dataset, test, config, Heads(folder, device), device)
    told = {name: value if isinstance(value, str) else round(value, 4) for name, value in found.items()}
    print(f"draw {draw}: {told}", adapted.notes, flush=True)
    return {"macro_f1": found, "report": dict(adapted.report)}


def scored(
    dataset: Dataset, test: NDArray[np.bool_], config: AdaptConfig, heads: Heads, device: str
) -> dict[str, Any]:
    """Macro-F1 of each on the test texts, and the adapted one's lead over the better other with its 95 % interval."""
    learnt, (asked, truth) = (_labelled(dataset.only(part), config) for part in (~test, test))
    assert heads.labels("sentiment") == ("negative", "neutral", "positive")
    chances = {"adapted": heads.chances("sentiment", asked), **baselines(learnt, asked, device)}
    result: dict[str, Any] = {name: macro_f1(rows, truth) for name, rows in chances.items()}
    best = max(("tfidf", "frozen"), key=lambda name: result[name])
    low, high = lead(chances["adapted"], chances[best], truth)
    return result | {"over": best, "lead": result["adapted"] - result[best], "low": low, "high": high}


def lead(ours: Rows, theirs: Rows, truth: Rows) -> tuple[float, float]:
    """95 % interval of the difference in macro-F1, by paired bootstrap over texts."""
    rng = np.random.default_rng(0)
    drawn = (rng.integers(len(truth), size=len(truth)) for _ in range(RESAMPLES))
    found = [macro_f1(ours[rows], truth[rows]) - macro_f1(theirs[rows], truth[rows]) for rows in drawn]
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def _labelled(dataset: Dataset, config: AdaptConfig) -> tuple[list[str], Rows]:
    found = sentiments(dataset, config, np.random.default_rng(0))
    assert found.targets is not None
    return [found.texts[n] for n in found.left[:, 0]], found.targets


def baselines(learnt: tuple[list[str], Rows], asked: list[str], device: str) -> dict[str, Rows]:
    """Chances by linear models on TF-IDF and on frozen vectors; strength and label weights chosen on texts held out of training."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2).fit(learnt[0])
    encoder = SentenceEncoder(SentenceConfig(), device)
    return {
        "tfidf": linear(words.transform(learnt[0]), learnt, words.transform(asked)),
        "frozen": linear(encoder.encode(learnt[0]), learnt, encoder.encode(asked)),
    }


def linear(rows: Any, learnt: tuple[list[str], Rows], asked: Any) -> Rows:
    """Chances of the labels by logistic regression."""
    from sklearn.linear_model import LogisticRegression

    valid = held_out([plain(text) for text in learnt[0]], 0.1, 0, "sentiment")
    labels = learnt[1].argmax(axis=1)
    best = (-1.0, None, None)
    for strength in STRENGTHS:
        for weights in (None, "balanced"):
            model = LogisticRegression(C=strength, class_weight=weights, max_iter=2000)
            model.fit(rows[~valid], labels[~valid])
            score = macro_f1(model.predict_proba(rows[valid]), learnt[1][valid])
            best = max(best, (score, strength, weights), key=lambda found: found[0])
    model = LogisticRegression(C=best[1], class_weight=best[2], max_iter=2000).fit(rows, labels)
    chances: Rows = model.predict_proba(asked)
    return chances


def together() -> Dataset:
    """Both sets of reviews as one data set, items and people renumbered."""
    first, second = (loaded(name).dataset for name in ("reviews-2023", "beauty-reviews"))
    sizes = [len(first.catalog) + len(second.catalog), len(first.users) + len(second.users)]
    columns = {
        name: column.followed_by(None, len(second.catalog)) for name, column in first.catalog.columns.items()
    }
    moved = replace(
        second.interactions,
        users=second.interactions.users + len(first.users),
        items=second.interactions.items + len(first.catalog),
    )
    items, people = (
        Vocabulary([f"{letter}{n}" for n in range(size)]) for letter, size in zip("iu", sizes, strict=True)
    )
    events = first.interactions.followed_by(moved).sorted()
    return Dataset(events, Catalog(items, columns), Users(people), "reviews")


if __name__ == "__main__":
    main()
