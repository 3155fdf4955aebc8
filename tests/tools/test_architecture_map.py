"""The map in ARCHITECTURE.md is written from the modules' own first sentences."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.architecture_map import first_sentence, with_map
from tools.trouble import Trouble


def test_a_module_is_described_by_its_first_sentence() -> None:
    assert first_sentence('"""Decides who may\nspeak. And more.\n\nAlso this."""\n') == "Decides who may speak."


def test_the_map_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    for package in ("bot", "actions", "handover"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("")
    (tmp_path / "bot" / "relay.py").write_text('"""The path of a message."""\n')
    made = with_map("# A\n\n## Map\n\nold\n\n## Rules\n\nstay\n", tmp_path)
    assert "| `bot/relay.py` | The path of a message. |" in made
    assert "old" not in made
    assert made.endswith("\n## Rules\n\nstay\n")
    assert "__init__" not in made


def test_a_document_without_a_map_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="no section"):
        with_map("# A\n", tmp_path)
