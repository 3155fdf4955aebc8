"""How one claimed line goes out: part by part, each written down as ``sending`` before the platform is called.

So nothing is ever sent twice unknowingly: a part that is found ``sending`` when nobody works on it, or whose answer
never came, is of unknown outcome. It waits for the platform to report it (`handover.outbox_reports`), and is then put
before people. Only where the platform takes the same key twice as one message is it sent again by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from handover.entries import AuthorKind, Entry
from handover.inboxes import channel_of
from handover.meters import Meters
from handover.outbox_lines import OUT, ChannelSender, Line, PartRow, PartState, Plan, of_line
from handover.outcomes import DeliveryState, Outcome, SendResult
from handover.policy_settings import OutboxSettings
from handover.ports import Clock, Records, Transaction
from handover.stored import ConversationRow, Delivery

log = structlog.get_logger(__name__)

# How often a line whose outcome is unknown is looked at, in seconds; a report makes it due at once.
_LOOK_AGAIN = 5.0
_TODO = "Ask the customer, or look in the platform's app, before sending it again."
_NO_ANSWER = SendResult(Outcome.UNKNOWN, note="No answer came: the message may have arrived.", todo=_TODO)
_CUT_OFF = "We were cut off while sending: the message may have arrived."


def may_go(entry: Entry, delivery: Delivery, row: ConversationRow) -> bool:
    """A bot's line goes only under the control it was decided in, or led to."""
    return entry.author.kind is not AuthorKind.BOT or delivery.gate_epoch == row.conversation.epoch


async def note_delivery(tx: Transaction, outbox: int, note: str = "", todo: str = "") -> None:
    """Write down how far a line has come by its parts, when that is news."""
    line, parts = await tx.parts.line(outbox), await tx.parts.of(outbox)
    now = of_line(parts, line.delivery)
    if now is not line.delivery:
        await tx.parts.came(outbox, now, note, todo)


@dataclass(frozen=True, slots=True)
class LineSending:
    """One line that is ours until its lease ends; the lease is renewed with each part."""

    records: Records
    clock: Clock
    settings: OutboxSettings
    chance: Callable[[], float]
    line: Line
    sender: ChannelSender
    meters: Meters | None = None

    async def deliver(self) -> None:
        """Send what is still to be sent of it. What the sender does wrong stops only this line."""
        try:
            async with asyncio.timeout(self.settings.lease_seconds * 0.8):
                plan = await self.sender.plan(self.line)
        except Exception as broken:
            await self._broken(broken)
            return
        if plan.dropped is not None or plan.refused is not None:
            await self._not_sent(plan)
            return
        parts = await self._parts(plan)
        for part in parts:
            if not await self._one(plan, part, last=part is parts[-1]):
                return
        await self._sent()

    async def _one(self, plan: Plan, part: PartRow, *, last: bool) -> bool:
        """True when it is out, and the next may go."""
        if part.state in OUT:
            return True
        if part.state is PartState.FAILED:
            await self._settle_failed(part.note, part.todo, DeliveryState.FAILED)
            return False
        if part.state is not PartState.QUEUED:
            await self._in_doubt(part)
            return False
        try:
            wait = await self.sender.pace(self.line, plan)
        except Exception as broken:
            await self._broken(broken)
            return False
        if wait > 0:
            await self._later(wait, "It waits for its turn: the platform limits how fast we write.")
            return False
        begun = await self._begin(part)
        return begun is not None and await self._ended(begun, await self._send(plan, begun, last=last))

    async def _send(self, plan: Plan, part: PartRow, *, last: bool) -> SendResult:
        result = _NO_ANSWER
        try:
            # Longer than its lease, and another worker would take it up beside us.
            async with asyncio.timeout(self.settings.lease_seconds * 0.8):
                result = await self.sender.send(self.line, plan, part, last)
        except Exception:
            log.exception("sender_broke", inbox=part.inbox, line=part.key, conversation=self.line.delivery.conversation)
        if self.meters is not None:
            self.meters.outbox_sends.labels(channel_of(part.inbox), result.outcome.value).inc()
        return result

    async def _parts(self, plan: Plan) -> list[PartRow]:
        """Its parts as they are written down; what a process that is gone was sending is in doubt now."""
        async with self.records.transaction() as tx:
            await tx.conversations.get(self.line.delivery.conversation, lock=True)
            found = await tx.parts.add(self.line.delivery, plan.person, plan.texts)
            for part in found:
                if part.state is PartState.SENDING:
                    again = self.sender.idempotent
                    state = PartState.QUEUED if again else PartState.UNKNOWN
                    await tx.parts.put(replace(part, state=state, doubt=True, note=_CUT_OFF, todo=_TODO))
            await note_delivery(tx, self.line.delivery.id, _CUT_OFF, _TODO)
            return await tx.parts.of(self.line.delivery.id)

    async def _begin(self, part: PartRow) -> PartRow | None:
        """The part, written down as being sent; None when it may not go (any more), or is not ours."""
        delivery, now = self.line.delivery, self.clock.now()
        async with self.records.transaction() as tx:
            row = await tx.conversations.get(delivery.conversation, lock=True)
            if not await tx.parts.hold(delivery, now + timedelta(seconds=self.settings.lease_seconds)):
                return None
            if not may_go(self.line.entry, delivery, row):
                await tx.outbox.settle(delivery.id, "withdrawn", now, "control had moved on")
                return None
            mine = await self._again(tx, part)
            if mine.state is not PartState.QUEUED:  # the platform has told us of it meanwhile
                await tx.outbox.retry(delivery.id, now, mine.note)
                return None
            begun = replace(
                mine, state=PartState.SENDING, tries=mine.tries + 1, first_at=mine.first_at or now, began_at=now
            )
            await tx.parts.put(begun)
        return begun

    async def _ended(self, part: PartRow, result: SendResult) -> bool:
        """Write down what came of it, unless the platform's own report was quicker. True when it is out."""
        delivery = self.line.delivery
        stop = result.outcome is Outcome.FINAL_ACCOUNT
        if stop:  # before the line may be looked at again
            await self.sender.stop(delivery.inbox, f"{result.note} {result.todo}".strip())
        async with self.records.transaction() as tx:
            await tx.conversations.get(delivery.conversation, lock=True)
            mine = await self._again(tx, part)
            if mine.state in OUT or result.outcome is Outcome.SENT:
                state = mine.state if mine.state in OUT else PartState.SENT
                provider_id = mine.provider_id or result.provider_id
                await tx.parts.put(replace(mine, state=state, provider_id=provider_id, note="", todo=""))
                return True
            if mine.state is PartState.FAILED:
                result = SendResult(Outcome.FINAL_MESSAGE, note=mine.note, todo=mine.todo)
            await self._not_out(tx, mine, result)
        return False

    async def _not_out(self, tx: Transaction, part: PartRow, result: SendResult) -> None:
        now, outbox = self.clock.now(), self.line.delivery.id
        doubt = part.doubt or result.outcome is Outcome.UNKNOWN
        told = replace(part, doubt=doubt, note=result.note, todo=result.todo)
        if result.outcome is Outcome.FINAL_ACCOUNT:
            # Not this line's fault: it waits until the inbox is resumed, and has lost no try.
            await tx.parts.put(replace(told, state=PartState.QUEUED, tries=part.tries - 1))
            await tx.outbox.retry(outbox, now, result.note)
        elif result.outcome is Outcome.UNKNOWN and not self.sender.idempotent:
            await tx.parts.put(replace(told, state=PartState.UNKNOWN))
            await tx.outbox.retry(outbox, now + timedelta(seconds=_LOOK_AGAIN), result.note)
            await note_delivery(tx, outbox, result.note, result.todo)
        elif (pause := self._pause(part, result, now)) is not None:
            await tx.parts.put(replace(told, state=PartState.QUEUED))
            await tx.outbox.retry(outbox, now + timedelta(seconds=pause), result.note)
        elif doubt:
            await tx.parts.put(replace(told, state=PartState.UNKNOWN))
            await self._give_up(tx, result.note, result.todo or _TODO, DeliveryState.UNKNOWN)
        else:
            await tx.parts.put(replace(told, state=PartState.FAILED))
            await self._give_up(tx, result.note, result.todo, DeliveryState.FAILED)

    def _pause(self, part: PartRow, result: SendResult, now: datetime) -> float | None:
        """Seconds until the next try; None when there is none, or none any more."""
        settings = self.settings
        if part.tries >= settings.tries:
            return None
        if result.outcome is Outcome.RETRY_AFTER:
            return result.retry_after or settings.first_pause_seconds
        if result.outcome not in (Outcome.RETRY, Outcome.UNKNOWN):
            return None
        if part.first_at is not None and (now - part.first_at).total_seconds() > settings.retry_seconds:
            return None
        grown = settings.first_pause_seconds * result.growth ** (part.tries - 1)
        return min(grown, settings.longest_pause_seconds) * (0.5 + self.chance() / 2)

    async def _in_doubt(self, part: PartRow) -> None:
        """Wait for the platform to say what became of it; then it is for people to say."""
        now = self.clock.now()
        since = (now - (part.began_at or now)).total_seconds()
        rest = self.settings.unknown_seconds - since
        if rest > 0:
            await self._later(min(rest, _LOOK_AGAIN), part.note or _CUT_OFF)
        else:
            await self._settle_failed(part.note or _CUT_OFF, part.todo or _TODO, DeliveryState.UNKNOWN)

    async def _sent(self) -> None:
        delivery = self.line.delivery
        async with self.records.transaction() as tx:
            await tx.conversations.get(delivery.conversation, lock=True)
            await tx.outbox.settle(delivery.id, "sent", self.clock.now())
            await note_delivery(tx, delivery.id)

    async def _not_sent(self, plan: Plan) -> None:
        if plan.refused is not None:
            await self._settle_failed(plan.refused.note, plan.refused.todo, DeliveryState.FAILED)
            return
        async with self.records.transaction() as tx:
            await tx.outbox.settle(self.line.delivery.id, "withdrawn", self.clock.now(), plan.dropped)

    async def _settle_failed(self, note: str, todo: str, state: DeliveryState) -> None:
        async with self.records.transaction() as tx:
            await tx.conversations.get(self.line.delivery.conversation, lock=True)
            await self._give_up(tx, note, todo, state)

    async def _give_up(self, tx: Transaction, note: str, todo: str, state: DeliveryState) -> None:
        outbox = self.line.delivery.id
        await tx.outbox.settle(outbox, "failed", self.clock.now(), note)
        await tx.parts.came(outbox, state, note, todo)

    async def _broken(self, broken: Exception) -> None:
        """Something of ours is wrong before anything was sent: a pause, and after a few of them people are asked."""
        delivery = self.line.delivery
        about = {"inbox": delivery.inbox, "conversation": delivery.conversation, "offset": delivery.offset}
        log.error("sender_broke_before_sending", **about, exc_info=broken)
        pause = self.settings.first_pause_seconds * 4**delivery.poison
        await self._later(pause, f"The channel's sender broke: {type(broken).__name__}.", unended=True)

    async def _later(self, seconds: float, note: str, *, unended: bool = False) -> None:
        at = self.clock.now() + timedelta(seconds=seconds)
        async with self.records.transaction() as tx:
            await tx.outbox.retry(self.line.delivery.id, at, note, unended=unended)

    async def _again(self, tx: Transaction, part: PartRow) -> PartRow:
        return next(one for one in await tx.parts.of(part.outbox) if one.number == part.number)
