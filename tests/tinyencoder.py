"""A sentence encoder of a few thousand random parameters and three dozen words, written as a folder in a moment."""

from pathlib import Path

ROBOTS = ["robot", "space", "machine", "rocket", "laser", "planet", "engine", "metal"]
GARDENS = ["garden", "soil", "roses", "flower", "spade", "seeds", "tree", "grass"]
GOOD = ["good", "great", "fine"]
BAD = ["bad", "awful", "poor"]
OTHERS = ["a", "the", "of", "and", "it", "is", "was", "very"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [*SPECIAL, *ROBOTS, *GARDENS, *GOOD, *BAD, *OTHERS]


def _tokenizer():
    from transformers import BertTokenizer

    words = {word: n for n, word in enumerate(WORDS)}
    return BertTokenizer(vocab=words, do_lower_case=True, model_max_length=32)


def write_tiny(base: Path) -> Path:
    """A sentence-transformers folder inside `base`; a BERT of three layers, words of robots and gardens."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel

    from llm4rec.encoders import loading

    shape = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32}
    plain, folder = base / "plain", base / "tiny"
    with torch.random.fork_rng(), loading._no_progress_bars():
        torch.manual_seed(0)
        BertModel(BertConfig(vocab_size=48, max_position_embeddings=64, **shape)).save_pretrained(plain)
        _tokenizer().save_pretrained(plain)
        parts = [Transformer(str(plain)), Pooling(16), Normalize()]
        SentenceTransformer(modules=parts, device="cpu").save_pretrained(str(folder), create_model_card=False)
    return folder
