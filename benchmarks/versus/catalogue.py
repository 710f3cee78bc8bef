"""Which libraries are measured, with which settings to choose from, and on which tables. Data, not calls.

Every grid is tried on the validation questions and nothing else; its size is about what our own models try.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Setting = Mapping[str, Any]
RANKING = ("ml-100k", "ml-100k-temporal", "amazon-beauty", "amazon-games")
RATINGS = ("ml-100k-ratings",)
FOLDS = "folds:u1_test,u2_test,u3_test,u4_test,u5_test"
DATED = ("ml-100k-ratings-dated",)
SMALL = ("ml-100k", "ml-100k-temporal")


@dataclass(frozen=True)
class Entry:
    """One row of the table.

    `module` and `kind` name its side in `benchmarks/workers`; `home` is the interpreter that has the library. A `by_row` model
    knows people only as rows of its fit, so for the test it is fitted on train and validation: more than ours sees.
    `tables` are those it is measured on unless it is asked for by name; `elsewhere` are grids for single tables.
    """

    module: str
    kind: str
    grid: Sequence[Setting] = field(default_factory=lambda: ({},))
    home: Literal["peers", "sasrec", "ours"] = "peers"
    by_row: bool = False
    tables: Sequence[str] = RANKING
    elsewhere: Mapping[str, Sequence[Setting]] = field(default_factory=dict)

    def grid_for(self, table: str) -> Sequence[Setting]:
        """What is tried on this table."""
        return self.elsewhere.get(table, self.grid)


def _each(common: Setting, **changes: Sequence[Any]) -> tuple[Setting, ...]:
    """`common` with the first of all `changes`, with the second of all, and so on."""
    return tuple(
        {**common, **dict(zip(changes, values, strict=True))}
        for values in zip(*changes.values(), strict=True)
    )


SASREC = {"n_factors": 64, "n_blocks": 2, "n_heads": 2, "loss": "softmax"}

PEERS: Mapping[str, Entry] = {
    "implicit-als": Entry(
        "with_implicit",
        "als",
        _each(
            {"iterations": 15},
            factors=(64, 128, 128, 256, 256),
            regularization=(0.1, 1.0, 10.0, 1.0, 10.0),
            alpha=(1.0, 5.0, 20.0, 5.0, 20.0),
        ),
    ),
    "implicit-itemknn": Entry(
        "with_implicit",
        "itemknn",
        _each({}, weighting=("cosine", "cosine", "tfidf", "bm25", "bm25"), K=(20, 100, 100, 20, 100)),
    ),
    "implicit-bpr": Entry(
        "with_implicit",
        "bpr",
        _each(
            {"factors": 64},
            learning_rate=(0.01, 0.01, 0.01, 0.05),
            regularization=(0.01, 0.03, 0.01, 0.01),
            iterations=(100, 200, 200, 100),
        ),
        by_row=True,
    ),
    "lenskit-itemknn": Entry(
        "with_lenskit", "itemknn", _each({"feedback": "implicit"}, max_nbrs=(20, 50, 100))
    ),
    "lenskit-als": Entry(
        "with_lenskit",
        "als",
        _each({"epochs": 15, "embedding_size": 64}, weight=(2.0, 5.0, 20.0), regularization=(1.0, 1.0, 5.0)),
    ),
    "lenskit-ease": Entry("with_lenskit", "ease", _each({}, regularization=(20.0, 100.0, 500.0))),
    "lenskit-popular": Entry("with_lenskit", "popular"),
    "cornac-ease": Entry("with_cornac", "ease", _each({}, lamb=(100.0, 500.0), posB=(False, True))),
    "cornac-bpr": Entry(
        "with_cornac",
        "bpr",
        _each({"k": 64, "max_iter": 100}, learning_rate=(0.01, 0.05, 0.1), lambda_reg=(0.01, 0.01, 0.002)),
        by_row=True,
    ),
    "cornac-vaecf": Entry(
        "with_cornac",
        "vaecf",
        _each(
            {"k": 64, "autoencoder_structure": [200], "batch_size": 100, "learning_rate": 0.001},
            n_epochs=(50, 150, 300),
            beta=(0.2, 0.2, 0.2),
        ),
        tables=SMALL,
    ),
    "lightfm-warp": Entry(
        "with_lightfm",
        "warp",
        _each(
            {"no_components": 64, "max_sampled": 50},
            features=(False, True, True),
            learning_rate=(0.05, 0.05, 0.02),
            epochs=(30, 30, 50),
        ),
        by_row=True,
    ),
    "rectools-sasrec": Entry(
        "with_rectools",
        "sasrec",
        _each({**SASREC, "session_max_len": 50, "batch_size": 32}, dropout_rate=(0.2, 0.2), epochs=(40, 100)),
        home="sasrec",
        tables=(*SMALL, "amazon-beauty"),
        elsewhere={
            # Many short histories: a pass holds many more steps, and costs minutes.
            "amazon-beauty": _each(
                {**SASREC, "session_max_len": 20, "batch_size": 128}, dropout_rate=(0.2, 0.5), epochs=(12, 12)
            )
        },
    ),
    "surprise-svd": Entry(
        "with_surprise",
        "svd",
        _each({}, n_factors=(100, 100, 200), n_epochs=(20, 40, 60), reg_all=(0.02, 0.1, 0.1)),
        tables=RATINGS,
    ),
    "surprise-svdpp": Entry(
        "with_surprise",
        "svdpp",
        _each({}, n_factors=(20, 50), n_epochs=(20, 30), reg_all=(0.02, 0.1)),
        tables=RATINGS,
    ),
    "surprise-knn": Entry("with_surprise", "knn", _each({}, k=(20, 40, 80)), tables=RATINGS),
    "cornac-mf": Entry(
        "with_cornac",
        "mf",
        _each({}, k=(10, 50, 100), max_iter=(50, 100, 100), lambda_reg=(0.02, 0.1, 0.1)),
        tables=RATINGS,
    ),
    **{
        f"myfm{suffix}": Entry(
            "with_myfm",
            kind,
            _each({"iterations": 300, "sets": sets, "attributes": sets, "date": date}, rank=(8, 16)),
            tables=DATED if date else RATINGS,
        )
        for suffix, kind, sets, date in (
            ("-ids", "regression", False, False),
            ("", "regression", True, False),
            ("-probit", "probit", True, False),
            ("-date", "regression", True, True),
            ("-probit-date", "probit", True, True),
        )
    },
}

OURS = Entry("with_llm4rec", "ours", home="ours", tables=())
"""What a row of our own is; its name is that of a model of the registry, with options in brackets."""


@dataclass(frozen=True)
class Table:
    """One data set under one protocol: metrics (the first two decide), our rows, and who the others are set against.

    `target_time` tells rows when a test rating was given: such a table is labelled time-aware.
    """

    name: str
    data: str
    protocol: str
    metrics: tuple[str, ...] = ("ndcg@10", "hr@10", "mrr@10", "coverage@10")
    ours: tuple[str, ...] = ("hybrid.linear", "attention", "sequence", "transition", "ease", "als", "popular")
    reference: tuple[str, ...] = ("hybrid.linear", "sequence")
    target_time: bool = False


_MADE = (
    Table("ml-100k", "ml-100k", "leave-last-out"),
    Table("ml-100k-temporal", "ml-100k", "temporal"),
    Table("amazon-beauty", "amazon-beauty", "official:split"),
    Table("amazon-games", "amazon-games", "official:split"),
    Table("ml-100k-ratings", "ml-100k", FOLDS, ("rmse", "mae"), ours=("fm", "mf"), reference=("fm", "mf")),
    Table(
        "ml-100k-ratings-dated",
        "ml-100k",
        FOLDS,
        ("rmse", "mae"),
        ("fm",),
        reference=("fm",),
        target_time=True,
    ),
)
TABLES: Mapping[str, Table] = {table.name: table for table in _MADE}
