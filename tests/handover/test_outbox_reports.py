"""Reports of platforms, and what people decide: in any order, twice, and never back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handover.dead_letters import DeadLetters
from handover.entries import ConversationId
from handover.errors import NotFound
from handover.outbox_lines import PartRow
from handover.outbox_reports import report
from handover.outcomes import DeliveryState
from tests.handover.test_outbox_sending import LOST, parts, rows
from tests.support.pushing_world import Pushing, final, open_pushing

SENT, DELIVERED, READ, FAILED = (
    DeliveryState.SENT,
    DeliveryState.DELIVERED,
    DeliveryState.READ,
    DeliveryState.FAILED,
)


@pytest.fixture
async def pushing(tmp_path: Path) -> AsyncIterator[Pushing]:
    async with open_pushing(tmp_path) as opened:
        yield opened


async def part(pushing: Pushing, conversation: ConversationId, number: int = 0) -> PartRow:
    async with pushing.world.backends.records.reading() as tx:
        found = await tx.parts.by_key("telegram", f"{conversation}:1:{number}")
    assert found is not None
    return found


async def told(pushing: Pushing, conversation: ConversationId, state: DeliveryState, number: int = 0) -> None:
    one = await part(pushing, conversation, number)
    await report(pushing.world.backends.records, pushing.world.clock, one, state, note="code 1", todo="Call them.")


def letters(pushing: Pushing) -> DeadLetters:
    return DeadLetters(pushing.world.backends.records, pushing.world.clock)


async def given_up(pushing: Pushing) -> ConversationId:
    """A line of two words: the first was sent and its answer lost, the second never sent; nobody told us more."""
    pushing.channel.pieces = lambda text: tuple(text.split()[:2])
    pushing.channel.steps = [LOST]
    conversation = await pushing.world.conversation(inbox="telegram")
    await pushing.until_quiet()
    pushing.world.clock.advance(pushing.world.policy.outbox.unknown_seconds + 1)
    await pushing.until_quiet()
    assert await rows(pushing) == [(1, "failed", "unknown")]
    return conversation.id


async def test_a_report_settles_what_was_in_doubt_and_the_rest_goes_out_at_once(pushing: Pushing) -> None:
    pushing.channel.pieces = lambda text: tuple(text.split()[:2])
    pushing.channel.steps = [LOST]
    conversation = await pushing.world.conversation(inbox="telegram")
    await pushing.until_quiet()
    await told(pushing, conversation.id, DELIVERED)
    pushing.channel.steps = [None]
    await pushing.until_quiet()
    assert [text for _, text in pushing.channel.sent] == ["am"]
    assert await rows(pushing) == [(1, "sent", "sent")]
    await told(pushing, conversation.id, READ, 1)
    assert await rows(pushing) == [(1, "sent", "delivered")]  # as far as its last part
    assert (await pushing.world.desk.reading.conversation(conversation.id)).last_offset == 1


async def test_a_report_that_comes_after_we_gave_up_makes_the_line_whole(pushing: Pushing) -> None:
    conversation = await given_up(pushing)
    await told(pushing, conversation, SENT)
    pushing.channel.steps = [None]
    await pushing.until_quiet()
    assert await rows(pushing) == [(1, "sent", "sent")]
    assert await letters(pushing).list() == []


async def test_a_line_that_was_taken_and_fails_after_all_is_put_before_people(pushing: Pushing) -> None:
    pushing.channel.steps = [None]
    conversation = await pushing.world.conversation(inbox="telegram")
    await pushing.until_quiet()
    await told(pushing, conversation.id, FAILED)
    (dead,) = await letters(pushing).list()
    assert (dead.note, dead.todo, dead.unknown) == ("code 1", "Call them.", False)
    await told(pushing, conversation.id, DELIVERED)  # a late word that it arrived wins
    assert await letters(pushing).list() == []
    assert await rows(pushing) == [(1, "sent", "delivered")]


async def test_it_arrived_says_somebody_and_only_what_was_never_sent_goes_out(pushing: Pushing) -> None:
    await given_up(pushing)
    (dead,) = await letters(pushing).list()
    await letters(pushing).arrived(dead.delivery.id, "mia")
    pushing.channel.steps = [None]
    await pushing.until_quiet()
    assert [text for _, text in pushing.channel.sent] == ["am"]
    assert await rows(pushing) == [(1, "sent", "sent")]
    with pytest.raises(NotFound):
        await letters(pushing).arrived(dead.delivery.id, "mia")


async def test_send_again_says_somebody_and_all_that_may_not_have_arrived_goes_out(pushing: Pushing) -> None:
    conversation = await given_up(pushing)
    (dead,) = await letters(pushing).list()
    await letters(pushing).retry(dead.delivery.id, "mia")
    assert await rows(pushing) == [(1, "queued", "queued")]
    pushing.channel.steps = [None, None]
    await pushing.until_quiet()
    assert [text for _, text in pushing.channel.sent] == ["I", "am"]
    async with pushing.world.backends.records.reading() as tx:
        assert (await tx.marks.get(conversation, 1)).delivery is SENT  # agents see it go forward anew


async def test_send_again_after_a_refusal_starts_with_what_was_refused(pushing: Pushing) -> None:
    pushing.channel.pieces = lambda text: tuple(text.split()[:2])
    pushing.channel.steps = [None, final()]
    await pushing.world.conversation(inbox="telegram")
    await pushing.until_quiet()
    (dead,) = await letters(pushing).list()
    await letters(pushing).retry(dead.delivery.id, "mia")
    pushing.channel.steps = [None]
    await pushing.until_quiet()
    assert [text for _, text in pushing.channel.sent] == ["I", "am"]


async def test_nobody_decides_about_a_line_that_is_not_there_or_not_dead(pushing: Pushing) -> None:
    await pushing.world.conversation(inbox="telegram")
    for line in (1, 4711):
        with pytest.raises(NotFound):
            await letters(pushing).retry(line, "mia")
        with pytest.raises(NotFound):
            await letters(pushing).arrived(line, "mia")
    pushing.channel.steps = [None]
    await pushing.until_quiet()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reports=st.lists(st.tuples(st.integers(0, 1), st.sampled_from([SENT, DELIVERED, READ, FAILED])), max_size=8))
async def test_no_order_of_reports_takes_anything_back(
    tmp_path_factory: pytest.TempPathFactory, reports: list[tuple[int, DeliveryState]]
) -> None:
    ranks = {"queued": 0, "unknown": 1, "sent": 2, "failed": 3, "delivered": 4, "read": 5}
    async with open_pushing(tmp_path_factory.mktemp("record")) as pushing:
        pushing.channel.pieces = lambda text: tuple(text.split()[:2])
        pushing.channel.steps = [None, None]
        conversation = (await pushing.world.conversation(inbox="telegram")).id
        await pushing.until_quiet()
        before = [(await rows(pushing))[0][2], *(state for state, _ in await parts(pushing))]
        for number, state in reports:
            await told(pushing, conversation, state, number)
            now = [(await rows(pushing))[0][2], *(state for state, _ in await parts(pushing))]
            assert all(ranks[a] <= ranks[b] for a, b in zip(before, now, strict=True))
            before = now
        assert pushing.channel.tried == [f"{conversation}:1:0", f"{conversation}:1:1"]
