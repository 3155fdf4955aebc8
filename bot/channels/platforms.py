"""Puts the social channels together: the way in, the way out, files, and the inboxes they share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter

from bot.channels.applying import Words
from bot.channels.calling import Caller
from bot.channels.channel import Channel
from bot.channels.courtesies import Courtesies
from bot.channels.gate import Gate
from bot.channels.inbox_api import inbox_routes
from bot.channels.media import MediaWanted, MediaWorker
from bot.channels.media_fetch import MediaFetch
from bot.channels.registry import CHANNELS, addresses_of
from bot.channels.reports import DeliveryReports
from bot.channels.sending import SendersByChannel, SendParts, paused_in
from bot.channels.way_in import open_way_in
from bot.settings import Settings
from bot.tracing import Traces
from handover.aside_api import aside_routes
from handover.backends import Backends
from handover.desk import Desk
from handover.inbox_book import InboxBook
from handover.inbox_cipher import Cipher
from handover.login_api import Door
from handover.media_api import media_routes
from handover.meters import Meters
from handover.outbox import OutboxWorker
from handover.policy_settings import OutboxSettings
from handover.ports import Clock, Records

# The book reads the record every two seconds at most, and at once after a change of this process.
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Platforms:
    """``works`` is what goes on in the background, by name."""

    records: Records
    clock: Clock
    book: InboxBook
    cipher: Cipher
    channels: Mapping[str, Channel]
    caller: Caller
    gate: Gate
    public_address: str
    works: Mapping[str, Callable[[], Awaitable[None]]]

    def routes(self, door: Door) -> list[APIRouter]:
        """The webhooks, and what people see and set of them behind ``door``."""
        inboxes = inbox_routes(
            self.records, self.book, self.cipher, self.channels, door,
            calls=self.caller, public_address=self.public_address, clock=self.clock,
        )  # fmt: skip
        return [self.gate.routes(), inboxes, aside_routes(self.records, door), media_routes(self.records, door)]


async def open_platforms(
    stack: AsyncExitStack,
    settings: Settings,
    backends: Backends,
    desk: Desk,
    *,
    relay: Words,
    outbox: OutboxSettings,
    meters: Meters,
    traces: Traces,
    channels: Mapping[str, Channel] = CHANNELS,
) -> Platforms:
    """Everything of ``channels``; ``stack`` closes it."""
    records, clock, bases = backends.records, desk.clock, addresses_of(channels, settings.platform_urls)
    cipher = settings.inbox_cipher()
    book = InboxBook(records, clock, cipher)
    caller = await stack.enter_async_context(Caller(bases))
    fetch = await stack.enter_async_context(MediaFetch(bases))
    way_in = open_way_in(
        settings,
        backends,
        desk,
        channels=channels,
        book=book,
        relay=relay,
        reports=DeliveryReports(records, clock, channels, book),
        files=MediaWanted(records, clock),
        registry=meters.registry,
    )
    stack.push_async_callback(way_in.arrivals.close)
    courtesies = Courtesies(records, book, channels, caller, clock.monotonic, meters.registry)
    stack.push_async_callback(courtesies.close)
    desk.attention.listen(courtesies.told)
    parts = SendParts(records, book, caller, clock, backends.limits, clock.monotonic, traces)
    senders, paused = SendersByChannel(channels, parts), partial(paused_in, book)
    worker = OutboxWorker(records, clock, senders, outbox, desk.channels, paused, meters=meters)
    media = MediaWorker(records, book, channels, fetch, desk.channels, clock)
    works = {"outbox": worker.run, "intake": way_in.intake.run, "media": media.run}
    works = {name: partial(once_there_is_one, book, clock, work) for name, work in works.items()}
    return Platforms(records, clock, book, cipher, channels, caller, way_in.gate, settings.public_address(), works)


async def once_there_is_one(book: InboxBook, clock: Clock, work: Callable[[], Awaitable[None]]) -> None:
    """``work`` from the first inbox on: with the website alone it would look thirty times a second for nothing."""
    while not await book.any_ever():
        await clock.sleep(_LOOK_SECONDS)
    await work()
