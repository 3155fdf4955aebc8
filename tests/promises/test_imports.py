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
    "sqlalchemy": ("handover/backends/records_sql", "handover/backends/tables", "handover/migrations"),
    "alembic": ("handover/backends/records_sql", "handover/migrations"),
    "psycopg": ("handover/backends/records_sql",),
    "redis": ("handover/backends/live_redis",),
    "openai": ("actions/llm",),
    "httpx2": (
        *("bot/rasa_http", "bot/copilot_http", "bot/health"),
        *("actions/llm", "actions/stream", "actions/fence", "actions/wiring"),
    ),
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


def test_only_components_of_its_pipeline_know_rasa() -> None:
    knowing = [
        named(path)
        for path in python_files()
        for imported in imports(path)
        if imported.partition(".")[0] == "rasa" and not re.fullmatch(r"bot/nlu/\w+_component\.py", named(path))
    ]
    assert not knowing
