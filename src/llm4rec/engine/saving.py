"""An engine as a folder and back: settings, catalog, users, interactions, arrays. Knows nothing of scoring."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w

from llm4rec.core import (
    Catalog,
    ComponentError,
    Dataset,
    Embeds,
    Encoder,
    FitContext,
    FolderError,
    Model,
    Saves,
    Tunes,
    Users,
    silent,
)
from llm4rec.core.records import Report
from llm4rec.data import FeatureBlocks
from llm4rec.engine.build import build_encoder, build_generator, build_model, component_from, maker, whitened
from llm4rec.engine.byte_index import ByteIndex
from llm4rec.engine.choosing import FALLBACK
from llm4rec.engine.fitted import PRICES, Fitted, Since
from llm4rec.engine.folder import checked_folder, new_folder
from llm4rec.engine.index import Index, read_index
from llm4rec.engine.prices import Prices
from llm4rec.engine.reports import Reports, read_reports
from llm4rec.engine.safety import Safety, judged
from llm4rec.engine.settings import Settings, read_settings
from llm4rec.engine.tables import read_described, read_interactions, write_described, write_interactions

SETTINGS, FACTS, INDEX = "settings.toml", "engine.json", "index.safetensors"
SAFETY, REPORTS = "safety.safetensors", "reports.jsonl"
ELSEWHERE: Any = {"cache": True, "generator": True, "live": True, "safety": {"reports", "examples"}}
"""Settings of whoever runs an engine: no folder says which server is contacted, which file is written, how it serves."""
BLOCKS = ("features", "words", "people")


def save(fitted: Fitted, settings: Settings, target: Path, reports: Reports) -> Path:
    """Write the folder beside its place and rename it; an interrupted save leaves what was there."""
    from safetensors.numpy import save_file

    model = fitted.model
    if not isinstance(model, Saves) or not isinstance(fitted.fallback, Saves):
        raise ComponentError(f"model {fitted.name!r} cannot be saved")
    with new_folder(target) as folder:
        text = tomli_w.dumps(_without_none(settings.model_dump(mode="json", exclude=ELSEWHERE)))
        (folder / SETTINGS).write_text(text, encoding="utf-8")
        (folder / FACTS).write_text(json.dumps(_facts(fitted), indent=1), encoding="utf-8")
        write_described(fitted.dataset.catalog, folder / "items.parquet")
        write_described(fitted.dataset.users, folder / "users.parquet")
        write_interactions(fitted.dataset.interactions, folder / "interactions.parquet")
        save_file(_contiguous(model.state()), folder / "model.safetensors")
        save_file(_contiguous(fitted.fallback.state()), folder / "fallback.safetensors")
        if fitted.index is not None:
            save_file(_contiguous(fitted.index.state()), folder / INDEX)
        if fitted.safety is not None:
            save_file(_contiguous(fitted.safety.state()), folder / SAFETY)
        if len(reports):
            (folder / REPORTS).write_text(reports.text(), encoding="utf-8")
        if fitted.whitening is not None:
            save_file(_contiguous(fitted.whitening.state()), folder / "whitening.safetensors")
        for name in BLOCKS:
            blocks = getattr(fitted, name)
            if isinstance(blocks, FeatureBlocks):
                (folder / f"{name}.json").write_text(
                    json.dumps(blocks.state(), ensure_ascii=False), encoding="utf-8"
                )
    return target


def _facts(fitted: Fitted) -> dict[str, Any]:
    model, priced = fitted.model, fitted.made.get(PRICES)
    # As chosen, not as given: what was chosen on a holdout is part of what has been learnt.
    config = model.chosen if isinstance(model, Tunes) else model.config
    return {
        "model": fitted.name,
        "config": config.model_dump(mode="json"),
        "version": fitted.version,
        "dataset": fitted.dataset.name,
        "synthetic": fitted.dataset.synthetic,
        "dataset_notes": list(fitted.dataset.notes),
        "notes": list(fitted.notes),
        "index": None if fitted.index is None else fitted.index.note,
        "since": vars(fitted.since),
        "pseudonyms": fitted.pseudonyms,
        "seconds": fitted.seconds if math.isfinite(fitted.seconds) else None,
        "prices": None if priced is None else priced.state(),
    }


def _without_none(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _without_none(value) for key, value in tree.items() if value is not None}
    return tree


def _contiguous(state: dict[str, Any]) -> dict[str, Any]:
    return {name: np.ascontiguousarray(array) for name, array in state.items()}


def _settings(folder: Path, given: Settings) -> Settings:
    """With the generator, the files and the serving `given`: whoever runs an engine says these, not its folder."""
    saved = read_settings(folder / SETTINGS, environment={})
    files = {"reports": given.safety.reports, "examples": given.safety.examples}
    safety = saved.safety.model_copy(update=files)
    return saved.model_copy(update={"generator": given.generator, "safety": safety, "live": given.live})


def load(folder: Path, given: Settings | None = None) -> tuple[Settings, Fitted, list[Report]]:
    """Settings, fitted value and reports of a checked folder. The encoder is loaded only when a new text needs it."""
    checked_folder(folder)
    settings = _settings(folder, given or Settings())
    facts = _read_json(folder / FACTS)
    raw = build_encoder(settings, silent)
    whitening, encoder = _whitening(folder / "whitening.safetensors", raw)
    features, words, people = (_blocks(folder / f"{name}.json") for name in BLOCKS)
    context = FitContext(
        encoder=encoder,
        raw_encoder=raw,
        features=features,
        words=words,
        people=people,
        generator=build_generator(settings),
        make=maker(settings),
    )
    model = _restored(facts["model"], facts["config"], folder / "model.safetensors", context)
    fallback = _restored("popular", FALLBACK, folder / "fallback.safetensors", context)
    notes, index = tuple(facts["notes"]), _index(folder / INDEX, model)
    dataset = _dataset(folder, facts)
    fitted = Fitted(
        model,
        fallback,
        dataset,
        encoder,
        raw,
        features,
        words,
        people,
        whitening,
        facts["version"],
        notes,
        facts["model"],
        index,
        _safety(folder / SAFETY, settings, dataset, raw),
        settings.rerank,
        settings.fit.seed,
        *_origin(facts),
    )
    return settings, _again(fitted, settings, facts), _reports(folder / REPORTS)


def _again(fitted: Fitted, settings: Settings, facts: Mapping[str, Any]) -> Fitted:
    """The value with what it can be fitted again by, and the prices of its knobs where they were measured."""
    found = replace(fitted, settings=settings, seconds=facts.get("seconds") or math.inf)
    if facts.get("prices"):
        found.made.keep(PRICES, Prices.from_state(facts["prices"]))
    return found


def _origin(facts: Mapping[str, Any]) -> tuple[Since, str]:
    """Where a refit comes from and how it names people; a folder that is older than that says neither."""
    return Since(**facts.get("since", {})), facts.get("pseudonyms", "")


def _reports(path: Path) -> list[Report]:
    return read_reports(path) if path.is_file() else []


def _whitening(path: Path, raw: Encoder | None) -> tuple[Any, Encoder | None]:
    """The whitening of the folder, None where there is none, and the encoder with it."""
    if not path.is_file():
        return None, raw
    whitening = component_from("llm4rec.encoders:Whitening").from_state(_arrays(path))
    return whitening, None if raw is None else whitened(raw, whitening)


def _safety(path: Path, settings: Settings, dataset: Dataset, encoder: Encoder | None) -> Safety | None:
    """As saved; judged now for a folder that is older than that."""
    if not settings.safety.harm:
        return None
    return (
        Safety.from_state(_arrays(path), encoder)
        if path.is_file()
        else judged(settings.safety, dataset.catalog, encoder)
    )


def _dataset(folder: Path, facts: Mapping[str, Any]) -> Dataset:
    return Dataset(
        read_interactions(folder / "interactions.parquet"),
        read_described(Catalog, folder / "items.parquet"),
        read_described(Users, folder / "users.parquet"),
        facts["dataset"],
        facts["synthetic"],
        tuple(facts["dataset_notes"]),
    )


def _index(path: Path, model: Model) -> Index | ByteIndex | None:
    if not path.is_file():
        return None
    assert isinstance(model, Embeds)
    return read_index(_arrays(path), model.item_vectors())


def _blocks(path: Path) -> FeatureBlocks | None:
    return FeatureBlocks.from_state(_read_json(path)) if path.is_file() else None


def _restored(name: str, options: Mapping[str, Any], arrays: Path, context: FitContext) -> Model:
    model = build_model(name, options)
    assert isinstance(model, Saves)
    restored: Model = model.restore(_arrays(arrays), context)
    return restored


def _arrays(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return dict(load_file(path))
    except (SafetensorError, OSError) as error:
        raise FolderError(f"{path} cannot be read: {error}. Fit and save the engine again") from error


def _read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
