"""A short run of `make webhooks`: it judges what it should, and the service loses and doubles nothing when killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.sim.calls import Told
from tests.sim.post import Webhook
from tests.webhooks.__main__ import Run
from tests.webhooks.judge import Verdict, compare_messages, compare_replies
from tests.webhooks.load import Message

HELLO = Message("5000000001", "hello", Webhook("/", b"", {}))


@pytest.mark.stack
@pytest.mark.timeout(300)
def test_three_hundred_webhooks_and_a_kill_lose_and_double_nothing(tmp_path: Path) -> None:
    found = Run(seed=11, webhooks=300, kills=1, folder=tmp_path).play()
    assert found["wrong"] == []
    assert (found["messages"], found["customer lines in the record"], found["kills"]) == (240, 240, 1)
    assert found["taken by the platforms"] >= 24  # everybody's greeting at the least


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ([], "missing in the record"),
        ([("m1", "5000000001", "hello")] * 2, "too often, or never said"),
        ([("m1", "5000000001", "hello"), ("m2", "5000000001", "other")], "too often, or never said"),
        ([("m1", "5000000001", "hello")], None),
    ],
)
def test_a_message_that_is_missing_or_double_is_seen(said: list[tuple[str, str, str]], wrong: str | None) -> None:
    verdict = Verdict()
    compare_messages(verdict, [HELLO], said)
    assert [one for one in verdict.wrong if wrong is None or wrong not in one] == []
    assert bool(verdict.wrong) is (wrong is not None)


def told(times: int) -> list[Told]:
    return [Told("telegram", "1", "send", "5000000001", "Heard", accepted=True, status=200)] * times


@pytest.mark.parametrize(
    ("state", "delivery", "times", "wrong"),
    [
        ("sent", "sent", 1, None),
        ("sent", "sent", 0, "never sent"),
        ("sent", "delivered", 2, "sent 2 times"),
        ("failed", "unknown", 0, None),
        ("failed", "unknown", 1, None),
        ("failed", "unknown", 2, "sent 2 times"),
        ("failed", "failed", 0, "given up"),
        ("withdrawn", "queued", 0, None),
        ("withdrawn", "queued", 1, "withdrawn, and sent"),
    ],
)
def test_a_reply_that_is_missing_or_double_is_seen(state: str, delivery: str, times: int, wrong: str | None) -> None:
    verdict = Verdict()
    compare_replies(verdict, [("5000000001", "Heard", state, delivery)], told(times))
    assert [wrong in one for one in verdict.wrong if wrong is not None] == ([] if wrong is None else [True])
    assert bool(verdict.wrong) is (wrong is not None)


def test_what_a_platform_took_that_is_in_no_record_is_seen() -> None:
    verdict = Verdict()
    nothing: list[Any] = []
    compare_replies(verdict, nothing, told(1))
    assert "nobody knows of" in verdict.wrong[0]
