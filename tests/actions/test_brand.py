"""An editor can change how the assistant speaks, and is told plainly when the file cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from actions.brand import BadBrand, read_brand
from tests.support.reply_parts import ROOT

GOOD = (ROOT / "data" / "brand" / "brand.yml").read_text(encoding="utf-8")


def test_the_shipped_guidelines_are_good() -> None:
    brand = read_brand(ROOT / "data" / "brand" / "brand.yml")
    assert brand.assistant == "Juniper"
    assert "automated" in brand.greeting
    assert "email" not in brand.profile_fields


def test_a_changed_word_is_used_without_code(tmp_path: Path) -> None:
    (tmp_path / "b.yml").write_text(GOOD.replace("assistant: Juniper", "assistant: Rowan"), encoding="utf-8")
    assert read_brand(tmp_path / "b.yml").assistant == "Rowan"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("assistant: Juniper", "assistant: ", "'assistant' must be a text"),
        ("voice:", "voices:", "unknown field 'voices'"),
        ("disclosure: I'm Juniper, an automated assistant, not a person.", "disclosure: I'm Juniper.", "automated"),
        ("  - guesses about", "  - guesses: about", "'never_say', line 2"),
        ("profile_fields: [name, language, country, loyalty_tier]", "profile_fields: []", "'profile_fields'"),
        ("    good: We send", "    fine: We send", "'examples', number 1"),
        ("for:", "for: [", "not YAML"),
    ],
)
def test_a_mistake_is_named_by_its_field(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in GOOD
    (tmp_path / "b.yml").write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadBrand, match=says):
        read_brand(tmp_path / "b.yml")


def test_a_missing_or_empty_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadBrand, match="cannot be read"):
        read_brand(tmp_path / "none.yml")
    (tmp_path / "b.yml").write_text("", encoding="utf-8")
    with pytest.raises(BadBrand, match="must hold fields"):
        read_brand(tmp_path / "b.yml")
