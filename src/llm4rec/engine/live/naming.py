"""By what names people are known: their ids, or the pseudonyms under which a store keeps them. Keeps no key and no table.

An engine that was fitted on what such a store keeps says so (`Fitted.pseudonyms`), and whoever asks is looked up in it by
their name at rest; in an engine with plain ids they are looked up by their id. So both can serve, one after the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from llm4rec.core import ComponentError, Dataset, Erases, Id, Store, Users, Vocabulary
from llm4rec.engine.fitted import Fitted
from llm4rec.store.pseudonyms import Pseudonyms, pseudonyms_of

if TYPE_CHECKING:
    from llm4rec.engine.engine import Engine

HIDDEN = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, eq=False)
class Naming:
    """How one tenant's people are named in a store."""

    tenant: str
    pseudonyms: Pseudonyms | None = None

    @classmethod
    def of(cls, store: Store, tenant: str) -> Self:
        """As the store is set up. SettingsError where it has a key that cannot be read."""
        return cls(tenant, pseudonyms_of(getattr(getattr(store, "config", None), "pseudonym_key_env", "")))

    @property
    def mark(self) -> str:
        """What engines say that know people by these pseudonyms; empty where ids are kept as they are."""
        return "" if self.pseudonyms is None else self.pseudonyms.mark(self.tenant)

    def at_rest(self, user: Id) -> str:
        """A user as the store knows them: their id, or its pseudonym."""
        return str(user) if self.pseudonyms is None else self.pseudonyms(self.tenant, str(user))

    def inside(self, fitted: Fitted, user: Id) -> Id:
        """A user as an engine knows them."""
        return self.at_rest(user) if fitted.pseudonyms else user

    def checked(self, engine: Engine) -> Engine:
        """The engine; ComponentError where it knows people by names that nobody here can make."""
        if engine.fitted.pseudonyms in ("", self.mark):
            return engine
        raise ComponentError(
            f"engine {engine.fitted.version} knows people by pseudonyms of another key or tenant; open the store with "
            "the key it was made with (pseudonym_key_env), or fit what `llm4rec store export` writes"
        )

    def data(self, dataset: Dataset) -> Dataset:
        """A data set with people named as at rest; where all ids are pseudonyms already (an export), they stay."""
        if self.pseudonyms is None or all(HIDDEN.fullmatch(str(user)) for user in dataset.users.ids.ids):
            return dataset
        names = Vocabulary([self.at_rest(user) for user in dataset.users.ids.ids])
        return replace(dataset, users=Users(names, dataset.users.columns))

    def engine(self, engine: Engine) -> Engine:
        """The engine with people named as at rest, wherever it names them; the one given stays as it is."""
        from llm4rec.engine.reports import Reports

        if self.checked(engine).fitted.pseudonyms == self.mark:
            return engine
        named = engine.over(
            replace(engine.fitted, dataset=self.data(engine.fitted.dataset), pseudonyms=self.mark)
        )
        known = (replace(one, user=self.at_rest(one.user)) for one in engine.reports.all)
        named.reports = Reports(known=known)
        return named

    def subject(self, store: Erases, user: Id, hidden: bool) -> str:
        """The salted hash by which proofs name a user; `hidden`: the name given is one at rest already."""
        if not (hidden and self.pseudonyms is not None):
            return store.subject(user, tenant=self.tenant)
        from llm4rec.store.erasing_sql import subject_of

        kept: Any = store
        return subject_of(kept.about["salt"], self.tenant, str(user))
