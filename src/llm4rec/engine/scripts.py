"""Which encoder suits the script of a catalog's texts, where the settings name none but the default."""

from __future__ import annotations

from llm4rec.core import Catalog
from llm4rec.core.languages import mostly_other
from llm4rec.engine.settings import EncoderSettings, Settings

DEFAULT, JOINT = "minilm", "minilm+lexical"
NOTE = (
    "most item texts are in another script than Latin, which the embedded encoder was not made for: an encoder of words and "
    "characters takes part; a multilingual one is set by encoder.name = 'sentence' and encoder.options.source"
)


def suited(settings: Settings, catalog: Catalog) -> tuple[Settings, tuple[str, ...]]:
    """The settings with an encoder for the catalog's script, and what was changed; unchanged where an encoder is set."""
    if settings.encoder.name != DEFAULT or settings.encoder.options or not mostly_other(catalog.texts):
        return settings, ()
    encoder = EncoderSettings(**{**settings.encoder.model_dump(), "name": JOINT})
    return settings.model_copy(update={"encoder": encoder}), (NOTE,)
