"""What callers may send: every field typed and bounded, unknown ones refused. Knows nothing of what becomes of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

MOST_ROWS = 1_000  # of one batch
MOST_IDS = 10_000  # of one list of ids
MOST_PLACES = 100_000  # of all lists of one batch

Text = Annotated[str, Field(min_length=1, max_length=2_000)]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]
ItemOrUser = Annotated[
    Annotated[str, Field(min_length=1, max_length=256)] | Whole,
    Field(description="an id: text of 1 to 256 characters, or a whole number"),
]
Ids = Annotated[list[ItemOrUser], Field(max_length=MOST_IDS)]
History = Annotated[list[ItemOrUser], Field(max_length=1_000, description="item ids, oldest first")]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=1, le=1_000, description="how many items")]
Seconds = Annotated[float, Field(ge=0.0, le=1e11, description="seconds since 1970, UTC")]
Value = str | Whole | float | bool | None
Attributes = Annotated[dict[Name, Value | list[Value]], Field(max_length=200)]
Words = dict[Name, Annotated[str, Field(max_length=200)] | int | float | bool]
Language = Annotated[str, Field(max_length=35, description="en, zh, or auto: the user's own")]
Opaque = Annotated[dict[str, Any], Field(max_length=20, description="what an earlier answer gave, unchanged")]


class Form(BaseModel):
    """The base of all: exact types, nothing unknown."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


Named = Annotated[str, Field(max_length=500)]
Wishes = Annotated[dict[Named, Annotated[float, Field(ge=-1.0, le=1.0)]], Field(max_length=200)]


class Edits(Form):
    """What the owner of a profile says of it: more (1) or less (-1) of topics and keywords, and what no longer counts."""

    topics: Wishes = {}
    keywords: Wishes = {}
    removed: Annotated[list[Named], Field(max_length=200)] = []
    erased: bool = Field(False, description="nothing of the past counts")


OwnEdits = Annotated[
    Edits | None, Field(description="in the place of the edits that are kept of the user; {} for none")
]


class Question(Form):
    """What is asked for: a user or a bare history, how many, and the limits."""

    user: ItemOrUser | None = None
    history: History | None = None
    n: Count = 10
    seen: Literal["exclude", "include"] = "exclude"
    query: Annotated[str, Field(max_length=1_000)] | None = None
    session: History = Field([], description="items looked at just now; they go behind the history")
    allowed: Ids | None = None
    excluded: Ids | None = None
    context: Annotated[Words, Field(max_length=32)] = {}
    time: Seconds | None = None
    price: Annotated[list[float | None], Field(min_length=2, max_length=2)] | None = Field(
        None, description="[from, to]; either may be null"
    )
    available: bool | None = Field(None, description="false shows what cannot be had as well")
    profile: OwnEdits = None
    remarks: Opaque | None = None
    diversity: Share | None = None
    novelty: Share | None = None
    explore: Share | None = None
    experiment: Annotated[str, Field(max_length=100)] | None = None
    variant: Annotated[str, Field(max_length=100)] | None = None


class Recommend(Question):
    """One question, and whether reasons and chances are told."""

    explain: bool | Language = Field(False, description="true: reasons; a language: explanations in words")
    chances: bool = Field(False, description="how likely each item is to be taken next")


class RecommendMany(Form):
    """Up to 1,000 questions, answered by one engine version."""

    requests: Annotated[list[Question], Field(min_length=1, max_length=MOST_ROWS)]
    explain: bool | Language = False
    chances: bool = False


class Event(Form):
    """One thing somebody did with one item; `impression` quotes the answer that it answers."""

    user: ItemOrUser
    item: ItemOrUser
    kind: Name
    time: Seconds | None = None
    value: float | None = None
    text: Annotated[str, Field(max_length=10_000)] | None = None
    impression: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    context: Annotated[Words, Field(max_length=32)] = {}


class Keyed(Form):
    """A batch that is kept once, however often it is sent under its key."""

    key: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, description="idempotency key; the header Idempotency-Key says the same"
    )


class Feedback(Keyed):
    """What people did."""

    events: Annotated[list[Event], Field(min_length=1, max_length=MOST_ROWS)]


class Remark(Keyed):
    """Feedback in words about a list: what was understood is told, and kept as events where `keep` says so."""

    text: Text
    user: ItemOrUser | None = None
    history: History | None = None
    shown: Annotated[list[ItemOrUser], Field(max_length=1_000)] | None = Field(
        None, description="the list that is spoken of; by default what is recommended now"
    )
    impression: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    remarks: Opaque | None = None
    keep: bool = Field(False, description="keep what was told of items as feedback of `user`")
    n: Count = 10


class Item(Form):
    """An item as it is from now on, attributes as a whole."""

    item: ItemOrUser
    attributes: Attributes


class Items(Keyed):
    """New items, and new words and attributes of known ones."""

    items: Annotated[list[Item], Field(min_length=1, max_length=MOST_ROWS)]


class User(Form):
    """What is known about a user from now on, as a whole."""

    user: ItemOrUser
    attributes: Attributes


class Users(Keyed):
    """Attributes of users."""

    users: Annotated[list[User], Field(min_length=1, max_length=MOST_ROWS)]


class Edited(Form):
    """What a user says of their own profile from now on, as a whole."""

    user: ItemOrUser
    edits: Edits


class EditsOfUsers(Keyed):
    """Edits of profiles, to be kept until they are taken back."""

    edits: Annotated[list[Edited], Field(min_length=1, max_length=MOST_ROWS)]


class Gone(Keyed):
    """Ids of items to hide, of users to serve as unknown, or of users whose edits are taken back."""

    ids: Annotated[list[ItemOrUser], Field(min_length=1, max_length=MOST_ROWS)]


class Similar(Form):
    """Items like these."""

    items: Annotated[list[ItemOrUser], Field(min_length=1, max_length=100)]
    n: Count = 10


class Explain(Form):
    """Why these items, or the best n, are recommended."""

    user: ItemOrUser | None = None
    history: History | None = None
    profile: OwnEdits = None
    items: Annotated[list[ItemOrUser], Field(min_length=1, max_length=100)] | None = None
    n: Annotated[int, Field(ge=1, le=100)] = 10
    language: Language = "auto"


class Interests(Form):
    """Whose interests."""

    user: ItemOrUser | None = None
    history: History | None = None
    edits: OwnEdits = None
    language: Language = "auto"


class Ask(Form):
    """A request in plain language."""

    text: Text
    user: ItemOrUser | None = None
    history: History | None = None
    profile: OwnEdits = None
    n: Count = 10
    excluded: Ids = []
    diversity: Share | None = None
    novelty: Share | None = None
    explore: Share | None = None


class Chat(Form):
    """One message of a conversation; `dialogue` is what the answer before gave."""

    text: Annotated[str, Field(max_length=2_000)]
    user: ItemOrUser | None = None
    history: History | None = None
    profile: OwnEdits = None
    dialogue: Annotated[dict[str, Any], Field(max_length=8)] | None = None
    language: Language = "auto"


class Describe(Form):
    """Which items to describe, and how."""

    items: Annotated[list[ItemOrUser], Field(min_length=1, max_length=100)]
    style: Literal["short", "plain", "long", "simple", "facts"] = "plain"
    language: Language = "auto"


class Report(Form):
    """A user says that an item should not be here."""

    item: ItemOrUser
    user: ItemOrUser
    category: Name = "other"
    text: Annotated[str, Field(max_length=2_000)] = ""


class Version(Form):
    """An engine version, or how it begins."""

    version: Annotated[str, Field(min_length=4, max_length=64)]
    reason: Annotated[str, Field(max_length=200)] = ""


class Shadow(Form):
    """The version that answers beside the one that serves; null ends that."""

    version: Annotated[str, Field(min_length=4, max_length=64)] | None


class Refit(Form):
    """Whether what passes is promoted by itself, and why it is asked for."""

    promote: bool = True
    reason: Annotated[str, Field(max_length=200)] = ""


class Experiment(Form):
    """Variants with their weights; people of `holdout` stay out of it."""

    variants: Annotated[
        dict[Name, Annotated[float, Field(gt=0.0, le=1e6)]], Field(min_length=2, max_length=20)
    ]
    holdout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    salt: Annotated[str, Field(max_length=100)] = ""


class Person(Form):
    """Whose data."""

    user: ItemOrUser


class Decision(Form):
    """What becomes of an item that was reported."""

    item: ItemOrUser
    decision: Literal["hide", "clear"]


class Order(Form):
    """Rerankers and knobs of all lists for which a request says nothing; see the section `rerank` of the settings."""

    order: Annotated[list[Name], Field(max_length=8)] = []
    options: Annotated[dict[Name, dict[str, Any]], Field(max_length=8)] = {}
    depth: Annotated[int, Field(ge=1, le=10_000)] = 100
    diversity: Annotated[float, Field(ge=0.0, le=1.0)] | Literal["auto"] = 0.0
    novelty: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    reason: Annotated[str, Field(max_length=200)] = ""
