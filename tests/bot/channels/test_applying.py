"""What each kind of event does to the conversation: for the customer, for agents, for the bot."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bot.buttons import ASK_FOR_HUMAN
from bot.channels.channel import Attachment, EventKind
from handover.agents import OUTSIDE
from handover.conversation import Control, Conversation
from handover.entries import AuthorKind
from handover.stored import Note
from tests.support.channel_world import ChannelWorld, a_channel_world
from tests.support.scripted_channel import ScriptedChannel, a_message, webhook

T1, T2, T3, T4 = (f"2026-01-05T09:00:0{n}+00:00" for n in (1, 2, 3, 4))
SILENT = {"reply_due": False}


def event(kind: str, at: str, *, key: str | None = None, **more: Any) -> dict[str, Any]:
    """Something ``p1`` did, or that was done to their conversation."""
    return {"kind": kind, "key": key or f"{kind}-{at}", "person": "p1", "at": at} | more


async def tell(here: ChannelWorld, *events: dict[str, Any]) -> None:
    """Each event in a webhook of its own."""
    for one in events:
        assert (await here.post(webhook(one))).status_code == 200
    await here.settle()


async def conversation(here: ChannelWorld) -> Conversation:
    who = await here.person()
    assert who.customer is not None
    async with here.backends.records.reading() as tx:
        row = await tx.conversations.open_one(who.inbox, who.customer)
    assert row is not None
    return row.conversation


async def notes(here: ChannelWorld) -> list[Note]:
    return list(await here.world.desk.reading.notes((await conversation(here)).id))


async def said(here: ChannelWorld, kind: AuthorKind = AuthorKind.CUSTOMER) -> list[str]:
    return [entry.text for entry in await here.entries() if entry.author.kind is kind]


async def test_an_edit_changes_the_line_and_an_older_edit_does_not(tmp_path: Path) -> None:
    async with a_channel_world(tmp_path) as here:
        await tell(here, a_message("I want a tnet", T1, **SILENT))
        target = f"m-p1-{T1}"
        await tell(here, event("edit", T3, target=target, text="I want a tent"))
        await tell(here, event("edit", T2, target=target, text="I want a ten"))
        assert await said(here) == ["I want a tent"]


@pytest.mark.parametrize("first", [True, False])
async def test_a_message_taken_back_leaves_no_words_also_when_the_deletion_comes_first(
    tmp_path: Path, first: bool
) -> None:
    async with a_channel_world(tmp_path) as here:
        message, gone = a_message("my card is 4111", T1), event("delete", T2, target=f"m-p1-{T1}")
        await tell(here, a_message("hello", "2026-01-05T09:00:00+00:00", id="m0", **SILENT))
        await tell(here, *((gone, message) if first else (message, gone)))
        assert not any("4111" in entry.text for entry in await here.entries())
        marks = []
        async with here.backends.records.reading() as tx:
            for entry in await here.entries():
                marks.append((await tx.marks.get((await conversation(here)).id, entry.offset)).deleted_at is not None)
        assert sum(marks) == 1  # agents see that something was said and taken back


async def test_reactions_show_at_the_line_and_are_taken_back(tmp_path: Path) -> None:
    async with a_channel_world(tmp_path) as here:
        await tell(here, a_message("hello", T1, name="Bo Li", **SILENT))
        target = f"m-p1-{T1}"
        await tell(here, event("reaction", T2, target=target, emoji="❤️"))
        now = await conversation(here)
        async with here.backends.records.reading() as tx:
            assert (await tx.marks.get(now.id, now.last_customer_offset)).reactions == (("Bo Li", "❤️"),)
        await tell(here, event("reaction", T3, target=target))
        async with here.backends.records.reading() as tx:
            assert (await tx.marks.get(now.id, now.last_customer_offset)).reactions == ()


async def test_a_person_in_the_platform_s_own_app_silences_the_bot_until_the_desk_takes_over(tmp_path: Path) -> None:
    async with a_channel_world(tmp_path) as here:
        await tell(here, a_message("hello", T1, **SILENT))
        await tell(here, event("echo", T2, id="e1", text="Ines here, one moment", customer=False))
        now = await conversation(here)
        assert (now.control, now.agent) == (Control.HUMAN, OUTSIDE)
        before = len(here.world.dialogue.heard)
        await tell(here, a_message("thanks", T3))
        assert len(here.world.dialogue.heard) == before
        assert await said(here, AuthorKind.AGENT) == ["Ines here, one moment"]


async def test_our_own_echo_is_no_news_and_one_that_may_be_ours_waits(tmp_path: Path) -> None:
    async with a_channel_world(tmp_path) as here:
        await tell(here, a_message("hello", T1, **SILENT))
        here.reports.answers = {"e1": ["wait", "wait", "ours"], "e2": ["wait", "foreign"]}
        await tell(here, event("echo", T2, id="e1", text="Hello!", customer=False))
        assert (await conversation(here)).control is Control.BOT
        assert here.reports.answers["e1"] == []
        await tell(here, event("echo", T3, id="e2", text="It is Ines", customer=False))
        assert (await conversation(here)).agent == OUTSIDE


async def test_a_button_for_a_person_and_its_words_both_hand_over(tmp_path: Path) -> None:
    async with a_channel_world(tmp_path) as here:
        await tell(here, event("postback", T1, id="p1", text="Talk to a person", payload=ASK_FOR_HUMAN))
        assert (await conversation(here)).control is Control.OFFERED
        await tell(here, a_message("person", T1, person="p2"))
        who = await here.person("p2")
        assert who.customer is not None
        async with here.backends.records.reading() as tx:
            row = await tx.conversations.open_one(who.inbox, who.customer)
        assert row is not None
        assert row.conversation.control is Control.OFFERED


async def test_the_greeting_comes_first_says_what_speaks_and_how_to_reach_a_person(tmp_path: Path) -> None:
    for buttons, words in ((3, "I am an automated assistant."), (0, "Write “person” at any time")):
        folder = tmp_path / str(buttons)
        folder.mkdir()
        async with a_channel_world(folder, channel=ScriptedChannel(buttons=buttons)) as here:
            await tell(here, a_message("hello", T1, **SILENT))
            first = (await here.entries())[0]
            assert first.author.kind is AuthorKind.BOT
            assert words in first.text
            assert [button.payload for button in first.buttons] == ([ASK_FOR_HUMAN] if buttons else [])


async def test_who_opts_out_is_blocked_until_they_write_again(tmp_path: Path) -> None:
    async with a_channel_world(tmp_path) as here:
        await tell(here, a_message("hello", T1, **SILENT))
        await tell(here, event("subscription", T2, action="block", note="They wrote STOP."))
        assert (await here.person()).blocked_why == "They wrote STOP."
        assert "They wrote STOP." in (await notes(here))[-1].text
        await tell(here, a_message("an old one", T1, id="late", **SILENT))
        assert (await here.person()).blocked_at is not None  # what was written before the opt-out lifts nothing
        await tell(here, a_message("hello again", T3, **SILENT))
        assert (await here.person()).blocked_at is None


async def test_files_without_words_are_shown_wanted_and_the_bot_says_so(tmp_path: Path) -> None:
    async with a_channel_world(tmp_path) as here:
        picture = {"kind": "image", "url": "https://cdn.example/a.jpg"}
        message = a_message("", T1, attachments=[picture])
        await tell(here, message)

        async def heard() -> bool:
            here.world.clock.advance(0.1)
            return any(request.intent == "/sent_media" for request in here.world.dialogue.heard)

        await here.world.until(heard)
        assert await said(here) == ["[picture]"]
        ((_, offset, files),) = here.files.asked
        assert (offset, files) == (2, (Attachment("image", url="https://cdn.example/a.jpg"),))


async def test_another_app_that_takes_the_conversation_silences_the_bot_and_gives_it_back(tmp_path: Path) -> None:
    async with a_channel_world(tmp_path) as here:
        await tell(here, a_message("hello", T1, **SILENT))
        await tell(here, event("handover", T2, action="take"))
        assert (await conversation(here)).agent == OUTSIDE
        await tell(here, event("standby", T3, id="s1", text="are you there?"))
        assert await said(here) == ["hello", "are you there?"]
        await tell(here, event("handover", T4, action="pass"))
        assert (await conversation(here)).control is Control.BOT


@pytest.mark.parametrize("kind", ["referral", "optin", "policy", "system", "account_link", "unsupported", "unknown"])
async def test_what_nobody_answers_is_a_note_for_agents_once(tmp_path: Path, kind: str) -> None:
    async with a_channel_world(tmp_path) as here:
        await tell(here, a_message("hello", T1, **SILENT))
        before = len(here.world.dialogue.heard)
        one = event(kind, T2, note="a reason")
        await tell(here, one, one)
        assert len(await notes(here)) == 1
        assert len(here.world.dialogue.heard) == before
        kept = [aside.what for aside in await here.asides()]
        assert kept == (["unknown"] if kind == "unknown" else [])


async def test_typing_is_passed_on_only_while_it_is_fresh(tmp_path: Path) -> None:
    async with a_channel_world(tmp_path) as here:
        await tell(here, a_message("hello", T1, **SILENT))
        await tell(here, event("typing", T2))
        await tell(here, event("typing", "2026-01-05T08:00:00+00:00", key="old"))
        assert await here.asides() == []
        assert await said(here) == ["hello"]


async def test_in_a_group_everything_is_kept_and_nothing_answered(tmp_path: Path) -> None:
    async with a_channel_world(tmp_path) as here:
        await tell(here, a_message("hello all", T1, group=True))
        assert await said(here) == ["hello all"]
        assert here.world.dialogue.heard == []


async def test_a_report_goes_to_who_knows_what_was_sent(tmp_path: Path) -> None:
    async with a_channel_world(tmp_path) as here:
        await tell(here, a_message("hello", T1, **SILENT))
        await tell(here, event("status", T2, target="out-1", status="read"))
        ((inbox, person, told),) = here.reports.told
        assert (inbox, person, told.kind, told.target) == (here.inbox.id, "p1", EventKind.STATUS, "out-1")
        assert told.at == datetime.fromisoformat(T2)
