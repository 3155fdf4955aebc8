"""Whose words an echo repeats, and which line a report is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.channels.channel import Event, EventKind, Unanswered
from handover.errors import NotFound
from handover.outcomes import DeliveryState
from tests.support.sending_world import Sending, a_sending_world, refused, taken

LOST = Unanswered(True, "ReadTimeout")
INBOX = "scripted.aaaa0001"
GREETING = "I am an automated assistant."


def echo(id: str | None = "e1", text: str = GREETING, **more: Any) -> Event:
    return Event(EventKind.ECHO, "k", person="p1", id=id, text=text, **more)


def status(told: str, target: str | None = "m1", **more: Any) -> Event:
    return Event(EventKind.STATUS, "k", person="p1", target=target, status=told, **more)


async def delivery(sending: Sending) -> DeliveryState | None:
    """How far the greeting has come, as agents see it."""
    await sending.worker.tell()
    async with sending.here.backends.records.reading() as tx:
        return (await tx.marks.get((await sending.conversation()).id, 1)).delivery


async def test_an_echo_is_ours_by_the_platform_s_id_or_by_our_key(tmp_path: Path) -> None:
    async with a_sending_world(tmp_path, echoes=True, correlates=True) as sending:
        sending.calls.script = [taken("m1")]
        await sending.until_quiet()
        key = sending.calls.keys[0]
        assert await sending.reports.echo(INBOX, echo("m1")) == "ours"
        assert await sending.reports.echo(INBOX, echo("other", "changed", correlation=key)) == "ours"
        assert await sending.reports.echo(INBOX, echo("m9")) == "foreign"
        assert await sending.reports.echo(INBOX, echo("m9", correlation="somebody's")) == "foreign"
        assert await sending.reports.echo("scripted.bbbb0002", echo("m1")) == "foreign"


async def test_an_echo_with_our_key_settles_what_never_got_an_answer(tmp_path: Path) -> None:
    async with a_sending_world(tmp_path, echoes=True, correlates=True) as sending:
        sending.calls.script = [LOST]
        await sending.until_quiet()
        assert await delivery(sending) is DeliveryState.UNKNOWN
        key = sending.calls.keys[0]
        assert await sending.reports.echo(INBOX, echo("m1", correlation=key)) == "ours"
        assert await delivery(sending) is DeliveryState.SENT
        await sending.reports.heard(INBOX, "p1", status("read", "m1"))  # the echo brought its id
        assert await delivery(sending) is DeliveryState.READ
        await sending.until_quiet()
        assert len(sending.calls.calls) == 1


async def test_without_a_key_the_same_words_under_way_are_ours_and_others_wait(tmp_path: Path) -> None:
    async with a_sending_world(tmp_path, echoes=True) as sending:
        sending.calls.script = [LOST]
        await sending.until_quiet()
        assert await sending.reports.echo(INBOX, echo("m5", "Hi, this is Ines")) == "wait"
        sending.here.world.clock.advance(121)
        assert await sending.reports.echo(INBOX, echo("m5", "Hi, this is Ines")) == "foreign"
        assert await sending.reports.echo(INBOX, echo("m1", f"{GREETING} ")) == "ours"
        assert await sending.reports.echo(INBOX, echo("m2")) == "foreign"  # we said it once


async def test_a_status_moves_its_line_and_one_that_is_not_ours_says_nothing(tmp_path: Path) -> None:
    async with a_sending_world(tmp_path) as sending:
        sending.calls.script = [taken("m1")]
        await sending.until_quiet()
        await sending.reports.heard(INBOX, "p1", status("delivered"))
        await sending.reports.heard(INBOX, "p1", status("sent"))
        await sending.reports.heard(INBOX, "p1", status("read", "not ours"))
        assert await delivery(sending) is DeliveryState.DELIVERED


async def test_a_status_that_overtakes_the_answer_to_its_send_is_asked_for_again(tmp_path: Path) -> None:
    async with a_sending_world(tmp_path) as sending:
        sending.calls.script = [LOST]
        await sending.until_quiet()
        with pytest.raises(NotFound):
            await sending.reports.heard(INBOX, "p1", status("delivered", "m1"))
        key = sending.calls.keys[0]
        await sending.reports.heard(INBOX, "p1", status("delivered", "m1", correlation=key))
        assert await delivery(sending) is DeliveryState.DELIVERED


async def test_a_watermark_reads_everything_up_to_it(tmp_path: Path) -> None:
    async with a_sending_world(tmp_path) as sending:
        await sending.until_quiet()
        began = sending.here.world.clock.now()
        sending.here.world.clock.advance(60)
        offset = await sending.ann_says()
        await sending.until_quiet()
        read = Event(EventKind.READ, "k", person="p1", watermark=began + timedelta(seconds=30))
        await sending.reports.heard(INBOX, "p1", read)
        assert await delivery(sending) is DeliveryState.READ
        async with sending.here.backends.records.reading() as tx:
            mark = await tx.marks.get((await sending.conversation()).id, offset)
        assert mark.delivery is DeliveryState.SENT
        early = Event(EventKind.READ, "k", person="p1", watermark=datetime(2020, 1, 1, tzinfo=UTC))
        await sending.reports.heard(INBOX, "p1", early)


async def test_a_failure_says_why_and_one_of_the_account_stops_the_inbox(tmp_path: Path) -> None:
    async with a_sending_world(tmp_path) as sending:
        sending.calls.script = [taken("m1")]
        await sending.until_quiet()
        await sending.reports.heard(INBOX, "p1", status("failed", note="Not on the platform.", code="131026"))
        assert await delivery(sending) is DeliveryState.FAILED
        async with sending.here.backends.records.reading() as tx:
            mark = await tx.marks.get((await sending.conversation()).id, 1)
        assert mark.note == "Not on the platform."
        assert sending.here.inbox.paused_at is None


async def test_targets_are_told_one_by_one(tmp_path: Path) -> None:
    async with a_sending_world(tmp_path) as sending:
        sending.calls.script = [taken("m1"), refused(403)]
        await sending.ann_says()
        await sending.until_quiet()
        told = Event(EventKind.DELIVERY, "k", person="p1", targets=("m1", "m2"))
        await sending.reports.heard(INBOX, "p1", told)
        async with sending.here.backends.records.reading() as tx:
            part = await tx.parts.by_provider_id(INBOX, "m1")
        assert part is not None
        assert part.state == "delivered"
