"""Which settings of each model are worth searching, and between which values. Data, not calls.

Written as on the command line: LOW:HIGH, LOW:HIGH:log, or A|B|C. What a model chooses on held-out events inside `fit`
(decays, weights) is not here: a search over it would be overruled.
"""

from __future__ import annotations

from collections.abc import Mapping

SPACES: Mapping[str, Mapping[str, str]] = {
    "sequence": {
        "transition_reg": "5:2000:log",
        "transition_decay": "1:10:log",
        "ease_reg": "5:2000:log",
        "prior": "0:4",
        "content_reg": "0.1:10:log",
    },
    "attention": {
        "embedding_size": "32|64|128",
        "blocks": "1:3",
        "max_length": "20|50|100",
        "dropout": "0.1:0.6",
        "id_dropout": "0:0.6",
        "learning_rate": "0.0003:0.003:log",
        "reg": "0.0001:0.1:log",
    },
    "transition": {"reg": "5:2000:log", "decay": "1:10:log", "ahead": "1:3"},
    "ease": {"reg": "5:2000:log"},
    "itemknn": {"neighbours": "20:400:log", "shrink": "1:200:log", "decay": "none|2|5|20"},
    "ensemble": {},
    "hybrid": {
        "depth": "50|100|200",
        "rounds": "100:600",
        "learning_rate": "0.02:0.2:log",
        "leaves": "7:63:log",
        "min_leaf": "10:200:log",
    },
    "hybrid.linear": {"depth": "50|100|200"},
    "content": {"decay": "2:50:log", "text": "0:2", "attributes": "0:2", "words": "0:2"},
    "als": {
        "embedding_size": "32|64|128|256",
        "reg": "0.001:0.1:log",
        "reg_exponent": "0:1",
        "epochs": "5:20",
    },
    "fold-in": {"embedding_size": "32|64|128", "unobserved": "0.003:0.3:log"},
    "few-shot": {},
    "mf": {"embedding_size": "4:64:log", "reg": "0.1:10:log", "epochs": "10:60"},
    "interest": {"value_weight": "0:2"},
    "fm": {
        "embedding_size": "4:24",
        "date": "true|false",
        "sets": "true|false",
        "attributes": "true|false",
        "text": "0|16|32",
    },
    "prompted": {"history": "5:50:log", "beam": "16|32|64"},
    "student.blend": {"memory": "64|192|384", "lessons": "1000|2000|4000"},
    "student.transition": {
        "embedding_size": "32|64|128",
        "epochs": "5:20",
        "learning_rate": "0.001:0.02:log",
        "reg": "0.0001:0.1:log",
    },
    "student.sequence": {
        "embedding_size": "32|64|128",
        "epochs": "5:20",
        "learning_rate": "0.001:0.02:log",
        "reg": "0.0001:0.1:log",
    },
    "student.two-tower": {
        "embedding_size": "32|64|128",
        "epochs": "5:20",
        "learning_rate": "0.001:0.02:log",
        "reg": "0.0001:0.1:log",
    },
    "popular": {"window_days": "none|auto|7|30|90|365"},
}

JUDGED_BY: Mapping[str, str] = {"mf": "rmse", "fm": "rmse"}
"""The metric by which settings of a model are judged, where it is not the usual one."""
USUAL = "ndcg@10"
