"""Waits for the moment in which a turn of the bot may no longer speak, whichever process takes the word from it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from handover import screens
from handover.entries import ConversationId
from handover.ports import RESYNC, Clock, Follower, LiveFeed

# What a turn ends by is told to the customer's screens: words of theirs, its own reply, another control.
_TELLING = frozenset({"entry", "control", RESYNC.kind})
_LOOK_SECONDS = 1.0  # between looks at the record while the processes do not hear each other


async def until_silent(
    may_speak: Callable[[], Awaitable[bool]], conversation: ConversationId, live: LiveFeed, clock: Clock
) -> None:
    """Return once ``may_speak`` says no: asked at first, and whenever the live feed tells of a change there."""
    async with live.follow(screens.customer_topic(conversation)) as follower:
        heard = asyncio.Event()
        follower.wakes(heard.set)
        while await may_speak():
            await _change(follower, heard, live, clock)


async def _change(follower: Follower, heard: asyncio.Event, live: LiveFeed, clock: Clock) -> None:
    while True:
        heard.clear()
        while (told := follower.take()) is not None:
            if told.kind in _TELLING:
                return
        waits = [asyncio.ensure_future(heard.wait()), asyncio.ensure_future(clock.sleep(_LOOK_SECONDS))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if not live.healthy:
            return
