"""What a turned knob costs is measured behind the page: whether that is done, and a list that waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from llm4rec.engine.fitted import PRICES

if TYPE_CHECKING:
    from llm4rec.apps.web.visit import Visit
    from llm4rec.engine.live import Live

FIRST, MOST, SLOWER = 1.0, 30.0, 1.5
"""Seconds before the first look and between later ones at most; each look waits so many times as long as the one before."""


def measured(live: Live) -> bool:
    """Whether prices were measured, or were found not to be measurable."""
    return live.serving.engine.fitted.made.get(PRICES) is not None


async def until_priced(visit: Visit, wanted: Callable[[], bool]) -> bool:
    """Wait until prices are `measured`; false where they are no longer `wanted` before."""
    pause = FIRST
    while wanted():
        if await visit.house.handed(visit.who, measured):
            return wanted()
        await asyncio.sleep(pause)
        pause = min(pause * SLOWER, MOST)
    return False
