"""What a turned knob costs is measured behind the page: a list that was shown without its price waits for it here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from llm4rec.engine.fitted import PRICES

if TYPE_CHECKING:
    from llm4rec.apps.web.visit import Visit
    from llm4rec.core import Trade
    from llm4rec.engine.live import Live

FIRST, MOST, SLOWER = 1.0, 30.0, 1.5
"""Seconds before the first look and between later ones at most; each look waits so many times as long as the one before."""


def to_come(trade: Trade | None, turned: int) -> bool:
    """Whether a list without a price may get one: those of several knobs at once are not measured."""
    return trade is not None and bool(trade.unpriced) and turned == 1


async def until_priced(visit: Visit, wanted: Callable[[], bool]) -> bool:
    """Wait until prices are measured, or are found not to be measurable; false where they are no longer `wanted` before."""
    pause = FIRST
    while wanted():
        if await visit.house.handed(visit.who, _measured):
            return wanted()
        await asyncio.sleep(pause)
        pause = min(pause * SLOWER, MOST)
    return False


def _measured(live: Live) -> Any:
    return live.serving.engine.fitted.made.get(PRICES) is not None
