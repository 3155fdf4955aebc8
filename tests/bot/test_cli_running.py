"""What a command says beside its output, and that whoever calls it keeps the log they had."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import structlog
import typer

from bot.cli_running import run
from handover.errors import NotFound


async def _works(name: str) -> None:
    structlog.get_logger("test").info("looked", name=name)
    structlog.get_logger("test").warning("odd", name=name)


async def _refuses(name: str) -> None:
    raise NotFound(f"There is no {name}.")


def test_of_the_log_only_warnings_are_shown_and_beside_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config()
    run(lambda: nullcontext("ada"), _works)
    out, err = capsys.readouterr()
    assert out == ""
    assert "odd" in err
    assert "looked" not in err
    assert structlog.get_config() == before


def test_a_refusal_is_a_sentence_and_leaves_the_log_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config()
    with pytest.raises(typer.Exit):
        run(lambda: nullcontext("ada"), _refuses)
    assert capsys.readouterr() == ("", "There is no ada.\n")
    assert structlog.get_config() == before
