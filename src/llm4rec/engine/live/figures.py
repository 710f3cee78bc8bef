"""What an operator sees of a live engine, in plain values. Changes nothing and asks the store nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llm4rec.engine.live.exploring import Explorer
    from llm4rec.engine.live.live import Live


def figures_of(live: Live) -> dict[str, Any]:
    """Version, sizes, log, exploration, shadow, and what is wrong at present."""
    serving = live.serving
    log, shadow = live.log, live.shadow
    trouble = {
        "impressions": log.trouble,
        "following": live.following.trouble,
        "engine": live.refusal,
        "work": live.trouble,
        "preparing": live.preparer.trouble,
        "guard": live.guarded,
        "refit_due": live.refit_due,
    }
    return {
        "version": serving.version,
        "items": len(serving.engine.catalog),
        "deleted_items": len(serving.deleted),
        "users_in_memory": len(live.states),
        "impressions": {
            "logged": log.figures.logged,
            "waiting": len(log),
            "dropped": log.figures.dropped,
        },
        "exploration": _explored(live.explorer(serving)),
        "trends": live._trend_figures(),
        "shadow": None if shadow is None else shadow.figures(),
        "notes": list(serving.notes),
        "trouble": {name: told for name, told in trouble.items() if told},
    }


def _explored(explorer: Explorer | None) -> dict[str, Any] | None:
    """Of the places that went out: how many were reserved, and which share they gave to cold items."""
    if explorer is None:
        return None
    seen = explorer.figures
    return {
        "policy": explorer.policy,
        "places": seen.places,
        "reserved": seen.reserved,
        "cold": seen.cold,
        "cold_share": seen.cold / max(seen.places, 1),
        "cold_items": int(explorer.cold.sum()),
    }
