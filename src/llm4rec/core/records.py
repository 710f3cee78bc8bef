"""What a service keeps, row by row: impressions, feedback, versions of items, users and edits, reports, audit, keys, engines.

Knows nothing of where it is kept. Ids are outside ids: what a store knows of has no numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from llm4rec.core.interests import UNEDITED, ProfileEdits
from llm4rec.core.vocabulary import Id

ReportAction = Literal["report", "withdraw", "clear", "hide"]
Role = Literal["read", "write", "admin"]
EngineAction = Literal["registered", "promoted", "shadowed", "retired", "refused", "ordered"]
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Shown:
    """One slot of an impression: the item, its score, and the chance with which it came to this place.

    `propensity` is given the places before it (Plackett-Luce); None where nothing was drawn.
    """

    item: Id
    score: float
    propensity: float | None = None


@dataclass(frozen=True, slots=True)
class Impression:
    """One answer that went out: to whom, when (UTC seconds), which items in which order, and who decided so.

    `policy` is the version of the rule that chose, `version` that of the engine that scored; `experiment` and
    `variant` are empty outside of experiments; `degraded` is what could not be done as asked.
    """

    id: str
    user: Id | None
    time: float
    slots: tuple[Shown, ...]
    policy: str = ""
    version: str = ""
    experiment: str = ""
    variant: str = ""
    context: Mapping[str, str] = field(default_factory=dict)
    degraded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Feedback:
    """One interaction by outside ids; `impression` quotes the answer that it answers, if any."""

    user: Id
    item: Id
    kind: str
    time: float
    value: float | None = None
    text: str | None = None
    impression: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ItemVersion:
    """An item as it is from now on; `deleted` is its tombstone. The newest version counts, attributes as a whole."""

    item: Id
    time: float
    attributes: Mapping[str, Any] = field(default_factory=dict)
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class UserVersion:
    """What is known about a user from now on; `deleted` is a tombstone. Erasing a person is another thing."""

    user: Id
    time: float
    attributes: Mapping[str, Any] = field(default_factory=dict)
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class EditsVersion:
    """What a user says of their own profile from now on, as a whole; the newest version counts. Empty: all taken back."""

    user: Id
    time: float
    edits: ProfileEdits = UNEDITED


@dataclass(frozen=True)
class Report:
    """Who said what of which item, and when (UTC seconds): a report, its withdrawal, or the decision (`clear`, `hide`)."""

    action: ReportAction
    item: Id
    user: Id
    category: str = OTHER
    text: str = ""
    time: float = 0.0


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who (`actor`: the id of a key) did what to whom or what. `detail` holds no ids of people."""

    actor: str
    action: str
    time: float
    subject: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """An API key as it is kept: its hash, never itself. A later record of the same id with `revoked` ends it."""

    id: str
    digest: str
    role: Role
    time: float
    label: str = ""
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class EngineRecord:
    """What happened to an engine version: it was registered, promoted, shadowed, retired, refused or ordered, and why.

    `ordered` gives its lists another order: the rerankers stand in `settings`. The version promoted last serves. `parent` is the version it was fitted from or took over from.
    """

    version: str
    action: EngineAction
    time: float
    folder: str = ""
    parent: str = ""
    fingerprint: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


Record: TypeAlias = (
    Feedback
    | Impression
    | ItemVersion
    | UserVersion
    | EditsVersion
    | Report
    | AuditEntry
    | KeyRecord
    | EngineRecord
)
