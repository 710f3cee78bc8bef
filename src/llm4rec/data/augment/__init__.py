"""More data of the data there is: sequences cut and thinned, texts edited, and what each way did. Made data is for fitting only."""

from llm4rec.data.augment.datasets import augment_dataset
from llm4rec.data.augment.edits import Deletion, Swap
from llm4rec.data.augment.effect import Effect, Likeness
from llm4rec.data.augment.onoff import OnOff, on_off
from llm4rec.data.augment.sequences import (
    Crop,
    Mask,
    MoreHistories,
    SequenceWay,
    Windows,
    augment_histories,
)
from llm4rec.data.augment.spans import NEGATIONS
from llm4rec.data.augment.synonyms import Synonyms, SynonymsConfig, nearest_words
from llm4rec.data.augment.texts import MoreTexts, TextWay, augment_texts
from llm4rec.data.augment.translation import BackTranslation

__all__ = [
    "NEGATIONS",
    "BackTranslation",
    "Crop",
    "Deletion",
    "Effect",
    "Likeness",
    "Mask",
    "MoreHistories",
    "MoreTexts",
    "OnOff",
    "SequenceWay",
    "Swap",
    "Synonyms",
    "SynonymsConfig",
    "TextWay",
    "Windows",
    "augment_dataset",
    "augment_histories",
    "augment_texts",
    "nearest_words",
    "on_off",
]
