"""Policy and calendars are read where the settings say, with the bot's one name."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.rule_files import must_hold_embedder, read_rules
from bot.settings import read_settings
from handover.errors import BadInput


def test_the_bot_has_the_name_of_the_settings() -> None:
    policy, calendars = read_rules(read_settings(_env_file=None, assistant_name="Birch"))
    assert policy.words.bot_name == "Birch"
    assert calendars.usual is not None


def test_a_folder_that_is_named_holds_the_embedder(tmp_path: Path) -> None:
    must_hold_embedder(read_settings(_env_file=None))
    must_hold_embedder(read_settings(_env_file=None, embedder_dir="none"))
    with pytest.raises(BadInput, match="EMBEDDER_DIR"):
        must_hold_embedder(read_settings(_env_file=None, embedder_dir=tmp_path))
    (tmp_path / "model.onnx").touch()
    must_hold_embedder(read_settings(_env_file=None, embedder_dir=tmp_path))


@pytest.mark.parametrize("option", ["policy_file", "calendar_file"])
def test_a_file_that_cannot_be_read_is_named_with_its_option(option: str, tmp_path: Path) -> None:
    (tmp_path / "broken.yml").write_text("a: [")
    for file in (tmp_path / "broken.yml", tmp_path / "missing.yml", tmp_path):
        with pytest.raises(BadInput, match=rf"^{option.upper()}: "):
            read_rules(read_settings(_env_file=None, **{option: file}))
