"""The log says where something failed, and never with which values."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot.log_lines import log_plainly


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    handlers = logging.getLogger().handlers
    yield
    logging.getLogger().handlers = handlers
    structlog.reset_defaults()


def _fails(password: str) -> None:
    raise ValueError(f"a password of {len(password)} letters is too short")


def test_a_failure_in_the_log_names_the_place_and_shows_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    log_plainly()
    secret = "".join(("hun", "ter2"))  # not in one piece, for the log shows lines of code
    try:
        _fails(secret)
    except ValueError:
        structlog.get_logger("test").exception("sign_in_failed", agent="ada")
    said = capsys.readouterr().out
    assert "sign_in_failed" in said
    assert "agent=ada" in said
    assert "in _fails" in said
    assert "a password of 7 letters is too short" in said
    assert secret not in said


def test_lines_of_the_standard_library_are_one_with_ours(capsys: pytest.CaptureFixture[str]) -> None:
    log_plainly("json")
    log_plainly("json")
    structlog.get_logger("ours").warning("dialogue_failed", conversation="c1")
    with structlog.contextvars.bound_contextvars(conversation="c2"):
        logging.getLogger("theirs").warning("it took %s s", 3, extra={"inbox": "telegram.1"})
    ours, theirs = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert ours.items() >= {"event": "dialogue_failed", "conversation": "c1", "level": "warning"}.items()
    about = {"event": "it took 3 s", "conversation": "c2", "level": "warning", "inbox": "telegram.1"}
    assert theirs.items() >= about.items()
    assert "timestamp" in ours
    assert "timestamp" in theirs


@pytest.mark.parametrize("ours", [True, False])
def test_a_failure_is_one_object_and_shows_no_values(ours: bool, capsys: pytest.CaptureFixture[str]) -> None:
    log_plainly("json")
    secret = "".join(("hun", "ter2"))
    try:
        _fails(secret)
    except ValueError:
        (structlog.get_logger("test") if ours else logging.getLogger("test")).exception("sign_in_failed")
    [line] = capsys.readouterr().out.splitlines()
    assert "in _fails" in json.loads(line)["exception"]
    assert secret not in line
