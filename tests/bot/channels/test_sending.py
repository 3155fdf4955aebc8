"""What a platform is sent, to whom, in which pieces, when it may be, and how fast."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.channels.channel import Call, Part, Unanswered
from bot.tracing import open_traces
from handover.desk_change import change
from handover.entries import Author, AuthorKind, Button
from handover.inboxes import Inbox
from handover.outcomes import DeliveryState
from tests.support.otlp_collector import collecting
from tests.support.relay_world import ANN
from tests.support.scripted_channel import ScriptedChannel, a_message, webhook
from tests.support.sending_world import Sending, a_sending_world, refused, taken

LATER = "2026-01-06T12:00:00+00:00"


async def outbox(sending: Sending) -> list[tuple[str, str]]:
    """(state, note) of each line."""
    async with sending.here.backends.records.reading() as tx:
        found = await tx.connection.execute(sa.text("SELECT state, delivery_note FROM outbox ORDER BY id"))
        return [(row[0], row[1]) for row in found]


async def test_the_greeting_and_an_agent_s_words_go_to_the_person_on_the_platform(tmp_path: Path) -> None:
    async with a_sending_world(tmp_path) as sending:
        await sending.until_quiet()
        await sending.ann_says("A line of ours.")
        await sending.until_quiet()
        assert sending.calls.texts == [
            "I am an automated assistant.", "Ann has joined the conversation.", "A line of ours.",
        ]  # fmt: skip
        assert {call.json["to"] for call in sending.calls.calls if call.json} == {"p1"}
        first = sending.calls.calls[0].json
        assert first is not None
        assert first["buttons"] == ["Talk to a person"]


async def test_a_long_line_goes_in_pieces_and_its_buttons_with_the_last_under_names_that_are_short(
    tmp_path: Path,
) -> None:
    async with a_sending_world(tmp_path, limit=40) as sending:
        await sending.until_quiet()
        now = await sending.conversation()
        buttons = [Button(title, f"signed:{'x' * 200}") for title in ("One", "Two", "Three", "Four")]
        parts = sending.here.world.desk.channels._parts
        async with change(parts, now.id) as work:
            await work.append(Author(AuthorKind.BOT, "Juniper"), "word " * 20, buttons=buttons)
        await sending.until_quiet()
        sent = [call.json for call in sending.calls.calls[1:] if call.json]
        assert len(sent) == 3
        assert all(len(one["text"]) <= 40 for one in sent)
        assert [one["buttons"] for one in sent] == [[], [], ["One", "Two", "Three"]]


async def test_who_blocked_us_gets_nothing_and_agents_are_told_why(tmp_path: Path) -> None:
    async with a_sending_world(tmp_path) as sending:
        await sending.until_quiet()
        async with sending.here.backends.records.transaction() as tx:
            who = await tx.intake.identity(sending.here.inbox.id, "p1", lock=True)
            assert who is not None
            now = sending.here.world.clock.now()
            await tx.intake.remember(replace(who, blocked_at=now, blocked_why="They wrote STOP."))
        await sending.ann_says()
        await sending.until_quiet()
        assert len(sending.calls.calls) == 1
        assert (await outbox(sending))[1:] == [("failed", "They wrote STOP.")] * 2


async def test_an_inbox_that_was_removed_sends_nothing(tmp_path: Path) -> None:
    async with a_sending_world(tmp_path) as sending:
        sending.here.book.inboxes = [replace(sending.here.inbox, enabled=False)]
        await sending.until_quiet()
        assert await outbox(sending) == [("failed", "This inbox was removed.")]
        assert sending.calls.calls == []


@pytest.mark.parametrize(
    ("hours", "human", "sent"), [(23.9, None, True), (24.1, None, False), (24.1, 7, True), (169, 7, False)]
)
async def test_a_person_s_words_go_as_long_as_the_platform_lets_a_person_write(
    tmp_path: Path, hours: float, human: int | None, sent: bool
) -> None:
    window = None if human is None else timedelta(days=human)
    async with a_sending_world(tmp_path, human_window=window) as sending:
        await sending.ann_says()
        sending.here.world.clock.advance(hours * 3600)
        await sending.until_quiet()
        assert ("A line of ours." in sending.calls.texts) is sent
        state, note = (await outbox(sending))[-1]
        assert (state, bool(note)) == (("sent", False) if sent else ("failed", True))


async def test_after_the_window_the_bot_says_nothing_and_notices_are_dropped(tmp_path: Path) -> None:
    async with a_sending_world(tmp_path, human_window=timedelta(days=7)) as sending:
        await sending.ann_says()
        sending.here.world.clock.advance(30 * 3600)
        await sending.until_quiet()
        assert sending.calls.texts == ["A line of ours."]
        states = [state for state, _ in await outbox(sending)]
        assert states == ["withdrawn", "withdrawn", "sent"]  # greeting (Ann took over), notice, Ann


async def test_the_window_counts_from_the_platform_s_time_of_the_newest_message(tmp_path: Path) -> None:
    async with a_sending_world(tmp_path) as sending:
        await sending.until_quiet()
        sending.here.world.clock.advance(27 * 3600)
        await sending.here.post(webhook(a_message("again", LATER, reply_due=False)))
        await sending.here.settle(3)
        sending.here.world.clock.advance(20 * 3600)
        await sending.ann_says()
        await sending.until_quiet()
        assert "A line of ours." in sending.calls.texts


class WithTemplates(ScriptedChannel):
    """Keeps what it was given beside the words."""

    def __init__(self) -> None:
        super().__init__(templates=True)
        self.given: list[object] = []

    def send(self, inbox: Inbox, person: str, part: Part) -> Call:
        self.given.append(part.template)
        return super().send(inbox, person, part)


async def test_a_template_goes_where_they_are_known_also_after_the_window(tmp_path: Path) -> None:
    channel = WithTemplates()
    async with a_sending_world(tmp_path, channel) as sending:
        await sending.until_quiet()
        now = await sending.conversation()
        desk = sending.here.world.desk.agents
        now = await desk.take(ANN, now.id, now.epoch)
        sending.here.world.clock.advance(30 * 3600)
        template = {"name": "come_back", "language": "en", "parameters": ["Bo"]}
        await desk.say(ANN, now.id, "t1", "Hello Bo, we have news.", now.last_offset, template=template)
        await sending.until_quiet()
        assert (sending.calls.texts[-1], channel.given) == ("Hello Bo, we have news.", [None, template])


async def test_one_inbox_and_one_person_are_written_to_only_so_fast(tmp_path: Path) -> None:
    async with a_sending_world(tmp_path, per_second=1.0, burst=2, person_seconds=3.0) as sending:
        for text in ("one", "two"):
            await sending.ann_says(text)
        times = []
        for _ in range(40):
            before = len(sending.calls.calls)
            await sending.until_quiet()
            times += [sending.here.world.clock.monotonic()] * (len(sending.calls.calls) - before)
            sending.here.world.clock.advance(0.5)
        assert [later - sooner for sooner, later in itertools.pairwise(times)] == [3.0, 3.0]
        assert [text for text in sending.calls.texts if text in ("one", "two")] == ["one", "two"]


async def test_a_broken_account_pauses_its_inbox_and_everything_goes_out_once_it_is_resumed(tmp_path: Path) -> None:
    async with a_sending_world(tmp_path) as sending:
        sending.calls.script = [refused(401)]
        await sending.until_quiet()
        assert sending.here.inbox.paused_at is not None
        assert len(sending.calls.calls) == 1
        sending.here.book.inboxes = [replace(sending.here.inbox, paused_at=None)]
        await sending.until_quiet()
        assert [state for state, _ in await outbox(sending)] == ["sent"]


@pytest.mark.parametrize(("written", "states"), [(False, DeliveryState.SENT), (True, DeliveryState.UNKNOWN)])
async def test_no_answer_is_a_doubt_only_when_the_request_may_have_got_there(
    tmp_path: Path, written: bool, states: DeliveryState
) -> None:
    async with a_sending_world(tmp_path) as sending:
        sending.calls.script = [Unanswered(written, "ReadTimeout"), *([] if written else [taken("m1")])]
        await sending.until_quiet()
        sending.here.world.clock.advance(3)
        await sending.until_quiet()
        async with sending.here.backends.records.reading() as tx:
            mark = await tx.marks.get((await sending.conversation()).id, 1)
        assert mark.delivery is states


async def test_each_try_of_a_send_is_counted_and_is_a_span_without_the_words(tmp_path: Path) -> None:
    async with collecting() as collector:
        traces = open_traces(collector.url)
        async with a_sending_world(tmp_path, traces=traces) as sending:
            sending.calls.script = [refused(503), taken("m1")]
            await sending.until_quiet()
            sending.here.world.clock.advance(60)
            await sending.until_quiet()
            here, channel = (await sending.conversation()).id, sending.here.channel.name
        await traces.close()
        await collector.until(f"send {channel}", f"send {channel}")
    for outcome in ("retry", "sent"):
        labels = {"channel": channel, "outcome": outcome}
        assert sending.meters.registry.get_sample_value("switchboard_outbox_sends_total", labels) == 1
    sends = collector.named(f"send {channel}")
    assert [(one.facts["switchboard.outcome"], one.facts["switchboard.try"]) for one in sends] == [
        ("retry", 1), ("sent", 2),
    ]  # fmt: skip
    assert {(one.parent, one.facts["switchboard.conversation"]) for one in sends} == {("", here)}
    assert collector.holds("automated assistant", "Bo Li") == []
