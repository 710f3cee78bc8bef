"""The real default encoder, loaded once, and tiny models with random weights."""

import pytest

from llm4rec.encoders import SentenceEncoder

WORDS = ["a", "book", "of", "robots", "soil", "and", "roses", "garden", "space", "width", "machines", "peace"]


@pytest.fixture(scope="session")
def minilm():
    return SentenceEncoder()


def _tokenizer(**specials):
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {word: place for place, word in enumerate([*specials.values(), *WORDS])}
    inner = Tokenizer(models.WordLevel(words, unk_token=specials["unk_token"]))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=inner, model_max_length=64, **specials)


@pytest.fixture(scope="session")
def bert_folder(tmp_path_factory):
    """A plain Hugging Face folder of an encoder, as `save_pretrained` leaves it."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    folder = tmp_path_factory.mktemp("models") / "tiny-bert"
    BertModel(BertConfig(vocab_size=20, max_position_embeddings=64, **shape)).save_pretrained(folder)
    _tokenizer(pad_token="[PAD]", unk_token="[UNK]").save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def gpt_folder(tmp_path_factory):
    """A plain Hugging Face folder of a decoder, whose tokenizer has no padding token."""
    import torch
    from transformers import GPT2Config, GPT2Model

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "tiny-gpt"
    GPT2Model(GPT2Config(vocab_size=20, n_positions=64, n_embd=16, n_layer=2, n_head=2)).save_pretrained(
        folder
    )
    _tokenizer(unk_token="<unk>", eos_token="<end>").save_pretrained(folder)
    return folder
