"""A tiny encoder with random weights, and a tiny shop whose tastes are plain: robots or gardens, good or bad."""

import numpy as np
import pytest

from llm4rec.core import Catalog, Column, ColumnType, Dataset, Interactions, Users, Vocabulary
from llm4rec.encoders.adapting import AdaptConfig

ROBOTS = ["robot", "space", "machine", "rocket", "laser", "planet", "engine", "metal"]
GARDENS = ["garden", "soil", "roses", "flower", "spade", "seeds", "tree", "grass"]
GOOD = ["good", "great", "fine"]
BAD = ["bad", "awful", "poor"]
OTHERS = ["a", "the", "of", "and", "it", "is", "was", "very"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [*SPECIAL, *ROBOTS, *GARDENS, *GOOD, *BAD, *OTHERS]


def _tokenizer():
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    words = {word: n for n, word in enumerate(WORDS)}
    inner = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    inner.normalizer = normalizers.Lowercase()
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    special = dict(zip(names, SPECIAL, strict=True))
    return PreTrainedTokenizerFast(tokenizer_object=inner, model_max_length=32, **special)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """A sentence-transformers folder of a BERT of a few thousand parameters."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel

    from llm4rec.encoders import loading

    shape = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32}
    plain = tmp_path_factory.mktemp("plain") / "bert"
    folder = tmp_path_factory.mktemp("models") / "tiny"
    with torch.random.fork_rng(), loading._no_progress_bars():
        torch.manual_seed(0)
        BertModel(BertConfig(vocab_size=48, max_position_embeddings=64, **shape)).save_pretrained(plain)
        _tokenizer().save_pretrained(plain)
        parts = [Transformer(str(plain)), Pooling(16), Normalize()]
        SentenceTransformer(modules=parts, device="cpu").save_pretrained(str(folder), create_model_card=False)
    return folder


def column(kind, values):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return Column(kind, array)


def titled(rng, count):
    """Titles of three words, of robots and of gardens in turn, no two alike."""
    titles = []
    while len(titles) < count:
        words = (ROBOTS, GARDENS)[len(titles) % 2]
        title = " ".join(rng.choice(words, 3, replace=False))
        if title not in titles:
            titles.append(title)
    return titles


def shop(items=40, people=40, seed=0, texts=True):
    """People who take items of one subject and say good or bad of them in words that tell the stars."""
    rng = np.random.default_rng(seed)
    titles = titled(rng, items)
    tags = [("robots",) if n % 2 == 0 else ("gardens",) for n in range(items)]
    columns = {"title": column(ColumnType.TEXT, titles), "categories": column(ColumnType.TAGS, tags)}
    users, taken, stars, said = [], [], [], []
    for person in range(people):
        for item in rng.choice(np.arange(person % 2, items, 2), 6, replace=False):
            good = rng.random() < 0.5
            words = rng.choice(GOOD if good else BAD, 1).tolist() + rng.choice(OTHERS, 2).tolist()
            users.append(person)
            taken.append(item)
            stars.append(5.0 if good else 1.0)
            said.append(" ".join(words))
    interactions = Interactions.of(
        users,
        taken,
        values=stars,
        kind_names=("rating",),
        texts=np.array(said, dtype=object) if texts else None,
    )
    catalog = Catalog(Vocabulary([f"i{n}" for n in range(items)]), columns)
    return Dataset(interactions, catalog, Users(Vocabulary([f"u{n}" for n in range(people)])), "tiny-shop")


@pytest.fixture
def quick(tiny):
    """Settings for a run of a moment, `given` over them."""

    def made(**given):
        base = {
            "source": str(tiny),
            "steps": 4,
            "batch_size": 8,
            "precision": "fp32",
            "tracking": "none",
            "hidden": 8,
            "dropout": 0.0,
            "probe_loss": 1000.0,
            "validation": 0.2,
        }
        return AdaptConfig(**(base | given))

    return made
