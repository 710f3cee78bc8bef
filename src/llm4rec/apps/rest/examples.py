"""One example of each question and each answer, as the OpenAPI document shows them. A test holds them against the shapes."""

from __future__ import annotations

from typing import Any

Plain = dict[str, Any]
VERSION = "3f2a9c41d07be615"
SIGNED: Plain = {"version": VERSION, "degraded": []}
LIST: Plain = {
    **SIGNED,
    "impression": "9d3f1c0a7be24a66b1d2e3f4",
    "items": [{"item": "b-1", "score": 4.2, "title": "Robots of dawn"}],
    "policy": "plain",
    "experiment": "",
    "variant": "",
}
KEPT: Plain = {**SIGNED, "rows": 1, "repeated": False, "unknown_items": [], "unknown_impressions": []}
READING: Plain = {"text": "space for children", "pieces": [], "notes": [], "language": "en"}
REMARKS: Plain = {"said": [], "steps": [], "about": [], "given": 0}
MODEL: Plain = {
    "version": VERSION,
    "state": "serving",
    "model": "sequence",
    "fingerprint": "77aa01c2e4d5f609",
    "parent": "",
    "metrics": {"ndcg@10": 0.11},
    "reason": "",
}
REFIT: Plain = {
    "id": "refit-3",
    "actor": "clock",
    "begun": 1795305600.0,
    "state": "promoted",
    "ended": 1795305960.0,
    "report": {
        "reason": "ndcg@10 0.1130, where the serving engine has 0.1080 on 900 people",
        "version": VERSION,
    },
}
EXPERIMENT: Plain = {"variants": {"control": 1.0, "treatment": 1.0}, "holdout": 0.1, "salt": ""}

QUESTIONS: dict[str, Plain] = {
    "Recommend": {"user": "ann", "n": 5, "context": {"device": "phone"}, "price": [None, 20.0]},
    "RecommendMany": {"requests": [{"user": "ann"}, {"history": ["b-1", "b-2"], "n": 3}]},
    "Feedback": {
        "key": "shop-1-batch-17",
        "events": [{"user": "ann", "item": "b-1", "kind": "click", "impression": "9d3f1c0a7be24a66b1d2e3f4"}],
    },
    "Remark": {"text": "I loved the first one", "user": "ann", "shown": ["b-1", "b-2"], "keep": True},
    "Items": {"items": [{"item": "b-9", "attributes": {"title": "Robots return", "price": 9.5}}]},
    "Users": {"users": [{"user": "ann", "attributes": {"age": 31}}]},
    "EditsOfUsers": {"edits": [{"user": "ann", "edits": {"keywords": {"ghost": 1.0}, "removed": ["war"]}}]},
    "Gone": {"ids": ["b-9"]},
    "Similar": {"items": ["b-1"], "n": 5},
    "Explain": {"user": "ann", "items": ["b-1"], "language": "en"},
    "Interests": {"user": "ann"},
    "Ask": {"text": "a novel about space, under 20", "user": "ann", "n": 5},
    "Chat": {"text": "something like the last one, but shorter", "user": "ann"},
    "Describe": {"items": ["b-1"], "style": "short"},
    "Report": {"item": "b-1", "user": "ann", "category": "other", "text": "not for children"},
    "Version": {"version": VERSION, "reason": "better on last week"},
    "Shadow": {"version": VERSION},
    "Refit": {"promote": True, "reason": "the sale has begun"},
    "Experiment": EXPERIMENT,
    "Person": {"user": "ann"},
    "Decision": {"item": "b-1", "decision": "hide"},
    "Order": {"order": ["mmr"], "options": {"mmr": {"strength": 0.2}}, "reason": "tradeoff of May"},
}
ANSWERS: dict[str, Plain] = {
    "List": LIST,
    "Lists": {**SIGNED, "answers": [LIST]},
    "Kept": KEPT,
    "Remarked": {
        **SIGNED,
        "impression": LIST["impression"],
        "remarks": REMARKS,
        "read": "1. liked: Robots of dawn",
        "kept": 1,
        "after": LIST,
    },
    "Explained": {
        **SIGNED,
        "explanations": [{"item": "b-1", "title": "Robots of dawn", "text": "…", "evidence": []}],
    },
    "Profile": {**SIGNED, "profile": {"text": "…", "language": "en", "events": 12, "sure": 0.7}},
    "Asked": {**LIST, "reading": READING, "read": "wish: space"},
    "Said": {
        **LIST,
        "text": "How about this one?",
        "act": "recommend",
        "question": "",
        "evidence": [],
        "dialogue": {"format": 1, "state": {}, "past": []},
    },
    "Described": {**SIGNED, "descriptions": [{"item": "b-1", "text": "…", "claims": []}]},
    "KeptEdits": {**SIGNED, "edits": {"keywords": {"ghost": 1.0}, "removed": ["war"]}},
    "Exported": {**SIGNED, "person": {"user": "ann", "Feedback": [], "Impression": []}},
    "Erased": {
        **SIGNED,
        "complete": True,
        "method": "forgotten",
        "store": {"subject": "8c1f…", "time": 1_790_000_000.0, "before": {"interactions": 3}, "after": {}},
        "memory": {"events": 3, "impressions": 1},
        "before": "5a0b1c2d3e4f5a6b",
        "after": "6b5a4f3e2d1c0b5a",
        "copies": 1,
        "refit_due": "",
    },
    "Reported": {**SIGNED, "item": "b-1", "category": "other"},
    "Models": {**SIGNED, "models": [MODEL], "shadow": None},
    "Promoted": {**SIGNED, "record": MODEL},
    "Job": {**SIGNED, "refit": REFIT, "phase": ""},
    "Jobs": {**SIGNED, "refits": [REFIT]},
    "Experiments": {**SIGNED, "experiments": {"new-order": EXPERIMENT}},
    "Assigned": {**SIGNED, "experiment": "new-order", "variant": "treatment"},
    "Figures": {
        **SIGNED,
        "figures": {
            "since": 1_789_400_000.0,
            "answers": 1204,
            "click_through": {
                "value": 0.21,
                "low": 0.18,
                "high": 0.24,
                "count": 1204,
                "people": 310,
                "why": "",
            },
        },
        "latency": [{"route": "/v1/recommend", "count": 1204, "p50": 0.004, "p95": 0.011, "p99": 0.024}],
        "state": {"items": 512, "trouble": {}},
    },
    "Decided": {**SIGNED, "item": "b-1", "decision": "hide"},
    "Health": {"status": "ok", "trouble": []},
}
