"""The engine: fit, recommend, add items, learn, forget, save, load. Every step swaps in a new fitted value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from llm4rec.core import (
    Catalog,
    ComponentError,
    DataError,
    Dataset,
    Floats,
    Forgets,
    Grows,
    Holdout,
    Id,
    KnownUsers,
    Model,
    NotFoundError,
    ProfileEdits,
    Progress,
    Recommendations,
    Request,
    SettingsError,
    silent,
    suggest,
)
from llm4rec.core.records import Report
from llm4rec.engine import path
from llm4rec.engine.build import build_model
from llm4rec.engine.choosing import AUTO, DEFAULT
from llm4rec.engine.door import asked, at_least_one, seen_rule
from llm4rec.engine.fitted import PRICES, Fitted, need
from llm4rec.engine.fitting import fit, fit_again
from llm4rec.engine.hiding import Hides, together
from llm4rec.engine.ordering import build_chain
from llm4rec.engine.prices import Prices
from llm4rec.engine.registry import component
from llm4rec.engine.remarks import moved
from llm4rec.engine.reports import reported, reports_of
from llm4rec.engine.safety import harms_of, without_attacks
from llm4rec.engine.scripts import suited
from llm4rec.engine.settings import Settings
from llm4rec.engine.shield import Shield
from llm4rec.engine.speaking import Speaks
from llm4rec.engine.wishes import Desk

if TYPE_CHECKING:
    import polars as pl


class Engine(Speaks):
    """Recommends items of a catalog to people, from what they did and from what items say.

    `fit` learns from a data set; `recommend` answers for a known user, or for anybody with a bare history.
    All methods take and give your own ids.
    """

    def __init__(
        self, settings: Settings | None = None, *, model: str | None = None, **options: object
    ) -> None:
        """`model` and its `options` go over what `settings` say: Engine(model="ease", reg=200.0)."""
        base = settings or Settings()
        if model is None and options:
            raise SettingsError(f"options {sorted(options)} need model=NAME beside them")
        self.settings = base if model is None else base.with_model(model, options)
        self._fitted: Fitted | None = None
        self._declined = 0
        self._generators = {}
        self.reports = reports_of(self.settings.safety)

    def fit(
        self,
        dataset: Dataset,
        *,
        holdout: Holdout | None = None,
        refit: Dataset | None = None,
        progress: Progress = silent,
    ) -> Self:
        """Learn from a data set. See `engine.fitting.fit` for what `holdout` and `refit` do."""
        self.check()
        self.settings, told = suited(self.settings, dataset.catalog)
        fitted = fit(self.settings, dataset, holdout, refit, progress)
        self._fitted = replace(fitted, notes=(*told, *fitted.notes))
        return self

    def over(self, fitted: Fitted) -> Self:
        """The same engine over another fitted value; self stays as it is."""
        engine = copy(self)
        engine._fitted = fitted
        return engine

    def check(self) -> Self:
        """Refuse wrong names and options now rather than after hours: SettingsError or NotFoundError."""
        name = self.settings.fit.model
        options = self.settings.models.get(name, {})
        if name != AUTO:
            build_model(name, options)
        elif options:
            raise SettingsError(f"options {sorted(options)} are of no model: name one, such as {DEFAULT!r}")
        if self.settings.encoder.name != "none":
            component("encoder", self.settings.encoder.name)
        build_chain(self.settings.rerank)
        return self

    @property
    def fitted(self) -> Fitted:
        """What has been learnt; NotFittedError before `fit` or `load`."""
        return need(self._fitted)

    @property
    def model(self) -> Model:
        """The fitted model."""
        return self.fitted.model

    @property
    def catalog(self) -> Catalog:
        """All items that can be recommended."""
        return self.fitted.catalog

    def recommend(
        self,
        user: Id | None = None,
        history: Sequence[Id] | None = None,
        n: int = 10,
        *,
        explain: bool | str = False,
        chances: bool = False,
        **limits: Any,
    ) -> Recommendations:
        """The n best items for one user id, or for a bare history of item ids, oldest first.

        `limits`: allowed=ids, excluded=ids, seen="exclude" | "include", query="words of a search", session=ids of what was
        looked at just now (they go behind the history), context={"device": "phone"}, in which it is asked, profile=edits (`ProfileEdits`) of the owner of the history, remarks=what `remark` gave, time=UTC seconds, and the knobs diversity,
        novelty and explore from 0 to 1, whose cost stands in `trade`. Unknown users, unknown items of a history and contexts
        that the model does not know are answered by a stated rule and named in `degraded`. `explain`: True gives reasons, a
        language ("en", "zh", or "auto": the user's own) explanations in words with their evidence as well. `chances` asks how
        likely each item is to be taken next, and whether the data say so at all.
        """
        question = {"user": user, "history": history, "n": n, **limits}
        return self.recommend_many([question], explain=explain, chances=chances)[0]

    def recommend_many(
        self, questions: Iterable[dict[str, Any]], *, explain: bool | str = False, chances: bool = False
    ) -> list[Recommendations]:
        """`recommend` for many questions at once, each a dictionary of its arguments."""
        made = [self._asked(**question) for question in questions]
        requests, notes = [request for request, _ in made], [told for _, told in made]
        return path.recommendations(self.fitted, requests, notes, explain, chances)

    def recommend_all(
        self,
        users: Iterable[Id] | None = None,
        n: int = 10,
        *,
        seen: str = "exclude",
        progress: Progress = silent,
    ) -> pl.DataFrame:
        """The n best items of every known user, or of `users`: a polars frame user, rank, item, score, fallback.

        The same lists as `recommend_many` gives (scores up to rounding), made in chunks of bounded memory and without
        an object a user. `fallback` marks users of whom nothing is known: they are shown what is popular.
        """
        from llm4rec.engine.everyone import table

        known = self.fitted.dataset.users.ids
        numbers = np.arange(len(known)) if users is None else known.numbers(users, "user")
        known_users = KnownUsers(self.fitted.dataset, numbers, at_least_one(n), seen_rule(seen))
        return table(self.fitted, known_users, self._hides.by_group, progress)

    def score(self, requests: Sequence[Request]) -> Floats:
        """(requests, items) scores over the whole catalog, in the order that is served; rows the model declined are
        answered by popularity, and what is hidden from whoever asks stands last."""
        found, declined = path.served(self.fitted, requests)
        self._declined += int(declined.sum())
        return self._hides.put_last(found, requests)

    @property
    def degraded(self) -> list[str]:
        """What `score` could not do as asked since the engine was made, with counts."""
        told = f"{self._declined} requests without a usable history were answered by what is popular"
        return [told] if self._declined else []

    def _asked(
        self, profile: ProfileEdits | None = None, remarks: Any = None, **question: Any
    ) -> tuple[Request, tuple[str, ...]]:
        """The request without what may not be shown to whoever asks; and what could not be taken as given."""
        request, notes = asked(self.fitted, self.settings, profile, **question)
        hidden = self._hides.items(request.context, request.user)
        if len(hidden):
            request = replace(request, excluded=together(request.excluded, hidden))
        if remarks is None:
            return request, notes
        request, opened = moved(Desk(self.fitted), request, remarks)
        return request, (*notes, *opened)

    @property
    def _hides(self) -> Hides:
        return Hides(self.settings.safety, self.fitted, self.reports)

    def price_knobs(self) -> Prices:
        """Measure now what turning knobs costs, however long it takes: five fits. `save` keeps the prices with the engine."""
        from llm4rec.engine.pricing import measured

        found = measured(self.fitted, self.settings)
        self.fitted.made.keep(PRICES, found)
        return found

    def judge(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        """In which ways each text is harmful (core.harm.HARMS), by the guard of this engine; () where in none."""
        return harms_of(self.fitted.safety, texts)

    def report(self, item: Id, user: Id, category: str = "other", text: str = "", **more: Any) -> Report:
        """A user says that an item should not be here. It is hidden once `safety.review_at` users have said so.

        `action`="withdraw" takes the report back; "clear" is the decision that the item may stay, "hide" that it may not: both
        end all reports of it so far. `time` is UTC seconds; default: now. NotFoundError for an item that there is not.
        """
        self.catalog.ids.numbers([item], "item")
        return reported(self.reports, item, user, {"category": category, "text": text, **more})

    def add_items(self, items: Any, *, progress: Progress = silent) -> Self:
        """New items, recommendable at once, without refitting: a Catalog, a frame, a file or a list of dictionaries."""
        from llm4rec.data import read_items

        fitted = self.fitted
        if not isinstance(fitted.model, Grows):
            raise ComponentError(
                f"model {fitted.name!r} cannot take new items; fit again with them, or use 'sequence'"
            )
        if isinstance(items, list):
            if not items:
                return self
            items = _frame(items)
        new = items if isinstance(items, Catalog) else read_items(items, like=fitted.catalog)
        _check_ids(new, fitted.catalog)
        safety = None if fitted.safety is None else fitted.safety.extended(new)
        new, told = without_attacks(self.settings.safety, new)
        catalog = fitted.catalog.extended(new)
        dataset = Dataset(
            fitted.dataset.interactions,
            catalog,
            fitted.dataset.users,
            fitted.dataset.name,
            fitted.dataset.synthetic,
            fitted.dataset.notes,
        )
        context = fitted.context(self.settings, progress)
        fallback = fitted.fallback
        self._fitted = fitted.with_changes(
            self.settings,
            model=fitted.model.grow(catalog, context),
            fallback=fallback.grow(catalog, context) if isinstance(fallback, Grows) else fallback,
            dataset=dataset,
            safety=safety,
            notes=(*fitted.notes, *told),
        )
        return self

    def forget(self, user: Id, progress: Progress = silent) -> Self:
        """The engine as if this user had never been there.

        Exactly and at once where the model can do that (`Forgets`) and the events of others count as before; otherwise
        it is fitted again without the user, with the settings as chosen.
        """
        fitted = self.fitted
        number = fitted.dataset.users.ids.number(user)
        if number < 0:
            raise NotFoundError(f"no user {user!r}{suggest(user, fitted.dataset.users.ids.ids[:20_000])}")
        left = fitted.dataset.without_user(number)
        context = fitted.context(self.settings, progress)
        model, shield = fitted.model, Shield.of(self.settings.fit)
        seen, counted = shield.data(left), shield.history(fitted.dataset, number)
        if isinstance(model, Forgets) and counted is not None:
            model = model.forget([counted])
        else:
            model = fit_again(model, seen, context)
        self._fitted = fitted.with_changes(
            self.settings,
            model=model,
            fallback=type(fitted.fallback)(fitted.fallback.config).fit(seen, context),  # type: ignore[call-arg]
            dataset=left,
        )
        return self

    def save(self, folder: str | Path) -> Path:
        """Write the engine to a folder: settings, vocabularies, arrays and a manifest with checksums. No pickle."""
        from llm4rec.engine.saving import save

        return save(self.fitted, self.settings, Path(folder), self.reports)

    @classmethod
    def load(cls, folder: str | Path, settings: Settings | None = None) -> Self:
        """Read an engine folder; FolderError where it was cut short, changed or made by a newer format.

        `settings` say which language model writes (their section `generator`) and which file reports are written to: a
        folder never does.
        """
        from llm4rec.engine.saving import load

        settings, fitted, known = load(Path(folder), settings)
        engine = cls(settings)
        engine._fitted = fitted
        engine.reports = reports_of(settings.safety, known)
        return engine


def _check_ids(new: Catalog, known: Catalog) -> None:
    """DataError where new items have ids that are taken, or numbers where the catalog has text."""
    taken = [name for name in new.ids.ids if name in known.ids]
    if taken:
        raise DataError(
            f"items are in the catalog already: {taken[:5]}; leave them out, or give them new ids"
        )
    if len(new) and len(known) and new.ids.numeric != known.ids.numeric:
        kinds = ("text", "whole numbers")
        raise DataError(
            f"item {new.ids.ids[0]!r}: new ids are {kinds[new.ids.numeric]}, those of the catalog "
            f"{kinds[known.ids.numeric]}"
        )


def _frame(rows: list[dict[str, Any]]) -> Any:
    """Dictionaries as a frame; keys that a row lacks are missing values."""
    import polars as pl

    return pl.from_dicts(rows, infer_schema_length=None)
