"""From a signed webhook to the customer's line in the record, and from there to the bot."""

from __future__ import annotations

from pathlib import Path

from bot.relay import Relay
from handover.desk import CustomerMessage, Recorded
from handover.entries import AuthorKind, ConversationId
from handover.errors import Busy
from tests.support.channel_world import GREETING, a_channel_world, an_intake
from tests.support.scripted_channel import a_message, webhook

T1, T2, T3 = (f"2026-01-05T09:00:0{n}+00:00" for n in (1, 2, 3))


async def test_a_signed_webhook_is_a_line_of_the_record_and_the_bot_answers(tmp_path: Path) -> None:
    async with a_channel_world(tmp_path) as here:
        answer = await here.post(webhook(a_message("Where is my parcel?", T1, name="Bo Li")))
        assert (answer.status_code, answer.text) == (200, "ok")
        await here.settle()

        async def answered() -> bool:
            here.world.clock.advance(0.1)
            return any(e.text == "You said: Where is my parcel?" for e in await here.entries())

        await here.world.until(answered)
        lines = await here.entries()
        assert [e.author.kind for e in lines] == [AuthorKind.BOT, AuthorKind.CUSTOMER, AuthorKind.BOT]
        assert lines[0].text == GREETING
        assert lines[1].author.name == "Bo Li"
        assert (await here.person()).last_message == f"m-p1-{T1}"


async def test_what_comes_twice_is_there_once_and_in_the_platforms_order(tmp_path: Path) -> None:
    async with a_channel_world(tmp_path) as here:
        first, second, third = (a_message(words, at) for words, at in (("one", T1), ("two", T2), ("three", T3)))
        for body in (webhook(third, first), webhook(second), webhook(first, second, third), webhook(third)):
            assert (await here.post(body)).status_code == 200
        await here.settle()
        said = [e.text for e in await here.entries() if e.author.kind is AuthorKind.CUSTOMER]
        assert said == ["one", "two", "three"]


async def test_while_the_bot_drowns_a_platforms_words_wait_here_in_their_order_and_not_for_ever(tmp_path: Path) -> None:
    async with a_channel_world(tmp_path) as here:
        narrow = _Narrow(here.world.relay)
        here.intake = an_intake(here.world, here.backends, here.channel, here.book, relay=narrow)
        body = webhook(a_message("one", T1), a_message("two", T2))
        assert (await here.post(body)).status_code == 200
        await here.settle()
        assert [e.author.kind for e in await here.entries()] == [AuthorKind.BOT]  # the greeting; nothing is lost
        assert narrow.refused > 1
        before = narrow.refused
        await here.settle(rounds=60)
        said = [e.text for e in await here.entries() if e.author.kind is AuthorKind.CUSTOMER]
        assert said == ["one", "two"]  # after a minute they go in all the same: the desk is told by the turn
        assert narrow.refused > before


class _Narrow:
    """The relay of a world whose bot has no time."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self.refused = 0

    async def admit(self, conversation: ConversationId, said: CustomerMessage) -> None:
        self.refused += 1
        raise Busy("Too many.", retry_after=5)

    async def customer_says(self, conversation: ConversationId, said: CustomerMessage) -> Recorded:
        return await self._relay.customer_says(conversation, said)

    def customer_types(self, conversation: ConversationId) -> None:
        self._relay.customer_types(conversation)
