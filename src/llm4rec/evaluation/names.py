"""What metrics are called: "ndcg@10" and the like. Knows nothing of how they are computed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from llm4rec.core import SettingsError, suggest

Family = Literal["places", "weighted", "lists", "groups", "values"]
CutOff = Literal["needed", "optional", "none"]


@dataclass(frozen=True)
class Rule:
    """What a metric looks at, whether its name carries a cut-off, what it says, and which way is better."""

    family: Family
    cut: CutOff
    about: str
    lower_is_better: bool = False


RULES: dict[str, Rule] = {
    "hr": Rule("places", "needed", "hit rate: share of questions with a right answer among the first k"),
    "recall": Rule("places", "needed", "share of the right answers among the first k"),
    "precision": Rule("places", "needed", "share of the first k that is right"),
    "f1": Rule("places", "needed", "harmonic mean of precision and recall"),
    "ndcg": Rule("places", "optional", "right answers among the first k, discounted by 1 / log2(rank + 1)"),
    "mrr": Rule("places", "optional", "one over the rank of the first right answer"),
    "map": Rule("places", "optional", "mean precision at the ranks of right answers"),
    "auc": Rule("places", "none", "chance that a right answer stands above a wrong one"),
    "ips_recall": Rule("weighted", "needed", "recall, answers weighed by 1 / propensity"),
    "ips_ndcg": Rule("weighted", "needed", "ndcg, answers weighed by 1 / propensity"),
    "coverage": Rule("lists", "needed", "share of the catalog that anybody was shown"),
    "gini": Rule("lists", "needed", "inequality of exposure over the catalog, 0 all alike", True),
    "novelty": Rule("lists", "needed", "mean self-information of shown items, in bits"),
    "ild": Rule("lists", "needed", "intra-list diversity: mean of 1 - cosine over pairs of a list"),
    "breadth": Rule("lists", "needed", "share of all categories that a list has"),
    "entropy": Rule("lists", "needed", "entropy of the categories of a list, in bits"),
    "calibration": Rule("lists", "needed", "KL of a list's categories from those of the history", True),
    "volume": Rule("lists", "needed", "log det of the cosines of a list, 0 as varied as can be"),
    "vendi": Rule("lists", "needed", "how many different items a list is worth"),
    "distance": Rule("lists", "needed", "mean of 1 - cosine between a list and the history"),
    "unexpectedness": Rule("lists", "needed", "share of a list that popularity and neighbours lack"),
    "serendipity": Rule("lists", "needed", "share of a list that is right and unexpected"),
    "arp": Rule(
        "lists", "needed", "average recommendation popularity: share of users who took an item", True
    ),
    "tail": Rule("lists", "needed", "share of a list that lies in the long tail"),
    "lift": Rule("lists", "needed", "popularity of a list less that of the history", True),
    "deviation": Rule(
        "lists", "needed", "distance of a list's head, middle and tail from the history's", True
    ),
    "opportunity": Rule(
        "lists", "needed", "recall of answers in the head less that of answers in the tail", True
    ),
    "exposure": Rule("groups", "needed", "share of exposure that a group of items gets (--by)"),
    "parity": Rule(
        "groups", "needed", "exposure of a group of items over its share of what was taken (--by)"
    ),
    "rmse": Rule("values", "none", "root mean squared error of predicted stars", True),
    "mae": Rule("values", "none", "mean absolute error of predicted stars", True),
    "accuracy": Rule("values", "none", "share of clicks and non-clicks told apart at 0.5"),
    "logloss": Rule("values", "none", "log loss of predicted click probabilities", True),
    "gauc": Rule("values", "none", "auc within rows shown together, a mean over impressions"),
}
"""What a metric looks at. "auc" looks at shown rows instead of places where a split has clicks to predict."""
METRICS = {
    name + {"needed": "@K", "optional": "[@K]", "none": ""}[rule.cut]: rule.about
    for name, rule in RULES.items()
}
"""How each metric is written, and what it says."""
WHOLE = frozenset({"coverage", "gini"})
DEFAULT = (
    "ndcg@10",
    "hr@10",
    "recall@10",
    "mrr@10",
    "coverage@10",
    "gini@10",
    "novelty@10",
    "ild@10",
)
COLD = ("ndcg@20", "recall@20")


@dataclass(frozen=True)
class Metric:
    """A metric and its cut-off; `k` is None where the whole ranking counts."""

    base: str
    k: int | None = None

    @property
    def name(self) -> str:
        """As people write it: "ndcg@10"."""
        return self.base if self.k is None else f"{self.base}@{self.k}"

    @property
    def rule(self) -> Rule:
        """What this metric looks at."""
        return RULES[self.base]


def parse_metric(name: str) -> Metric:
    """The metric of a name; SettingsError names what is wrong and the nearest name there is."""
    match = re.fullmatch(r"([a-z0-9_]+?)(?:@(\d+))?", name.strip().lower())
    base = match.group(1) if match else name.partition("@")[0]
    if match is None or base not in RULES:
        near = suggest(base, RULES) or f"; there are: {', '.join(RULES)}"
        raise SettingsError(f"no metric named {name!r}{near}")
    k = int(match.group(2)) if match.group(2) else None
    if k is None and RULES[base].cut == "needed":
        raise SettingsError(f"metric {name!r} needs a cut-off, such as '{base}@10'")
    if k is not None and RULES[base].cut == "none":
        raise SettingsError(f"metric {name!r} takes no cut-off; say {base!r}")
    if k == 0:
        raise SettingsError(f"metric {name!r}: the cut-off starts at 1")
    return Metric(base, k)


def parse_metrics(names: Sequence[str]) -> tuple[Metric, ...]:
    """The metrics of these names, repeats dropped."""
    return tuple(dict.fromkeys(parse_metric(name) for name in names))


def lower_is_better(name: str) -> bool:
    """Whether less is better; `name` may carry a view: "cold/gini@10"."""
    return parse_metric(name.rpartition("/")[2]).rule.lower_is_better
