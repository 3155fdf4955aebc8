"""A start that is refused says why in one sentence that names the option, and shows no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.refusals import naming
from handover.errors import BadInput, Unavailable
from tests.support.processes import free_port

ROOT = Path(__file__).resolve().parents[2]


def _start(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """`python -m bot`, which must end by itself."""
    usual = {
        "PATH": os.environ["PATH"], "PORT": str(free_port()), "DATABASE_URL": f"sqlite+aiosqlite:///{folder}/record.db",
        "SECRET_FILE": str(folder / "key"), "SECRETS_FILE": str(folder / "inbox_key"), "EMBEDDER_DIR": "none",
    }  # fmt: skip
    command = [sys.executable, "-m", "bot"]
    return subprocess.run(
        command, env=usual | settings, capture_output=True, text=True, timeout=50, cwd=ROOT, check=False
    )


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("CALENDAR_FILE", "zone.yml"),
        ("DATABASE_URL", "postgresql://me:open-sesame@127.0.0.1:1/switchboard"),
        ("SECRET_FILE", "/proc/nowhere/key"),
    ],
)
def test_what_is_found_out_only_while_starting_is_one_sentence_too(option: str, value: str, tmp_path: Path) -> None:
    (tmp_path / "zone.yml").write_text("usual:\n  time_zone: Europe/Nowhere\n")
    given = str(tmp_path / value) if value.endswith(".yml") else value
    ended = _start(tmp_path, **{option: given})
    said = ended.stdout + ended.stderr
    assert ended.returncode == 1, said
    assert option in said
    assert "Traceback" not in said
    assert "open-sesame" not in said
    assert len(said.splitlines()) <= 4, said


def test_the_option_is_put_before_what_does_not_name_one() -> None:
    with pytest.raises(BadInput, match=r"^POLICY_FILE: It is missing\.$"), naming("POLICY_FILE"):
        raise BadInput("It is missing.")
    with pytest.raises(Unavailable, match=r"^REDIS_URL is wrong\.$"), naming("DATABASE_URL"):
        raise Unavailable("REDIS_URL is wrong.")


def test_what_the_system_refuses_names_option_and_place(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"SECRET_FILE: is a directory .*Name a place"), naming("SECRET_FILE"):
        tmp_path.read_text()
