"""Turns sentences into MiniLM vectors with onnxruntime alone, so that no serving process needs torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from bot.nlu.embedder_files import MODEL_FILE, TOKENIZER_FILE, required_files

DIMENSION = 384
# How much longer the middle layer's half is: its unit vectors lie closer together (measured on folds, docs/nlu.md).
MIDDLE_WEIGHT = 1.5
MAX_TOKENS = 256


class Encoder:
    """MiniLM from ONNX. A text has the same vector in any company; safe to share between threads."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        """Load the model in `folder`; raises EmbedderMissing. `threads` bounds the cores one call may use."""
        required_files(folder)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._network = onnxruntime.InferenceSession(
            str(folder / MODEL_FILE), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.enable_padding()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, float32 of shape (len(texts), 384), in the order given. An empty text has a vector too."""
        return self._encode(texts, ["embedding"])

    def encode_with_wording(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """What `encode` gives, and beside it the middle layer's vector (length MIDDLE_WEIGHT): (len(texts), 768)."""
        vectors = self._encode(texts, ["embedding", "middle"])
        vectors[:, DIMENSION:] *= MIDDLE_WEIGHT
        return vectors

    def _encode(self, texts: Sequence[str], outputs: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), DIMENSION * len(outputs)), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row] = self._encode_one(text, outputs)
        return vectors

    def _encode_one(self, text: str, outputs: Sequence[str]) -> NDArray[np.float32]:
        # One at a time on purpose. int8 scales its activations over the whole batch, so that a text's vector would
        # depend on its neighbours (cosine down to 0.96); and on one thread a batch of 32 is no faster (measured).
        encoding = self._tokenizer.encode(text)
        feeds = {
            "input_ids": np.array([encoding.ids], dtype=np.int64),
            "attention_mask": np.array([encoding.attention_mask], dtype=np.int64),
        }
        return np.concatenate([np.asarray(found[0]) for found in self._network.run(list(outputs), feeds)])
