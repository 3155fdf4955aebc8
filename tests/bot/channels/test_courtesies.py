"""Typing and seen marks: best effort, beside the outbox, and not more often than anybody sees."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from bot.channels.channel import Unanswered
from bot.channels.courtesies import Courtesies
from handover.conversation import Conversation
from tests.support.sending_world import Sending, a_sending_world, refused


@dataclass
class Shown:
    sending: Sending
    courtesies: Courtesies
    registry: CollectorRegistry
    conversation: Conversation

    async def paths(self) -> list[str]:
        """What was called, once everything has ended."""
        await self.ended()
        return [call.path for call in self.sending.calls.calls]

    async def ended(self) -> None:
        async def over() -> bool:
            return self.courtesies.under_way == 0

        await self.sending.here.world.until(over)

    def counted(self, outcome: str) -> float | None:
        return self.registry.get_sample_value("switchboard_courtesies_total", {"outcome": outcome})


@asynccontextmanager
async def shown(folder: Path, **ability: Any) -> AsyncIterator[Shown]:
    async with a_sending_world(folder, **ability) as sending:
        registry, here = CollectorRegistry(), sending.here
        channels = {here.channel.name: here.channel}
        courtesies = Courtesies(
            here.backends.records, here.book, channels, sending.calls, here.world.clock.monotonic, registry
        )
        yield Shown(sending, courtesies, registry, await sending.conversation())
        await courtesies.close()


async def test_who_writes_is_shown_at_most_every_four_seconds_and_a_message_is_seen_once(tmp_path: Path) -> None:
    async with shown(tmp_path, seen=True) as here:
        for _ in range(3):
            here.courtesies.told(here.conversation, True)
        assert await here.paths() == ["/seen", "/typing"]
        here.sending.here.world.clock.advance(4)
        here.courtesies.told(here.conversation, True)
        assert await here.paths() == ["/seen", "/typing", "/typing"]
        assert here.counted("shown") == 3


async def test_who_only_reads_is_not_shown_writing(tmp_path: Path) -> None:
    async with shown(tmp_path, seen=True) as here:
        here.courtesies.told(here.conversation, False)
        assert await here.paths() == ["/seen"]


async def test_nothing_is_shown_on_the_web_or_where_the_platform_has_nothing(tmp_path: Path) -> None:
    async with shown(tmp_path, typing=False) as here:
        here.courtesies.told(here.conversation, True)
        here.courtesies.told(replace(here.conversation, inbox="web", id="c-web"), True)
        here.courtesies.told(replace(here.conversation, inbox="gone.1", id="c-gone"), True)
        assert await here.paths() == []


async def test_nothing_is_shown_to_who_blocked_us_or_from_a_paused_inbox(tmp_path: Path) -> None:
    async with shown(tmp_path) as here:
        await here.sending.here.book.pause(here.conversation.inbox, "broken")
        here.courtesies.told(here.conversation, True)
        assert await here.paths() == []


async def test_what_goes_wrong_is_counted_and_harms_nobody(tmp_path: Path) -> None:
    async with shown(tmp_path) as here:
        here.sending.calls.script = [refused(500), Unanswered(True, "ReadTimeout")]
        for _ in range(2):
            here.courtesies.told(here.conversation, True)
            await here.ended()
            here.sending.here.world.clock.advance(5)
        here.sending.here.book.inboxes = []
        here.courtesies.told(here.conversation, True)
        await here.ended()
        assert here.counted("failed") == 3
