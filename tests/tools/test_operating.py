"""The command `switchboard`: works on what `make up` made, from wherever it is called."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tools.operating import distributed_env, operating_env
from tools.places import ROOT, Places
from tools.trouble import Trouble


def test_it_knows_the_secrets_and_the_ports_of_the_checkout_and_makes_none(tmp_path: Path) -> None:
    places = Places(tmp_path)
    given = {"PORT": "8111", "REDIS_URL": ""}
    before = operating_env(places, given)
    assert before["SERVICE_URL"] == "http://127.0.0.1:8111"
    assert before["RASA_URL"] == "http://127.0.0.1:5005"
    assert "SECRET_KEY" not in before
    assert "REDIS_URL" not in before
    assert not places.secrets.exists()
    places.var.mkdir()
    places.secrets.write_text("SECRET_KEY=made-once\nRASA_TOKEN=made-too\n")
    assert operating_env(places, {"RASA_TOKEN": "mine"}) | {"SECRET_KEY": "made-once", "RASA_TOKEN": "mine"} == (
        operating_env(places, {"RASA_TOKEN": "mine"})
    )


def test_what_runs_distributed_is_found_by_the_note_it_leaves(tmp_path: Path) -> None:
    places = Places(tmp_path)
    with pytest.raises(Trouble, match="make up-distributed"):
        distributed_env(places)
    at = {
        "postgres": "postgresql+psycopg://switchboard@127.0.0.1:1/switchboard", "redis": "redis://127.0.0.1:2/0",
        "services": ["http://127.0.0.1:3", "http://127.0.0.1:4"], "rasas": ["http://127.0.0.1:5"],
        "actions": ["http://127.0.0.1:6"],
    }  # fmt: skip
    note = tmp_path / "var" / "distributed" / "addresses.json"
    note.parent.mkdir(parents=True)
    note.write_text(json.dumps(at))
    found = distributed_env(places)
    assert (found["DATABASE_URL"], found["REDIS_URL"], found["PORT"]) == (at["postgres"], at["redis"], "3")
    assert (found["RASA_URL"], found["ACTIONS_URL"]) == ("http://127.0.0.1:5", "http://127.0.0.1:6")


def test_it_can_be_called_by_a_link_from_anywhere(tmp_path: Path) -> None:
    (tmp_path / "switchboard").symlink_to(ROOT / "bin" / "switchboard")
    told = subprocess.run(
        [tmp_path / "switchboard", "record", "backup", "copy.zip"], cwd=tmp_path, capture_output=True, text=True,
        env=os.environ | {"DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/none.db"}, timeout=50, check=False,
    )  # fmt: skip
    assert (told.returncode, told.stdout) == (1, "")
    assert "There is no record at DATABASE_URL" in told.stderr
