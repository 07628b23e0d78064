"""Turns the MiniLM weights of a package into one ONNX graph: tokens in, unit sentence vectors out.

The graph is BERT's encoder (Devlin et al. 2019, arXiv:1810.04805) in the size of MiniLM-L6-H384
(Wang et al. 2020, arXiv:2002.10957), then the mean over tokens and L2 normalisation, as
sentence-transformers does it for this model.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

LAYERS, HEADS, WIDTH = 6, 12, 384
EPSILON = 1e-12
OPSET = 20


def build(weights: Path, target: Path) -> None:
    """Read a safetensors file and write the ONNX graph to ``target`` (about 90 MB, a second)."""
    graph = _Graph(_read_safetensors(weights))
    hidden = graph.embeddings()
    mask = graph.attention_mask()
    for layer in range(LAYERS):
        hidden = graph.encoder_layer(f"encoder.layer.{layer}.", hidden, mask)
    graph.sentence_vector(hidden)
    onnx.save(graph.model(), str(target))


def _read_safetensors(path: Path) -> dict[str, NDArray[np.float32]]:
    """All float32 tensors: a little-endian u64 header length, a JSON header, then the raw values."""
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    body = memoryview(raw)[8 + length :]
    return {
        name: np.frombuffer(body[slice(*entry["data_offsets"])], dtype=np.float32).reshape(entry["shape"])
        for name, entry in header.items()
        if name != "__metadata__" and entry["dtype"] == "F32"
    }


class _Graph:
    """Collects nodes and constants; each method adds a part and gives the name of its output."""

    def __init__(self, weights: dict[str, NDArray[np.float32]]) -> None:
        self._weights = weights
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    def embeddings(self) -> str:
        """Word, position and type embeddings, added and normalised: [batch, tokens, WIDTH]."""
        words = self._add("Gather", self._weight("embeddings.word_embeddings.weight"), "input_ids")
        length = self._add("Slice", self._add("Shape", "input_ids"), self._ints("one", [1]), self._ints("two", [2]))
        table = self._weight("embeddings.position_embeddings.weight")
        positions = self._add("Slice", table, self._ints("zero", [0]), length, self._ints("zero", [0]))
        kind = self._constant("embeddings.type", self._weights["embeddings.token_type_embeddings.weight"][0])
        summed = self._add("Add", self._add("Add", words, positions), kind)
        return self._normalise("embeddings.LayerNorm.", summed)

    def attention_mask(self) -> str:
        """0 for tokens and a large negative number for padding: [batch, 1, 1, tokens]."""
        kept = self._add("Cast", "attention_mask", to=TensorProto.FLOAT)
        padding = self._add("Sub", self._constant("unit", np.float32(1)), kept)
        scaled = self._add("Mul", padding, self._constant("far", np.float32(-1e9)))
        return self._add("Unsqueeze", scaled, self._ints("middle", [1, 2]))

    def encoder_layer(self, prefix: str, hidden: str, mask: str) -> str:
        """Self-attention and the feed-forward part, each with its residual and normalisation."""
        query, key, value = (
            self._heads(f"{prefix}attention.self.{part}", hidden) for part in ("query", "key", "value")
        )
        scores = self._add("MatMul", query, self._add("Transpose", key, perm=[0, 1, 3, 2]))
        scores = self._add("Mul", scores, self._constant("scale", np.float32((WIDTH // HEADS) ** -0.5)))
        shares = self._add("Softmax", self._add("Add", scores, mask), axis=-1)
        mixed = self._add("Transpose", self._add("MatMul", shares, value), perm=[0, 2, 1, 3])
        joined = self._add("Reshape", mixed, self._ints("joined", [0, 0, WIDTH]))
        attended = self._add("Add", self._dense(f"{prefix}attention.output.dense", joined), hidden)
        attended = self._normalise(f"{prefix}attention.output.LayerNorm.", attended)
        inner = self._add("Gelu", self._dense(f"{prefix}intermediate.dense", attended))
        outer = self._add("Add", self._dense(f"{prefix}output.dense", inner), attended)
        return self._normalise(f"{prefix}output.LayerNorm.", outer)

    def sentence_vector(self, hidden: str) -> None:
        """The mean over real tokens, at unit length: the graph's output ``vector`` [batch, WIDTH]."""
        kept = self._add("Cast", "attention_mask", to=TensorProto.FLOAT)
        weights = self._add("Unsqueeze", kept, self._ints("last", [2]))
        axis = self._ints("one", [1])
        summed = self._add("ReduceSum", self._add("Mul", hidden, weights), axis, keepdims=0)
        count = self._add("ReduceSum", kept, axis, keepdims=1)
        mean = self._add("Div", summed, count)
        norm = self._add("ReduceL2", mean, axis, keepdims=1)
        self._nodes.append(helper.make_node("Div", [mean, norm], ["vector"]))

    def model(self) -> onnx.ModelProto:
        """The finished graph."""
        ids = [helper.make_tensor_value_info(n, TensorProto.INT64, ["batch", "tokens"]) for n in INPUTS]
        vector = helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["batch", WIDTH])
        graph = helper.make_graph(self._nodes, "minilm", ids, [vector], list(self._constants.values()))
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)

    def _heads(self, prefix: str, hidden: str) -> str:
        split = self._add("Reshape", self._dense(prefix, hidden), self._ints("heads", [0, 0, HEADS, WIDTH // HEADS]))
        return self._add("Transpose", split, perm=[0, 2, 1, 3])

    def _dense(self, prefix: str, hidden: str) -> str:
        turned = self._constant(f"{prefix}.turned", self._weights[f"{prefix}.weight"].T)
        return self._add("Add", self._add("MatMul", hidden, turned), self._weight(f"{prefix}.bias"))

    def _normalise(self, prefix: str, hidden: str) -> str:
        scale, bias = self._weight(f"{prefix}weight"), self._weight(f"{prefix}bias")
        return self._add("LayerNormalization", hidden, scale, bias, axis=-1, epsilon=EPSILON)

    def _weight(self, name: str) -> str:
        return self._constant(name, self._weights[name])

    def _ints(self, name: str, values: list[int]) -> str:
        return self._constant(f"ints.{name}", np.asarray(values, dtype=np.int64))

    def _constant(self, name: str, value: Any) -> str:
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def _add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        output = f"n{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output


INPUTS = ("input_ids", "attention_mask")
