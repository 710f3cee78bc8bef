"""The price of knobs, measured: what some people did is hidden by parts, the model is fitted without it, its lists are asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Candidates, Llm4recError, Numbers, Request, Times, Trade
from llm4rec.core.sets import discount
from llm4rec.engine.fitted import CURVES, PRICES
from llm4rec.engine.fitting import fit_again
from llm4rec.engine.knobs import N, people_of, trades
from llm4rec.engine.ordering import ordering
from llm4rec.engine.path import candidates
from llm4rec.engine.prices import ENOUGH, KNOBS, SETTINGS, Answered, Prices
from llm4rec.engine.shield import Shield

if TYPE_CHECKING:
    from llm4rec.engine.fitted import Fitted
    from llm4rec.engine.settings import Settings

PARTS = 5  # fits, each without another fifth of what these people did
STEPS = 4  # that fifth is asked for in so many steps, so that histories are nearly as long as they are
BUSY = "knobs have no price yet: it is being measured"
LATER = f"knobs have no price yet: {PARTS} fits would take about {{needed:.0f}} seconds, {{what}}; price_knobs() measures them"
PATIENCE = 10.0  # seconds that who turns a knob waits for its price; what takes longer is measured beside answers, or on demand
IDEAL = np.cumsum(discount(N))


def prices(fitted: Fitted) -> Prices:
    """The prices of the knobs of a fitted engine: measured when they are first needed, where that does not take too long."""
    return fitted.made.once(PRICES, lambda: _affordable(fitted))


def told_with(
    fitted: Fitted, requests: Sequence[Request], before: Candidates, after: Candidates
) -> list[Trade]:
    """What each list cost and gained against the ranker's own. Nobody waits longer than PATIENCE for prices, nor while another
    thread measures them.
    """
    trade = trades(requests, before, after, ordering(fitted).context)
    found = _known(fitted) or fitted.made.unless_busy(PRICES, lambda: _affordable(fitted)) or Prices(why=BUSY)
    rows = zip(requests, trade, before.items, after.items, strict=True)
    return [
        found.told(request, one, not np.array_equal(old[: request.n], new[: request.n]))
        for request, one, old, new in rows
    ]


def _known(fitted: Fitted) -> Prices | None:
    """The prices, or why there are none yet where measuring them takes longer than who asks would wait; None: measure them."""
    found: Prices | None = fitted.made.get(PRICES)
    if found is None and fitted.settings is not None and needed(fitted) > PATIENCE:
        return Prices(why=LATER.format(needed=needed(fitted), what="nobody should wait for them here"))
    return found


def needed(fitted: Fitted) -> float:
    """About how many seconds the fits take that measure prices."""
    return PARTS * fitted.seconds


def refused(fitted: Fitted) -> Prices | None:
    """Why the prices of these knobs are not measured by themselves; None: they may be."""
    if fitted.settings is None:
        return Prices(why="knobs have no price: this engine cannot be fitted again by itself")
    most = fitted.settings.rerank.price_seconds
    if needed(fitted) > most:
        return Prices(why=LATER.format(needed=needed(fitted), what=f"rerank.price_seconds allows {most:g}"))
    return None


def _affordable(fitted: Fitted) -> Prices:
    why = refused(fitted)
    if why is not None:
        return why
    assert fitted.settings is not None
    return measured(fitted, fitted.settings)


def measured(fitted: Fitted, settings: Settings) -> Prices:
    """The price of each knob on events that the model was not fitted on; none where they are too few."""
    people, events = people_of(fitted), len(fitted.dataset.interactions)
    dealt = np.random.default_rng([settings.fit.seed, 7]).permutation(events)
    known = np.isin(fitted.dataset.interactions.users, people)
    ordering(fitted)
    sums = np.zeros((PARTS, len(people), 1 + len(KNOBS) * len(SETTINGS)))
    changed = np.zeros((2, len(KNOBS) * len(SETTINGS)))
    try:
        for part in range(PARTS):
            hidden = known & (dealt % PARTS == part)
            one = Part.of(fitted, settings, people, hidden)
            steps = [hidden & (dealt // PARTS % STEPS == step) for step in range(STEPS)]
            sums[part] = one.found(steps, changed)
    except Llm4recError as error:
        return Prices(
            why=f"knobs have no price: the model could not be fitted without held-out events: {error}"
        )
    own, shape = sums[:, :, 0].T, (len(people), PARTS, len(KNOBS), len(SETTINGS))
    turned = sums[:, :, 1:].transpose(1, 0, 2).reshape(shape)
    moved = (changed[0] / np.maximum(changed[1], 1)).reshape(shape[2:])
    free = not fitted.rerank.order
    found = [Answered(own, turned[:, :, at], moved[at], free) for at in range(len(KNOBS))]
    if not found[0].enough:
        told = f"held-out events of at least {ENOUGH} people must be found by the ranker's own lists"
        return Prices(why=f"knobs have no price: {told}")
    rng = np.random.default_rng([settings.fit.seed, 8])
    return Prices({knob: one.price(rng) for knob, one in zip(KNOBS, found, strict=True)}, len(people))


@dataclass(frozen=True, eq=False)
class Part:
    """An engine fitted without the `hidden` events, (events,), of some `people`, and how many of them each should be shown."""

    whole: Fitted
    fitted: Fitted
    people: Numbers
    sizes: Numbers

    @classmethod
    def of(cls, whole: Fitted, settings: Settings, people: Numbers, hidden: NDArray[np.bool_]) -> Part:
        """What was chosen before stays chosen, and knobs keep their strengths."""
        left = whole.dataset.only(~hidden)
        seen, context = Shield.of(settings.fit).data(left), whole.context(settings)
        fallback = type(whole.fallback)(whole.fallback.config).fit(seen, context)  # type: ignore[call-arg]
        model = fit_again(whole.model, seen, context)
        fitted = replace(whole, model=model, fallback=fallback, dataset=left, index=None)
        fitted.made.share(whole.made, (CURVES,))
        made = cls(whole, fitted, people, np.zeros(len(people), dtype=np.int64))
        places, _, targets = made.questions(hidden)
        made.sizes[places] = [len(right) for right in targets]
        return made

    def questions(self, hidden: NDArray[np.bool_]) -> tuple[Numbers, list[Request], list[Numbers]]:
        """Places of people, requests that know all but the `hidden` events, and what of these they liked."""
        left, rest = self.whole.dataset.only(~hidden), self.whole.dataset.only(hidden)
        places, requests, targets = [], [], []
        for place, user in enumerate(self.people.tolist()):
            history = left.history(user)
            right = np.setdiff1d(rest.history(user).liked, history.items)
            if len(right) and len(history.liked):
                places.append(place)
                requests.append(Request(history, user=user, n=N))
                targets.append(right)
        return np.array(places, dtype=np.int64), requests, targets

    def found(self, steps: Sequence[NDArray[np.bool_]], changed: Times) -> Times:
        """NDCG@10 of each person, (people, 1 + knobs * settings): by the ranker alone, then by each knob at each setting.

        Events of each step, (events,), are asked for while the others are known; the ideal is that of all together.
        `changed` counts the lists that are not the ranker's own, and all.
        """
        result = np.zeros((len(self.people), 1 + changed.shape[1]))
        asked = [pair for step in steps for pair in zip(*self.questions(step), strict=True)]
        asked = [one for one in asked if self.sizes[one[0]]]
        if not asked:
            return result
        places, requests, targets = (list(part) for part in zip(*asked, strict=True))
        best, _ = candidates(self.fitted, requests, depth=self.fitted.rerank.depth)
        own, ideal = best.items[:, :N], IDEAL[np.minimum(self.sizes[places], N) - 1]
        np.add.at(result[:, 0], places, gained(own, targets) / ideal)
        turns = [(knob, float(value)) for knob in KNOBS for value in SETTINGS]
        for column, lists in enumerate(ordering(self.fitted).each(requests, best, turns)):
            shown = lists.items[:, :N]
            np.add.at(result[:, 1 + column], places, gained(shown, targets) / ideal)
            changed[:, column] += (shown != own).any(axis=1).sum(), len(shown)
        return result


def gained(lists: Numbers, targets: Sequence[Numbers]) -> Times:
    """Discounted gain of lists, (rows,)."""
    rows = np.arange(len(lists))[:, None]
    wide = int(max(lists.max(initial=0), *(right.max() for right in targets))) + 1
    right = np.concatenate([row * wide + one for row, one in enumerate(targets)])
    hits = np.isin(rows * wide + lists, right) & (lists >= 0)
    return np.asarray((hits * discount(lists.shape[1])).sum(axis=1))
