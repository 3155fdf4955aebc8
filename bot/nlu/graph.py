"""The torch half of the export: MiniLM's graph, its quantisation, and its agreement with the original."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer
from transformers import AutoModel

from bot.nlu.agreement import SENTENCES
from bot.nlu.embedder_files import TOKENIZER_FILE
from bot.nlu.encoder import DIMENSION, MAX_TOKENS, Encoder

# onnxruntime 1.23, the last for Python 3.10, reads these; newer ones do too.
OPSET = 18
IR_VERSION = 10
# Of six. Beside the last layer it is worth four points of accuracy over folds; more layers added nothing (docs/nlu.md).
MIDDLE_LAYER = 3


class PooledMiniLM(torch.nn.Module):
    """(input_ids, attention_mask), int64 [batch, seq] → two unit vectors a text, each float32 [batch, 384].

    The first is MiniLM's own sentence vector (what is spoken of), the second comes from its third layer and keeps more
    of how it is said (asked, told, asked for), which intents are about.
    """

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    @classmethod
    def load(cls, weights: Path) -> PooledMiniLM:
        """The module over the weights in this folder, ready for tracing."""
        # "eager" attention is plain matrix products, which quantise; fused attention would not.
        network = AutoModel.from_pretrained(str(weights), attn_implementation="eager", local_files_only=True)
        return cls(network.eval())

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean over the real tokens, then length one: of the last layer, and of the middle one."""
        layers = self.network(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True
        ).hidden_states
        weight = attention_mask.unsqueeze(-1).to(layers[-1].dtype)
        return _pooled(layers[-1], weight), _pooled(layers[MIDDLE_LAYER], weight)


def _pooled(hidden: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    mean = (hidden * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1e-9)
    return torch.nn.functional.normalize(mean, p=2.0, dim=1)


def agreement(folder: Path, weights: Path, sentences: Sequence[str] = SENTENCES) -> dict[str, float]:
    """Cosines between the exported vectors and sentence-transformers' own: lowest, mean, count."""

    original = SentenceTransformer(str(weights), device="cpu")
    expected = np.asarray(original.encode(list(sentences), normalize_embeddings=True, show_progress_bar=False))
    cosines = np.sum(expected * Encoder(folder).encode(sentences), axis=1)
    return {"lowest": float(cosines.min()), "mean": float(cosines.mean()), "count": float(len(sentences))}


def write_graph(weights: Path, target: Path) -> None:
    """Trace MiniLM with pooling and normalisation into one float32 ONNX graph with free batch and length."""

    ids = torch.tensor([[101, 7592, 102], [101, 2088, 102]], dtype=torch.int64)
    axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("seq", max=512)}
    with warnings.catch_warnings():
        # The exporter speaks of its own internals here; what matters is checked by agreement().
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            PooledMiniLM.load(weights),
            (ids, torch.ones_like(ids)),
            dynamo=True,
            input_names=["input_ids", "attention_mask"],
            output_names=["unit_vectors", "middle_vectors"],
            dynamic_shapes={"input_ids": axes, "attention_mask": axes},
            opset_version=OPSET,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch gave back no graph")
    model = program.model_proto
    model.ir_version = IR_VERSION
    # torch calls an inner value "embedding" too, and names must be unique.
    _rename(model.graph, {"embedding": "word_vectors", "unit_vectors": "embedding", "middle_vectors": "middle"})
    onnx.save_model(model, str(target))


def _rename(graph: Any, names: dict[str, str]) -> None:
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in (*graph.value_info, *graph.output):
        value.name = names.get(value.name, value.name)


def quantise(source: Path, target: Path) -> None:
    """Turn most of the graph's weights into int8; activations are scaled when a sentence comes."""
    prepared = source.with_name("prepared.onnx")
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True, skip_optimization=True)
    quantize_dynamic(
        str(prepared),
        str(target),
        weight_type=QuantType.QInt8,
        per_channel=True,
        # Seven bits: processors without VNNI would saturate on eight, and the figures would differ by machine.
        reduce_range=True,
        nodes_to_exclude=_widening_products(onnx.load(str(prepared)).graph),
    )


def _widening_products(graph: Any) -> list[str]:
    """The six products that widen 384 to 1536: kept in float they give back half of the agreement int8 loses."""
    wide = {weight.name for weight in graph.initializer if tuple(weight.dims) == (DIMENSION, 4 * DIMENSION)}
    return [node.name for node in graph.node if node.op_type == "MatMul" and wide.intersection(node.input)]


def write_tokenizer(weights: Path, target: Path) -> None:
    """Save the tokenizer in the form that the tokenizers library loads alone."""
    tokenizer = Tokenizer.from_file(str(weights / TOKENIZER_FILE))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.enable_padding()
    tokenizer.save(str(target))
