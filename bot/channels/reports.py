"""Whose words an echo repeats, and which of our messages a platform's report speaks of; implements `partners.Reports`.

A message is known by the platform's id for it, by the key we sent along, or, where a platform echoes without our key,
by its words while it is under way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol

from bot.channels.channel import Answer, Channel, Event, EventKind
from bot.channels.reading import key_of
from handover.errors import NotFound
from handover.inboxes import channel_of
from handover.outbox_lines import IN_DOUBT, PartRow
from handover.outbox_reports import report
from handover.outcomes import DeliveryState, Outcome
from handover.ports import Clock, Records

# An echo without our key may be of what was sent this long ago at most; platforms echo within seconds.
_ECHO_WITHIN = timedelta(minutes=10)
# And an echo of other words waits for what is under way only so long: after it, it is somebody else's.
_WAIT_WITHIN = timedelta(minutes=2)
_TOLD = {"sent": DeliveryState.SENT, "delivered": DeliveryState.DELIVERED, "read": DeliveryState.READ}


class Pauses(Protocol):
    """`handover.inbox_book.InboxBook` in the service."""

    async def pause(self, inbox: str, why: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class DeliveryReports:
    records: Records
    clock: Clock
    channels: Mapping[str, Channel]
    book: Pauses

    async def echo(self, inbox: str, event: Event) -> Literal["ours", "wait", "foreign"]:
        """ "wait": something of ours to that person is under way, and it may be that."""
        part = await self._named(inbox, event.id, event.correlation)
        if part is None and self.channels[channel_of(inbox)].ability.correlates and event.correlation is None:
            return "foreign"
        if part is None:
            sent = await self._sent(inbox, event.person or "")
            same = (one for one in sent if one.provider_id is None and one.text.strip() == (event.text or "").strip())
            part = next(same, None)
            if part is None:
                return "wait" if self._under_way(sent) else "foreign"
        await report(self.records, self.clock, part, DeliveryState.SENT, provider_id=_id(event.id))
        return "ours"

    async def heard(self, inbox: str, person: str, event: Event) -> None:
        """Raises NotFound while it may speak of something whose send has not ended."""
        if event.kind is EventKind.STATUS:
            await self._status(inbox, person, event)
            return
        told = DeliveryState.READ if event.kind is EventKind.READ else DeliveryState.DELIVERED
        for target in {one for one in (event.target, *event.targets) if one}:
            part = await self._named(inbox, target, None)
            if part is not None:
                await report(self.records, self.clock, part, told)
            else:
                await self._unless_under_way(inbox, person)
        if event.watermark is not None and person:
            async with self.records.reading() as tx:
                parts = await tx.parts.to_person(inbox, person, until=event.watermark)
            for part in parts:
                if part.state not in IN_DOUBT:
                    await report(self.records, self.clock, part, told)

    async def _status(self, inbox: str, person: str, event: Event) -> None:
        part = await self._named(inbox, event.target or event.id, event.correlation)
        if part is None:
            await self._unless_under_way(inbox, person)
            return
        told = _TOLD.get(event.status or "")
        if told is not None:
            await report(self.records, self.clock, part, told, provider_id=_id(event.target or event.id))
        elif event.status == "failed":
            await self._failed(inbox, part, event)

    async def _failed(self, inbox: str, part: PartRow, event: Event) -> None:
        note, todo = event.note or "The platform could not deliver it.", ""
        if event.code is not None and event.code.isascii() and event.code.isdigit():
            said = {"error": {"code": int(event.code), "message": ""}}
            result = self.channels[channel_of(inbox)].result(Answer(400, {}, said))
            todo = result.todo
            if result.outcome is Outcome.FINAL_ACCOUNT:
                await self.book.pause(inbox, f"{result.note} {result.todo}".strip())
        await report(self.records, self.clock, part, DeliveryState.FAILED, note=note, todo=todo)

    async def _named(self, inbox: str, message: str | None, key: str | None) -> PartRow | None:
        async with self.records.reading() as tx:
            found = None if message is None else await tx.parts.by_provider_id(inbox, key_of(message))
            if found is None and key is not None:
                found = await tx.parts.by_key(inbox, key[:120])
        return found

    async def _sent(self, inbox: str, person: str) -> list[PartRow]:
        """What went to ``person`` lately, or may have."""
        now = self.clock.now()
        async with self.records.reading() as tx:
            sent = await tx.parts.to_person(inbox, person, until=now, limit=20)
        return [part for part in sent if part.began_at is not None and now - part.began_at <= _ECHO_WITHIN]

    def _under_way(self, sent: list[PartRow]) -> bool:
        since = self.clock.now() - _WAIT_WITHIN
        return any(one.state in IN_DOUBT and one.began_at is not None and one.began_at >= since for one in sent)

    async def _unless_under_way(self, inbox: str, person: str) -> None:
        """A report of a message that is not ours says nothing to us."""
        if self._under_way(await self._sent(inbox, person)):
            raise NotFound("A message to this person is under way.")


def _id(message: str | None) -> str | None:
    return None if message is None else key_of(message)
