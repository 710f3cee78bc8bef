"""Whether a folder holds an encoder that `bert_net` reads as sentence-transformers does. Opens JSON only: no weights.

The rule: a BERT with its tokenizer, the mean or the first token of its output, and behind that any number of linear layers
and scalings, every setting beside them one that is known here. Whatever else a folder says, the library reads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ANYTHING: Any = None
OUTPUT = ("sentence_embedding", None)
POOLINGS = {"pooling_mode_cls_token": "cls", "pooling_mode_mean_tokens": "mean"}
OTHER_POOLINGS = ("max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken")
ACTIVATIONS = {
    "torch.nn.modules.linear.Identity": "identity",
    "torch.nn.modules.activation.Tanh": "tanh",
}

# Keys of the files that sentence-transformers writes, and the values that mean what is done here.
MODEL = {
    "__version__": ANYTHING,
    "similarity_fn_name": ANYTHING,
    "prompts": ANYTHING,
    "default_prompt_name": ANYTHING,
    "model_type": ("SentenceTransformer",),
    "truncate_dim": (None,),
}
MODULE = {"idx": ANYTHING, "name": ANYTHING, "path": ANYTHING, "type": ANYTHING, "kwargs": ([],)}
TRANSFORMER = {
    "max_seq_length": ANYTHING,
    "do_lower_case": (False,),
    "transformer_task": ("feature-extraction",),
    "modality_config": ({"text": {"method": "forward", "method_output_name": "last_hidden_state"}},),
    "module_output_name": ("token_embeddings",),
}
POOLING = {
    "word_embedding_dimension": ANYTHING,
    "embedding_dimension": ANYTHING,
    "pooling_mode": ("mean", "cls", ["mean"], ["cls"], ["mean", "cls"], ["cls", "mean"]),
    "include_prompt": (True,),
    **dict.fromkeys(POOLINGS, (True, False)),
    **{f"pooling_mode_{name}": (False,) for name in OTHER_POOLINGS},
}
NORMALIZE = {"module_input_name": OUTPUT, "module_output_name": OUTPUT}
DENSE = {
    "in_features": ANYTHING,
    "out_features": ANYTHING,
    "bias": (True, False),
    "activation_function": tuple(ACTIVATIONS),
    "use_residual": (False,),
    **NORMALIZE,
}
# Of the many keys of config.json these decide a vector; and these files and keys call for something not done here.
BERT = {
    "model_type": ("bert",),
    "hidden_act": ("gelu", "relu"),
    "position_embedding_type": ("absolute",),
    "is_decoder": (False,),
    "add_cross_attention": (False,),
    "chunk_size_feed_forward": (0,),
}
SIZES = (
    "vocab_size",
    "max_position_embeddings",
    "type_vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_attention_heads",
    "num_hidden_layers",
)
FOREIGN_KEYS = {
    "auto_map",
    "quantization_config",
    "attn_implementation",
    "_attn_implementation",
    "chat_template",
}
FOREIGN_FILES = (
    "adapter_config.json",
    "p*processor_config.json",
    "chat_template*",
    "sentence_[!b]*_config.json",
)


@dataclass(frozen=True)
class Linear:
    """A linear layer: where its arrays lie, their shapes, and what is done to the output."""

    folder: Path
    shapes: Mapping[str, tuple[int, ...]]
    activation: str


@dataclass(frozen=True)
class Layout:
    """A folder that is read here: where its BERT lies, the settings of it, and what is done to the output.

    A step that is None scales the vector to length one. `max_length` is None where the tokenizer and the model say it.
    """

    inner: Path
    config: Mapping[str, Any]
    pooling: tuple[str, ...] = ("mean",)
    steps: tuple[Linear | None, ...] = ()
    prompt: str = ""
    max_length: int | None = None


def layout(folder: Path) -> Layout | None:
    """How the folder is read; None where it is the library's to read, or to say what is wrong with it."""
    try:
        return _layout(folder) if (folder / "modules.json").is_file() else Layout(folder, _bert(folder))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):  # anything may stand in JSON
        return None


def _layout(folder: Path) -> Layout:
    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    kinds = [module["type"].rpartition(".")[2] for module in modules]
    inner, pool, *behind = (_inside(folder, module["path"]) for module in modules)
    told = _known(_read(folder / "config_sentence_transformers.json"), MODEL)
    own = _known(_read(inner / "sentence_bert_config.json"), TRANSFORMER)
    for module in modules:
        _known(module, MODULE)
    ours = all(module["type"].startswith("sentence_transformers.") for module in modules)
    if not ours or kinds[:2] != ["Transformer", "Pooling"]:
        raise ValueError(f"other modules: {kinds}")
    name = told.get("default_prompt_name")
    return Layout(
        inner,
        _bert(inner),
        _pooling(_known(_read(pool / "config.json"), POOLING)),
        tuple(_step(kind, path) for kind, path in zip(kinds[2:], behind, strict=True)),
        "" if name is None else told["prompts"][name] or "",
        own.get("max_seq_length"),
    )


def _bert(folder: Path) -> dict[str, Any]:
    """The settings of a BERT in the folder, if it is one of those that are read here."""
    config, tokenizer = _read(folder / "config.json"), _read(folder / "tokenizer_config.json")
    here = (
        config["model_type"] == "bert"
        and all(config[key] in BERT[key] for key in BERT if key in config)
        and all(int(config[key]) > 0 for key in SIZES)
        and config["hidden_size"] % config["num_attention_heads"] == 0
        and not FOREIGN_KEYS & (config.keys() | tokenizer.keys())
        and not any(any(folder.glob(pattern)) for pattern in FOREIGN_FILES)
        and all((folder / name).is_file() for name in ("model.safetensors", "tokenizer.json"))
    )
    if not here:
        raise ValueError("another model")
    return config


def _pooling(found: Mapping[str, Any]) -> tuple[str, ...]:
    """What is taken of the output, in the order in which it is laid side by side."""
    if not found:
        raise ValueError("no pooling")
    if "pooling_mode" in found:
        modes = found["pooling_mode"]
        return (modes,) if isinstance(modes, str) else tuple(modes)
    return tuple(mode for key, mode in POOLINGS.items() if found.get(key)) or ("mean",)


def _step(kind: str, folder: Path) -> Linear | None:
    found = _read(folder / "config.json")
    if kind == "Normalize":
        _known(found, NORMALIZE)
        return None
    if kind != "Dense":
        raise ValueError(f"another module: {kind}")
    activation = ACTIVATIONS[_known(found, DENSE)["activation_function"]]
    shapes: dict[str, tuple[int, ...]] = {"linear.weight": (found["out_features"], found["in_features"])}
    if found.get("bias", True):
        shapes["linear.bias"] = shapes["linear.weight"][:1]
    return Linear(folder, shapes, activation)


def _known(found: dict[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """What was found, if every key is known, with a value that is."""
    for key, value in found.items():
        if known[key] is not ANYTHING and value not in known[key]:
            raise ValueError(f"{key} = {value!r}")
    return found


def _inside(folder: Path, name: str) -> Path:
    """A folder in the folder, or the folder itself."""
    if name and (Path(name).name != name or name == ".."):
        raise ValueError(f"{name!r} is no name of a folder in {folder}")
    return folder / name


def _read(file: Path) -> dict[str, Any]:
    """What a JSON file holds; nothing where there is none."""
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return dict(found)
