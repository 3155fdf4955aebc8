"""The files an exported embedder consists of; says whether they are there without loading anything that reads them."""

from __future__ import annotations

from pathlib import Path

MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
MANIFEST_FILE = "manifest.json"


class EmbedderMissing(FileNotFoundError):
    """The exported embedder is not where it should be; the message says which command makes it."""


def required_files(folder: Path) -> list[Path]:
    """The files an embedder consists of; raises EmbedderMissing when one is absent."""
    files = [folder / MODEL_FILE, folder / TOKENIZER_FILE, folder / MANIFEST_FILE]
    absent = [file.name for file in files if not file.is_file()]
    if absent:
        raise EmbedderMissing(
            f"The embedder in {folder} lacks {', '.join(absent)}. Make it with: python -m bot.nlu.export --to {folder}"
        )
    return files
