"""Fetches the files customers send, in the background, and tells the desk how it went.

A file is claimed by one worker at a time, under a lease; what did not work is tried again with growing pauses. What
nobody told the desk of, because a process died in between, is told in the next round.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from bot.channels.channel import Answer, Attachment, Channel, Place
from bot.channels.media_fetch import MediaFetch, NotNow, Refused
from handover.entries import ConversationId
from handover.errors import NotFound
from handover.inboxes import Inbox, channel_of
from handover.ports import Clock, Records
from handover.record_ports_media import MediaState, StoredMedia

log = structlog.get_logger(__name__)

_GONE = "The platform no longer has the file."


class MediaMarks(Protocol):
    """The desk, as far as files go."""

    async def media(self, conversation: ConversationId, offset: int, parts: Sequence[Mapping[str, object]]) -> None:
        """The files of an entry are these now: whole, each as `StoredMedia.part` writes it."""
        ...


class InboxesById(Protocol):
    """`handover.inbox_book.InboxBook` in the service."""

    async def get(self, inbox: str) -> Inbox:
        """Raises NotFound."""
        ...


@dataclass(frozen=True, slots=True)
class MediaPace:
    """How files are fetched; times in seconds. ``pause`` is the first, and each later one is four times as long."""

    at_once: int = 4
    lease: float = 90.0  # asking where a file is and fetching it take at most 40
    tries: int = 5
    pause: float = 2.0
    look_every: float = 1.0


USUAL = MediaPace()


class MediaWanted:
    """What the way in says when a line brought files: they are wanted, and everything else happens here."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    async def wanted(self, conversation: ConversationId, offset: int, files: tuple[Attachment, ...]) -> None:
        """Want the files of the entry at ``offset``; the same entry again changes nothing."""
        async with self._records.transaction() as tx:
            await tx.media.add(conversation, offset, files, self._clock.now())


class MediaWorker:
    def __init__(
        self,
        records: Records,
        inboxes: InboxesById,
        channels: Mapping[str, Channel],
        fetch: MediaFetch,
        marks: MediaMarks,
        clock: Clock,
        pace: MediaPace = USUAL,
    ) -> None:
        self._records = records
        self._inboxes = inboxes
        self._channels = channels
        self._fetch = fetch
        self._marks = marks
        self._clock = clock
        self._pace = pace

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            if await self.work() == 0:
                await self._clock.sleep(self._pace.look_every)

    async def work(self) -> int:
        """One round: tell what is new, fetch what is due, tell how it went. How many files were fetched or tried."""
        await self._tell()
        now = self._clock.now()
        async with self._records.transaction() as tx:
            files = await tx.media.claim(now, now + timedelta(seconds=self._pace.lease), self._pace.at_once)
        if files:
            await asyncio.gather(*(self._one(file) for file in files))
            await self._tell()
        return len(files)

    async def _one(self, file: StoredMedia) -> None:
        """Fetch one file and write down what came of it; whatever goes wrong is of this file alone."""
        try:
            channel, inbox = self._channels[channel_of(file.inbox)], await self._inboxes.get(file.inbox)
            found = await self._fetch.fetch(await self._place(channel, inbox, file), channel.ability.media_hosts)
        except (KeyError, NotFound):
            await self._settle(file, MediaState.FAILED, why="The inbox through which it came is no longer here.")
        except Refused as why:
            await self._settle(file, MediaState.REFUSED, why=str(why))
        except NotNow as why:
            await self._later(file, str(why))
        except Exception:
            log.exception("media_failed", media=file.id, inbox=file.inbox)
            await self._later(file, "The file could not be fetched.")
        else:
            await self._settle(file, MediaState.HERE, media_type=found.media_type, content=found.content)

    async def _place(self, channel: Channel, inbox: Inbox, file: StoredMedia) -> Place:
        attachment = Attachment(file.kind, file.url, file.ref, file.name, file.media_type)
        known = channel.locate(inbox, attachment)
        if isinstance(known, Place):
            return known
        if known is not None:
            answer = await self._fetch.ask(known)
            told = channel.located(inbox, answer)
            if told is None:
                raise _unlocated(answer)
            return Place(*told)
        if file.url is None or not file.url.startswith(("https://", "http://")):
            raise Refused(_GONE)
        return Place(file.url)

    async def _later(self, file: StoredMedia, why: str) -> None:
        if file.attempts >= self._pace.tries:
            await self._settle(file, MediaState.FAILED, why=why)
            return
        pause = self._pace.pause * 4 ** (file.attempts - 1)
        async with self._records.transaction() as tx:
            await tx.media.again(file.id, file.attempts, self._clock.now() + timedelta(seconds=pause))

    async def _settle(
        self,
        file: StoredMedia,
        state: MediaState,
        *,
        media_type: str | None = None,
        content: bytes | None = None,
        why: str | None = None,
    ) -> None:
        async with self._records.transaction() as tx:
            await tx.media.settle(file.id, file.attempts, state, media_type=media_type, content=content, why=why)

    async def _tell(self) -> None:
        async with self._records.reading() as tx:
            entries = await tx.media.untold(limit=100)
        for conversation, offset in entries:
            async with self._records.reading() as tx:
                files = await tx.media.of_entry(conversation, offset)
            try:
                await self._marks.media(conversation, offset, [file.part() for file in files])
            except NotFound:  # the entry went meanwhile, and its files with it
                log.info("media_without_entry", conversation=conversation, offset=offset)
            async with self._records.transaction() as tx:
                await tx.media.told(files)


def _unlocated(answer: Answer) -> Exception:
    """Why there is no place in an answer: gone for good, or nothing that can be told now (a token may be renewed)."""
    if answer.status in {400, 404, 410}:
        return Refused(_GONE)
    return NotNow(f"The platform did not say where the file is (HTTP {answer.status}).")
