"""A start imports what it needs and no more; and what it made is left alone by the collector once it serves."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from pathlib import Path

from bot.certificates import authorities

ROOT = Path(__file__).resolve().parents[2]
# Drivers of other databases, what moves tables, terminals' colours, the embedder, exporters of traces, the actions'.
_NOT_NEEDED = {
    *("redis", "psycopg", "alembic", "rich", "pygments", "numpy", "onnxruntime", "tokenizers", "typer"),
    *("torch", "sentence_transformers", "transformers", "openai", "opentelemetry.sdk", "jsonschema", "rasa_sdk"),
}
_STARTED = """
import gc, json, sys
from bot.quick_start import THRESHOLDS, begin, settle
begin()
import bot.running
off = not gc.isenabled()
settle()
assert gc.get_threshold() == THRESHOLDS
print(json.dumps([sorted(sys.modules), off, gc.isenabled(), gc.get_freeze_count(), len(gc.get_objects())]))
"""


def test_a_start_on_sqlite_imports_nothing_it_does_not_need() -> None:
    done = subprocess.run([sys.executable, "-c", _STARTED], cwd=ROOT, capture_output=True, text=True, check=True)
    modules, off, on, frozen, left = json.loads(done.stdout)
    assert not _NOT_NEEDED & set(modules), "import it where it is used, as docs/performance.md says"
    assert off, "nothing is collected while modules are made"
    assert on, "garbage is collected once the service serves"
    assert frozen > 50 * left, "what the start made is left alone"


def test_the_authorities_are_read_once() -> None:
    assert authorities() is authorities()
    assert authorities() is not authorities(from_environment=True)
    assert gc.isenabled()
