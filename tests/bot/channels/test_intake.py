"""From a signed webhook to the customer's line in the record, and from there to the bot."""

from __future__ import annotations

from pathlib import Path

from handover.entries import AuthorKind
from tests.support.channel_world import GREETING, a_channel_world
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
