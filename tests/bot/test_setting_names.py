"""A typo in the name of a setting is told; names of other programs, and of the other processes, are left alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.setting_names import OTHERS, typos
from bot.settings import Settings, read_settings
from handover.errors import BadInput

OURS = {name.upper() for name in Settings.model_fields}
DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("given", "meant"),
    [("TURNS_AT_ONC", "TURNS_AT_ONCE"), ("DATABSE_URL", "DATABASE_URL"), ("SWITCHBOARD_PORT", "PORT"),
     ("RETENTION_DAY", "RETENTION_DAYS"), ("SWITCHBOARD_OPENAI_MODEL", "OPENAI_MODEL")],
)  # fmt: skip
def test_a_typo_names_what_is_meant(given: str, meant: str) -> None:
    [said] = typos([given, "HOME", "PATH"], OURS)
    assert said.startswith(f"{given}: ")
    assert f"{meant}" in said.removeprefix(given)


@pytest.mark.parametrize(
    "given",
    ["HOSTS", "PORTS", "MY_SHOP_API_KEY", "REDIS_PORT", "RASA_PORT_5005_TCP", "SERVICE_HOST", "DATABASE_URLS_OF_MINE",
     "SWITCHBOARD_STACK", "SWITCHBOARD_PATIENCE", "SWITCHBOARD_VERSION", "OTEL_SERVICE_NAME", "OPENAI_ORG_ID"],
)  # fmt: skip
def test_names_of_others_are_left_alone(given: str) -> None:
    assert typos([given], OURS) == []


def test_it_is_an_error_wherever_it_is_written(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TURNS_AT_ONC=5\nMY_SHOP_API_KEY=x\n")
    with pytest.raises(BadInput, match="TURNS_AT_ONC: there is no such setting; TURNS_AT_ONCE is meant"):
        read_settings(_env_file=tmp_path / ".env")


def test_the_document_has_every_setting_and_no_other() -> None:
    rows = re.findall(r"^\| (`[A-Z].*?) \|", DOCUMENT, re.MULTILINE)
    documented = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}
    assert documented == OURS | OTHERS - {"RASA_ENDPOINTS"}
