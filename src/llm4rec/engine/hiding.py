"""Which items are hidden from whom: harmful ones by policy, reported ones from all. Judges nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from llm4rec.core import Floats, Numbers, Request
from llm4rec.engine.fitted import Fitted
from llm4rec.engine.policy import Audience, SafetySettings
from llm4rec.engine.reports import Reports


@dataclass(frozen=True, eq=False)
class Hides:
    """The policy, what was found of the items, and what was reported."""

    settings: SafetySettings
    fitted: Fitted
    reports: Reports

    def items(self, context: Mapping[str, object], user: int = -1) -> Numbers:
        """Numbers of the items that are hidden from somebody, ascending."""
        safety = self.fitted.safety
        if safety is None or not len(safety.harmful):
            return self._reported()
        return self._from(Audience.of(context, self.fitted.dataset, user))

    def by_group(self, users: Numbers) -> list[tuple[Numbers, Numbers | None]]:
        """Places in `users`, group by group, and what is hidden from the group; None where nothing is."""
        safety = self.fitted.safety
        if safety is None or not len(safety.harmful):
            hidden = self._reported()
            return [(np.arange(len(users)), hidden if len(hidden) else None)]
        found: dict[Audience, list[int]] = {}
        for place, user in enumerate(users.tolist()):
            found.setdefault(Audience.of({}, self.fitted.dataset, user), []).append(place)
        return [(np.array(places), together(None, self._from(who))) for who, places in found.items()]

    def put_last(self, scores: Floats, requests: Sequence[Request]) -> Floats:
        """The scores with what is hidden from whoever asks below everything else, still finite; (requests, items)."""
        groups: dict[Audience, list[int]] = {}
        for row, request in enumerate(requests):
            who = Audience.of(request.context, self.fitted.dataset, request.user)
            groups.setdefault(who, []).append(row)
        for who, rows in groups.items():
            hidden = self._from(who)
            if len(hidden):
                scores = scores.copy() if not scores.flags.owndata else scores
                own = np.array(rows)
                scores[own[:, None], hidden] = scores[own].min(axis=1, keepdims=True) - 1
        return scores

    def _from(self, who: Audience) -> Numbers:
        reported = self._reported()
        safety = self.fitted.safety
        blocked = reported[:0] if safety is None else safety.blocked(self.settings, who)
        if len(reported) and len(blocked):
            return np.union1d(reported, blocked)
        return reported if len(reported) else blocked

    def _reported(self) -> Numbers:
        ids = self.fitted.catalog.ids
        return np.sort(ids.known(self.reports.under_review(self.settings.review_at)))


def together(first: Numbers | None, second: Numbers) -> Numbers | None:
    """What either rules out; None where nothing is."""
    if not len(second):
        return first
    return second if first is None else np.union1d(first, second)
