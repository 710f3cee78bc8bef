"""An opened encoder to an ONNX file, and the weights of such a file to 8 bits. Knows no texts and judges nothing.

Weights get one scale a column, activations one a row (token), found anew for each: a text's vector does not depend on
the texts beside it, as it would with one scale for the whole batch.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from llm4rec.core import ComponentError
from llm4rec.encoders.exported import INPUTS, OUTPUT

OPSET = 20
# Weights use 63 steps, not 127: processors without VNNI add pairs of products in 16 bits, and 2 x 255 x 63 just fits.
STEPS = 63
LOOKED_UP = 1000  # rows from which a table of word vectors is made 8-bit too
TINY = np.float32(1e-9)


class _Whole(torch.nn.Module):
    """All modules of the encoder as one function of token numbers and mask."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Any, attention_mask: Any) -> Any:
        features = {"input_ids": input_ids, "attention_mask": attention_mask}
        for module in self.model:
            features = module(features)
        return features["sentence_embedding"]


def export(model: Any, file: Path) -> None:
    """Write a SentenceTransformer of fp32 as one ONNX file of standard operators; ComponentError where it cannot be."""
    tokens = model.tokenizer(["a text", "another text of more words"], padding=True, return_tensors="pt")
    shape = {0: torch.export.Dim("texts", min=1, max=65_536), 1: torch.export.Dim("tokens", min=2)}
    try:
        with torch.no_grad(), _quiet():
            torch.onnx.export(
                _Whole(model).eval(),
                tuple(tokens[name] for name in INPUTS),
                str(file),
                input_names=list(INPUTS),
                output_names=[OUTPUT],
                dynamic_shapes=(shape, shape),
                opset_version=OPSET,
                external_data=False,
                dynamo=True,
                verbose=False,
            )
    except (RuntimeError, ValueError, TypeError, AttributeError, KeyError, NotImplementedError) as error:
        reason = str(error).strip().splitlines()
        raise ComponentError(
            f"this encoder cannot be exported to ONNX ({type(error).__name__}: {reason[0] if reason else ''}); "
            "precision = 'bf16' needs no export"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide what the exporter tells of its own parts; afterwards its loggers are as they were."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "torch.export")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def layers(file: Path) -> list[str]:
    """Names of the products with a weight matrix, in the order of the graph."""
    graph = onnx.load(str(file)).graph
    weights = _matrices(graph)
    return [node.output[0] for node in graph.node if _is_layer(node, weights)]


def to_int8(source: Path, target: Path, left_out: Collection[str] = ()) -> int:
    """Write `source` with 8-bit weights but for the layers `left_out`; how many layers were made so."""
    model = onnx.load(str(source))
    graph = model.graph
    weights, made = _matrices(graph), _Made()
    for node in list(graph.node):
        if _is_layer(node, weights) and node.output[0] not in left_out:
            made.layer(node, weights[node.input[1]])
        elif _is_table(node, weights):
            made.table(node, weights[node.input[0]])
        else:
            made.nodes.append(node)
    del graph.node[:]
    graph.node.extend(made.nodes)
    used = {name for node in made.nodes for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept + made.tensors())
    del graph.value_info[:]
    target.write_bytes(model.SerializeToString())
    return made.count


def _matrices(graph: Any) -> dict[str, Any]:
    """Constant matrices of 32-bit floats by name."""
    return {
        tensor.name: numpy_helper.to_array(tensor)
        for tensor in graph.initializer
        if tensor.data_type == TensorProto.FLOAT and len(tensor.dims) == 2
    }


def _is_layer(node: Any, weights: dict[str, Any]) -> bool:
    return node.op_type == "MatMul" and node.input[1] in weights and node.input[0] not in weights


def _is_table(node: Any, weights: dict[str, Any]) -> bool:
    by_row = not any(one.name == "axis" and one.i for one in node.attribute)
    return node.op_type == "Gather" and by_row and len(weights.get(node.input[0], ())) >= LOOKED_UP


class _Made:
    """Nodes and constants of the new graph as they come up."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.count = 0
        self._rows: dict[str, str] = {}
        self._constants: dict[str, Any] = {
            "int8_last": np.array([-1], np.int64),
            "int8_tiny": np.array(TINY),
            "int8_steps": np.array(127, np.float32),
            "int8_one": np.array(1, np.float32),
            "int8_middle": np.array(128, np.uint8),
        }

    def tensors(self) -> list[Any]:
        """All constants."""
        return [numpy_helper.from_array(value, name) for name, value in self._constants.items()]

    def layer(self, node: Any, weight: Any) -> None:
        """x @ weight from bytes: (bytes of x - 128) @ bytes of weight, times the scales of row and column."""
        rows, out = self._bytes_of(node.input[0]), node.output[0]
        scale = np.maximum(np.abs(weight).max(axis=0), TINY) / STEPS
        self._constants[f"{out}_bytes"] = np.rint(weight / scale).astype(np.int8)
        self._constants[f"{out}_scale"] = (scale / 127).astype(np.float32)
        self._node("MatMulInteger", [f"{rows}_bytes", f"{out}_bytes", "int8_middle"], f"{out}_sums")
        self._node("Cast", [f"{out}_sums"], f"{out}_floats", to=TensorProto.FLOAT)
        self._node("Mul", [f"{out}_floats", f"{out}_scale"], f"{out}_scaled")
        self._node("Mul", [f"{out}_scaled", f"{rows}_largest"], out)
        self.count += 1

    def table(self, node: Any, weight: Any) -> None:
        """Rows of a table looked up as bytes, times their scales."""
        out, which = node.output[0], node.input[1]
        scale = np.maximum(np.abs(weight).max(axis=1, keepdims=True), TINY) / 127
        self._constants[f"{out}_bytes"] = np.rint(weight / scale).astype(np.int8)
        self._constants[f"{out}_scale"] = scale.astype(np.float32)
        self._node("Gather", [f"{out}_bytes", which], f"{out}_found", axis=0)
        self._node("Gather", [f"{out}_scale", which], f"{out}_size", axis=0)
        self._node("Cast", [f"{out}_found"], f"{out}_floats", to=TensorProto.FLOAT)
        self._node("Mul", [f"{out}_floats", f"{out}_size"], out)

    def _bytes_of(self, name: str) -> str:
        """Rows of an activation as bytes around 128, made once for all layers that read it."""
        if name not in self._rows:
            rows = self._rows[name] = f"{name}_rows"
            self._node("Abs", [name], f"{rows}_sizes")
            self._node("ReduceMax", [f"{rows}_sizes", "int8_last"], f"{rows}_most", keepdims=1)
            self._node("Max", [f"{rows}_most", "int8_tiny"], f"{rows}_largest")
            self._node("Div", ["int8_steps", f"{rows}_largest"], f"{rows}_factor")
            self._node("Mul", [name, f"{rows}_factor"], f"{rows}_spread")
            self._node("QuantizeLinear", [f"{rows}_spread", "int8_one", "int8_middle"], f"{rows}_bytes")
        return self._rows[name]

    def _node(self, kind: str, given: list[str], out: str, **options: Any) -> None:
        self.nodes.append(helper.make_node(kind, given, [out], **options))
