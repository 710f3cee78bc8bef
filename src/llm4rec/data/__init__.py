"""Files and frames in, a checked `Dataset` out: readers, cleaning, splits, the sample shop, feature blocks."""

from llm4rec.core import Dataset
from llm4rec.data.augment import (
    BackTranslation,
    Crop,
    Deletion,
    Mask,
    Swap,
    Synonyms,
    SynonymsConfig,
    Windows,
    augment_dataset,
    augment_histories,
    augment_texts,
    on_off,
)
from llm4rec.data.blocks import Binned, MultiHot, OneHot, Place, PlaceConfig
from llm4rec.data.cleaning import Cleaning, CleaningStep, clean, clean_loaded
from llm4rec.data.crosses import BLOCKS, Cross, CrossConfig, block_from
from llm4rec.data.features import FeatureBlocks, default_blocks
from llm4rec.data.folds import Fold, Pairs, Split
from llm4rec.data.harmless import harmful, without_harmful
from llm4rec.data.labelled import Block
from llm4rec.data.reading import LoadedDataset, check, load, read_dataset, read_items
from llm4rec.data.report import CheckReport, Note
from llm4rec.data.shop import sample_books, sample_shop, shop_simulation, shop_traits
from llm4rec.data.simulator import (
    FEATURES,
    Contexts,
    Feedback,
    Moments,
    Simulation,
    Traits,
    Truth,
    World,
    WorldConfig,
    build_world,
    live,
    simulate,
)
from llm4rec.data.splits import PROTOCOLS, split
from llm4rec.data.text_blocks import Tfidf
from llm4rec.data.time_blocks import Age, DayOfWeek, TimeOfDay, Year
from llm4rec.data.words import default_words
from llm4rec.data.writing import write_folder, write_items

__all__ = [
    "BLOCKS",
    "FEATURES",
    "PROTOCOLS",
    "Age",
    "BackTranslation",
    "Binned",
    "Block",
    "CheckReport",
    "Cleaning",
    "CleaningStep",
    "Contexts",
    "Crop",
    "Cross",
    "CrossConfig",
    "Dataset",
    "DayOfWeek",
    "Deletion",
    "FeatureBlocks",
    "Feedback",
    "Fold",
    "LoadedDataset",
    "Mask",
    "Moments",
    "MultiHot",
    "Note",
    "OneHot",
    "Pairs",
    "Place",
    "PlaceConfig",
    "Simulation",
    "Split",
    "Swap",
    "Synonyms",
    "SynonymsConfig",
    "Tfidf",
    "TimeOfDay",
    "Traits",
    "Truth",
    "Windows",
    "World",
    "WorldConfig",
    "Year",
    "augment_dataset",
    "augment_histories",
    "augment_texts",
    "block_from",
    "build_world",
    "check",
    "clean",
    "clean_loaded",
    "default_blocks",
    "default_words",
    "harmful",
    "live",
    "load",
    "on_off",
    "read_dataset",
    "read_items",
    "sample_books",
    "sample_shop",
    "shop_simulation",
    "shop_traits",
    "simulate",
    "split",
    "without_harmful",
    "write_folder",
    "write_items",
]
