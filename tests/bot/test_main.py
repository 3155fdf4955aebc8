"""Starting the service: a wrong setting or a port in use is one plain sentence and a failing exit status."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bot.running import main

ROOT = Path(__file__).resolve().parents[2]


def test_a_port_in_use_is_one_sentence_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("PORT", str(port))
        assert main([]) == 1
    said = capsys.readouterr().err
    assert f"Port {port}" in said
    assert "PORT" in said
    assert "Traceback" not in said


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PORT", "eight thousand")
    assert main([]) == 1
    assert "PORT" in capsys.readouterr().err


def test_settings_are_printed_with_what_they_are_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--settings"]) == 0
    printed = capsys.readouterr().out
    assert "PUBLIC_ORIGINS=" in printed
    assert "# Port the service listens on." in printed


def test_the_module_runs_as_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "--settings"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=50
    )
    assert done.returncode == 0, done.stderr
    assert "DATABASE_URL=" in done.stdout
