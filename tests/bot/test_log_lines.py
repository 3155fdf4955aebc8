"""The log says where something failed, and never with which values."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from bot.log_lines import log_plainly


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    yield
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
