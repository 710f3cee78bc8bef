"""What goes out: the shapes of answers, for the document that describes them, and the values put into them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from llm4rec.core import Id, Recommendations
from llm4rec.engine.live import Acknowledged

Plain = dict[str, Any]


class Answer(BaseModel):
    """Every answer names the engine version that made it, and what could not be done as asked."""

    model_config = ConfigDict(extra="forbid")
    version: str = Field(description="engine version")
    degraded: list[str] = Field(description="what could not be done as asked; empty where nothing was")


class Reason(BaseModel):
    """One piece of evidence and what it gave."""

    model_config = ConfigDict(extra="forbid")
    kind: str
    evidence: str
    contribution: float | None


class Listed(BaseModel):
    """One place of a list."""

    model_config = ConfigDict(extra="forbid")
    item: Id
    score: float | None
    title: str | None = None
    chance: float | None = Field(None, description="how likely it is to be taken next, where asked for")
    propensity: float | None = Field(None, description="the chance of this place, given those above it")
    reasons: list[Reason] = []
    explanation: Plain | None = None


class List(Answer):
    """A list, best first, as it was logged."""

    impression: str = Field(description="quote it in feedback; empty where nothing is logged")
    items: list[Listed]
    policy: str
    experiment: str
    variant: str
    unsure: str = ""
    trade: dict[str, float | str | None] | None = Field(
        None, description="what the knobs cost and gained: `relevance` in `unit`, with its 95 % interval"
    )


class Lists(Answer):
    """One list for each question, in their order."""

    answers: list[List]


class Kept(Answer):
    """A batch that is durable."""

    rows: int
    repeated: bool = Field(description="it was there before under its idempotency key")
    unknown_items: list[str]
    unknown_impressions: list[str]


class Remarked(Answer):
    """How a remark was understood, and the list after it."""

    impression: str
    remarks: Plain = Field(description="give it back with the next remark or question")
    read: str
    kept: int = Field(description="events that were kept as feedback")
    after: List


class Explained(Answer):
    """Explanations with their evidence, an item each."""

    explanations: list[Plain]


class Profile(Answer):
    """What somebody likes and dislikes, and the events that prove it."""

    profile: Plain


class Asked(List):
    """The list for a request, and how it was understood."""

    reading: Plain
    read: str


class Said(List):
    """One answer of a conversation, and the conversation after it."""

    text: str
    act: str
    question: str
    evidence: list[Plain]
    dialogue: Plain


class Described(Answer):
    """Texts about items; every claim has its evidence."""

    descriptions: list[Plain]


class KeptEdits(Answer):
    """What a user says of their own profile; empty where nothing is kept."""

    edits: Plain


class Exported(Answer):
    """All that is kept of a person."""

    person: Plain


class Erased(Answer):
    """The proof that a person was erased."""

    complete: bool
    method: str
    store: Plain
    memory: dict[str, int]
    before: str
    after: str
    copies: int = Field(description="registered engine folders, cleaned whenever one is loaded")
    refit_due: str


class Reported(Answer):
    """A report that is kept."""

    item: Id
    category: str


class Model(BaseModel):
    """One engine version on record."""

    model_config = ConfigDict(extra="forbid")
    version: str
    state: str
    model: str
    fingerprint: str
    parent: str
    metrics: Plain
    reason: str


class Models(Answer):
    """All engine versions."""

    models: list[Model]
    shadow: Plain | None = Field(None, description="the shadow compared with what serves")


class Promoted(Answer):
    """What was put on record."""

    record: Model | None


class RefitJob(BaseModel):
    """One refit, as it stands on record."""

    model_config = ConfigDict(extra="forbid")
    id: str
    actor: str
    begun: float
    state: str = Field(description="running, promoted, ready, refused, failed or broken off")
    ended: float | None
    report: Plain


class Job(Answer):
    """A refit, and what it does at this moment."""

    refit: RefitJob
    phase: str


class Jobs(Answer):
    """All refits, oldest first."""

    refits: list[RefitJob]


class Experiments(Answer):
    """Experiments by name."""

    experiments: dict[str, Plain]


class Assigned(Answer):
    """Which variant a person gets; always the same."""

    experiment: str
    variant: str


class Figures(Answer):
    """What an operator watches."""

    figures: Plain = Field(
        description="rates with 95 % intervals over people, and how many stand behind them"
    )
    latency: list[Plain] = Field(description="seconds by route, of this process since it began")
    state: Plain = Field(description="log, exploration, shadow, and what is wrong at present")


class Decided(Answer):
    """A decision on what was reported."""

    item: Id
    decision: str


class Health(BaseModel):
    """Whether it lives, or can serve."""

    model_config = ConfigDict(extra="forbid")
    status: str
    trouble: list[str] = []


def listed(answer: Recommendations) -> Plain:
    """A list as plain values; its shape is `List`."""
    columns: dict[str, Any] = {"item": answer.items, "score": answer.scores}
    if answer.titles:
        columns["title"] = answer.titles
    if answer.chances:
        columns["chance"] = answer.chances
    if answer.propensities:
        columns["propensity"] = answer.propensities
    if answer.reasons:
        columns["reasons"] = answer.reasons
    if answer.explanations:
        columns["explanation"] = [one.as_json() for one in answer.explanations]
    names = tuple(columns)
    told: Plain = {
        "impression": answer.impression,
        "version": answer.version,
        "degraded": answer.degraded,
        "items": [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)],
        "policy": answer.policy,
        "experiment": answer.experiment,
        "variant": answer.variant,
    }
    if answer.unsure:
        told["unsure"] = answer.unsure
    if answer.trade is not None:
        told["trade"] = answer.trade
    return told


def kept(told: Acknowledged, version: str) -> Plain:
    """What was acknowledged; its shape is `Kept`."""
    return {
        "version": version,
        "degraded": told.notes,
        "rows": told.rows,
        "repeated": told.repeated,
        "unknown_items": told.unknown_items,
        "unknown_impressions": told.unknown_impressions,
    }


def signed(version: str, degraded: Any = (), **more: Any) -> Plain:
    """Any other answer."""
    return {"version": version, "degraded": list(degraded), **more}
