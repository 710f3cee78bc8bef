"""Figures of a worker in the text format of Prometheus. With several workers, those of all of them."""

from __future__ import annotations

import math
import os
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder in which several workers put their figures together."""


class Metrics:
    """Requests by route and status, their seconds, and what the engine and its log say of themselves."""

    def __init__(self) -> None:
        self._registry = own = CollectorRegistry()
        self._requests = Counter(
            "llm4rec_requests", "Requests answered", ["method", "route", "status"], registry=own
        )
        self._seconds = Histogram(
            "llm4rec_request_seconds", "Seconds until the answer", ["route"], registry=own, buckets=SECONDS
        )
        # By what was asked and answered; looking labels up costs more than counting.
        self._found: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._rows = Counter("llm4rec_rows_kept", "Rows acknowledged", ["kind"], registry=own)
        self._items = self._gauge("llm4rec_items", "Items that can be recommended", "max")
        self._users = self._gauge("llm4rec_users_in_memory", "Users whose events are in memory", "sum")
        self._logged = self._gauge("llm4rec_impressions_logged", "Impressions written", "sum")
        self._waiting = self._gauge("llm4rec_impressions_waiting", "Impressions not yet written", "sum")
        self._dropped = self._gauge("llm4rec_impressions_dropped", "Impressions given up", "sum")
        self._trouble = self._gauge("llm4rec_trouble", "1 while something is wrong", "max", ["part"])
        self._engine = self._gauge("llm4rec_engine", "1 for the version that serves", "max", ["version"])

    def _gauge(self, name: str, about: str, joined: Any, labels: list[str] | None = None) -> Gauge:
        mode = {"sum": "livesum", "max": "livemax"}[joined]
        return Gauge(name, about, labels or [], registry=self._registry, multiprocess_mode=mode)  # type: ignore[arg-type]

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request that was answered."""
        known = self._found.get((method, route, status))
        if known is None:
            counter = self._requests.labels(method, route, str(status))
            known = self._found[method, route, status] = counter, self._seconds.labels(route)
        counter, histogram = known
        counter.inc()
        histogram.observe(seconds)

    def rows(self, kind: str, count: int) -> None:
        """Rows that were acknowledged."""
        self._rows.labels(kind).inc(count)

    def take(self, figures: dict[str, Any]) -> None:
        """What the live engine says of itself (`Live.figures`)."""
        log = figures["impressions"]
        self._items.set(figures["items"])
        self._users.set(figures["users_in_memory"])
        self._logged.set(log["logged"])
        self._waiting.set(log["waiting"])
        self._dropped.set(log["dropped"])
        for part in ("impressions", "following", "engine", "work", "refit_due"):
            self._trouble.labels(part).set(1.0 if part in figures["trouble"] else 0.0)
        if SHARED not in os.environ:
            self._engine.clear()
        self._engine.labels(figures["version"]).set(1.0)

    def latencies(self) -> list[dict[str, Any]]:
        """Route, count, and the seconds within which half, 95 % and 99 % were answered; the busiest route first.

        Between the bounds of the histogram it is a straight line; None where it is beyond the last bound.
        """
        found: dict[str, list[tuple[float, float]]] = {}
        for metric in self._joined().collect():
            for sample in metric.samples:
                if sample.name == "llm4rec_request_seconds_bucket":
                    bound = float(sample.labels["le"])
                    found.setdefault(sample.labels["route"], []).append((bound, sample.value))
        rows = [_latency(route, sorted(buckets)) for route, buckets in found.items()]
        return sorted(rows, key=lambda row: -row["count"])

    def text(self) -> bytes:
        """All of it."""
        return generate_latest(self._joined())

    def _joined(self) -> CollectorRegistry:
        """What this worker counted, or all of them."""
        if SHARED not in os.environ:
            return self._registry
        joined = CollectorRegistry()
        multiprocess.MultiProcessCollector(joined)  # type: ignore[no-untyped-call]
        return joined


def _latency(route: str, buckets: list[tuple[float, float]]) -> dict[str, Any]:
    """A route from its cumulative buckets (bound, how many were at most so slow)."""
    count = buckets[-1][1]
    row: dict[str, Any] = {"route": route, "count": int(count)}
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        row[name] = _quantile(buckets, share * count)
    return row


def _quantile(buckets: list[tuple[float, float]], wanted: float) -> float | None:
    low = below = 0.0
    for bound, upto in buckets:
        if upto >= wanted and upto > below:
            return None if math.isinf(bound) else low + (bound - low) * (wanted - below) / (upto - below)
        low, below = bound, upto
    return None
