"""An engine that serves and learns from what comes back: `Live`, the one object that a service holds.

    live = open_live("shop-engine", "shop.db")          # an engine folder (or None: what the store says is promoted)
    with live:                                          # starts and stops the thread that follows the store
        answer = live.recommend(user="ann", n=5)        # Recommendations: impression, version, policy, degraded
        live.feedback([{"user": "ann", "item": answer.items[0], "kind": "click", "impression": answer.impression}])
        live.recommend(user="ann")                      # counts the click

All verbs are synchronous, take and give outside ids, and may be called from many threads. Every process opens its own;
workers agree through the store (`follow`, each `live.sync_seconds`).

answers     recommend(user | history, n, seen, allowed, excluded, context, time, price=(from, to), available, profile,
            diversity, novelty, explore, experiment, variant, explain, chances) -> Recommendations;
            recommend_many([{...}]); similar(items, n); explain; interests; ask; describe; chat; remark
feedback    feedback([Feedback | {user, item, kind, time, value, text, impression, context}], key=) -> Acknowledged;
            report(item, user, category, text)
items       upsert_items([{item, attributes}], key=), delete_items(ids, key=) -> Acknowledged
users       upsert_users([{user, attributes}], key=), delete_users(ids, key=)
tenants     tenant(name) -> Live: store, memory, items and reports of its own
versions    register(folder, metrics), promote(version), rollback(), run_shadow(version | ""), reorder(RerankSettings),
            registry.standing()
clocks      tick(); refit(wait=False, promote=True, data=None) -> Job; refits()
people      export(user) -> dict; erase(user) -> Erased; refit_due
state       version; serving; follow(); work(); figures(); start(); close()

Errors are those of `core.errors`: SettingsError and NotFoundError for a wrong question, DataError for rows that cannot be
kept, StoreError and its kinds where nothing could be kept. What an answer lacks stands in its `degraded`.
"""

from llm4rec.engine.live.jobs import Job
from llm4rec.engine.live.live import Live
from llm4rec.engine.live.opening import open_live, open_registry, refit_store
from llm4rec.engine.live.registry import Registry
from llm4rec.engine.live.told import Acknowledged

__all__ = ["Acknowledged", "Job", "Live", "Registry", "open_live", "open_registry", "refit_store"]
