"""Sentence embeddings from the exported MiniLM files; the small sibling of the encoder in the Rasa process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

DIMENSIONS = 384
_BATCH = 16


class Embedder(Protocol):
    """Turns texts into directions: float32, one row of length 1 for each text, so that a dot product is a cosine."""

    name: str

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


class MiniLM:
    """The exported model in ``folder`` (model.onnx, tokenizer.json). Raises FileNotFoundError when one is missing."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        for file in ("model.onnx", "tokenizer.json"):
            if not (folder / file).is_file():
                raise FileNotFoundError(f"{folder / file} is missing")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._model = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(256)
        self._tokenizer.enable_padding()
        self.name = f"minilm-{(folder / 'model.onnx').stat().st_size}"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = [self._encode_batch(texts[start : start + _BATCH]) for start in range(0, len(texts), _BATCH)]
        return np.concatenate(rows) if rows else np.zeros((0, DIMENSIONS), dtype=np.float32)

    def _encode_batch(self, texts: Sequence[str]) -> NDArray[np.float32]:
        tokens = self._tokenizer.encode_batch(list(texts))
        ids = np.array([t.ids for t in tokens], dtype=np.int64)
        mask = np.array([t.attention_mask for t in tokens], dtype=np.int64)
        found = self._model.run(["embedding"], {"input_ids": ids, "attention_mask": mask})[0]
        return np.asarray(found, dtype=np.float32)


class Remembering:
    """An embedder that keeps the latest ``size`` vectors: the same passages come up in turn after turn."""

    def __init__(self, inner: Embedder, size: int = 4096) -> None:
        self._inner, self._size = inner, size
        self._kept: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self.name = inner.name

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        found = {text: self._kept[text] for text in texts if text in self._kept}
        new = [text for text in dict.fromkeys(texts) if text not in found]
        found.update(zip(new, self._inner.encode(new), strict=True))
        for text, vector in found.items():
            self._kept[text] = vector
            self._kept.move_to_end(text)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return np.array([found[text] for text in texts], dtype=np.float32).reshape(len(texts), -1)


def open_embedder(folder: Path) -> Embedder | None:
    """The embedder, or None when its files have not been made: search and checks then go by words alone."""
    try:
        return Remembering(MiniLM(folder))
    except FileNotFoundError:
        return None
