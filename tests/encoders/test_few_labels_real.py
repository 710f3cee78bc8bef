"""Few labels on real reviews: label prompts are worth more than a handful of labels, alone and as a start."""

from pathlib import Path

import numpy as np
import pytest

from llm4rec.encoders.few_labels import LabelPrompts, Logistic, LogisticConfig, macro_f1

REAL = Path(__file__).parents[3] / "shared" / "data" / "reviews-2023"
WORDS = {
    "negative": ["negative", "bad", "terrible", "disappointing"],
    "positive": ["positive", "good", "great", "wonderful"],
}
EACH = 150


def reviews():
    """Different reviews of one or two stars, and of five, as many of each; (texts, labels).

    Drawn over all categories: the file is ordered by them, and a head would learn those instead of sentiment.
    """
    if not REAL.is_dir():
        pytest.skip(f"no reviews in {REAL}")
    import polars as pl

    rows = pl.read_parquet(REAL / "interactions.parquet").filter(pl.col("text").is_not_null())
    rows = rows.unique("text", keep="first", maintain_order=True)
    kinds = [rows.filter(pl.col("rating") <= 2), rows.filter(pl.col("rating") == 5)]
    texts = [text[:200] for kind in kinds for text in kind["text"].sample(EACH, seed=0)]
    return texts, np.repeat([0, 1], EACH)


@pytest.mark.real
def test_twenty_labels_and_prompts_beat_twenty_labels(minilm):
    texts, labels = reviews()
    vectors = minilm.encode(texts)
    prompts = LabelPrompts.of(minilm, WORDS)
    goal_of_prompts = prompts.towards(2.0)
    prompts.neutral(vectors)
    without = macro_f1(labels, prompts.predict_proba(vectors).argmax(axis=1))
    plain, drawn = [], []
    for seed in range(10):
        order = np.random.default_rng(seed).permutation(EACH)
        known = np.concatenate([order[:10], EACH + order[:10]])
        asked = np.setdiff1d(np.arange(2 * EACH), known)
        config = LogisticConfig(reg=30)
        for found, goal in ((plain, None), (drawn, goal_of_prompts)):
            head = Logistic(config, towards=goal).fit(vectors[known], labels[known])
            found.append(macro_f1(labels[asked], head.predict_proba(vectors[asked]).argmax(axis=1)))
    assert without > np.mean(plain) + 0.05, "prompts need no label"
    assert np.mean(drawn) > np.mean(plain) + 0.02
