"""What a refit begins from: what serves, its settings alone, or nothing. Gathers, judges and keeps nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from llm4rec.core import Dataset, Distils, silent
from llm4rec.engine.fitted import Since
from llm4rec.engine.fitting import fit, fit_like
from llm4rec.engine.live.jobs import Job
from llm4rec.engine.live_settings import LiveSettings

if TYPE_CHECKING:
    from llm4rec.engine.engine import Engine

Kind = Literal["warm", "cold", "anew"]


@dataclass(frozen=True)
class Beginning:
    """`warm`: settings are taken over, and parameters where the model can; `cold`: settings alone; `anew`: nothing."""

    kind: Kind
    why: str

    def twin(self, serving: Engine, left: Dataset) -> Engine:
        """The engine that is judged, on the data without what is held back."""
        if self.kind != "anew":
            return self._like(serving, left)
        return self._anew(serving, left)

    def final(self, serving: Engine, twin: Engine | None, data: Dataset) -> Engine:
        """The engine that goes out, begun as its twin was; what that one chose anew is taken over."""
        if self.kind != "anew":
            return self._like(serving, data)
        if twin is None:
            return self._anew(serving, data)
        found = fit_like(serving.settings, twin.fitted, data, silent)
        return serving.over(replace(found, since=Since(events=len(found.dataset.interactions))))

    @staticmethod
    def _anew(serving: Engine, data: Dataset) -> Engine:
        found = fit(serving.settings, data, None, None, silent)
        return serving.over(replace(found, pseudonyms=serving.fitted.pseudonyms))

    def _like(self, serving: Engine, data: Dataset) -> Engine:
        warm = self.kind == "warm"
        return serving.over(fit_like(serving.settings, serving.fitted, data, silent, warm))


def beginning(
    serving: Engine, data: Dataset, settings: LiveSettings, erased: int = 0, worse: bool = False
) -> Beginning:
    """How to begin a refit of `serving` on `data`, where `erased` people are to be forgotten; `worse`: see `found_worse`.

    Parameters are taken over only where the data still have all people they were learnt from: an erasure finds whom the
    data name, and must find everybody who is in the parameters.
    """
    why = _anew(serving, len(data.interactions), settings, worse)
    if why:
        return Beginning("anew", why)
    if erased:
        return Beginning("cold", f"{erased} people are to be forgotten")
    gone = len(set(serving.fitted.dataset.users.ids.ids) - set(data.users.ids.ids))
    if gone:
        return Beginning("cold", f"{gone} people of whom it has learnt are not in the data any more")
    if not settings.refit_warm:
        return Beginning("cold", "refit_warm is false")
    return Beginning("warm", "what serves is taken over")


def _anew(serving: Engine, events: int, settings: LiveSettings, worse: bool) -> str:
    """Why settings are to be chosen again; empty where they are not. A student's are its teacher's lesson: they stay."""
    since = serving.fitted.since
    chosen_on = since.events or len(serving.fitted.dataset.interactions)
    if isinstance(serving.fitted.model, Distils):
        return ""
    if settings.refit_choose and since.refits + 1 >= settings.refit_choose:
        return f"settings were chosen {since.refits + 1} refits ago"
    if events >= settings.refit_growth * chosen_on:
        return f"settings were chosen on {chosen_on} events, now there are {events}"
    return "the refit before, which took settings over, was refused" if worse else ""


def found_worse(version: str, jobs: Sequence[Job]) -> bool:
    """Whether the last refit of a registered version took settings over and was found worse."""
    for job in reversed(jobs):
        if job.report.get("parent") == version and "start" in job.report:
            judged = job.report.get("gate", {}).get("passes")
            return judged is False and job.report["start"]["kind"] != "anew"
    return False
