"""Who may know a vendor: each is known by the files that are named here, and by nobody else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.promises.test_layout import named, python_files


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


# Who may know a vendor; everybody else goes through these files.
ALLOWED = {
    "sqlalchemy": (
        *("handover/backends/records_sql", "handover/backends/tables", "handover/migrations"),
        "bot/rasa_store/",  # runs in the Rasa environment, over Rasa's own store
    ),
    "alembic": ("handover/backends/records_sql", "handover/migrations"),
    "psycopg": ("handover/backends/records_sql",),
    "redis": ("handover/backends/live_redis", "bot/rasa_store/lock_store"),
    "openai": ("actions/llm",),
    "httpx2": (
        *("bot/rasa_http", "bot/copilot_http", "bot/health", "bot/channels/calling", "bot/channels/media_fetch"),
        *("bot/certificates", "bot/plain_transport"),
        *("actions/llm", "actions/stream", "actions/fence", "actions/wiring"),
    ),
    "opentelemetry": ("bot/tracing", "bot/trace_export", "actions/tracing", "actions/trace_export"),
    "httpx": (),
    "requests": (),
    "aiohttp": (),
    "torch": ("bot/nlu/export", "bot/nlu/graph", "bot/nlu/pooled"),
    "sentence_transformers": ("bot/nlu/export", "bot/nlu/graph", "bot/nlu/pooled"),
}


@pytest.mark.parametrize("vendor", sorted(ALLOWED))
def test_only_the_named_files_know_a_vendor(vendor: str) -> None:
    knowing = [
        named(path)
        for path in python_files()
        for imported in imports(path)
        if imported.partition(".")[0] == vendor and not named(path).startswith(ALLOWED[vendor])
    ]
    assert not knowing


# What Rasa itself loads, in its own environment.
_IN_RASA = r"bot/nlu/\w+_component\.py|bot/rasa_store/\w+\.py"


def test_only_what_rasa_loads_knows_rasa() -> None:
    knowing = [
        named(path)
        for path in python_files()
        for imported in imports(path)
        if imported.partition(".")[0] == "rasa" and not re.fullmatch(_IN_RASA, named(path))
    ]
    assert not knowing
