"""What platforms and people say became of parts that were sent; it settles what was in doubt, and never goes back."""

from __future__ import annotations

from dataclasses import replace

from handover.entries import ConversationId
from handover.errors import NotFound
from handover.outbox_lines import OUT, LineRow, PartRow, PartState, part_forward
from handover.outbox_sending import note_delivery
from handover.outcomes import DeliveryState
from handover.ports import Clock, Records, Transaction


async def report(
    records: Records,
    clock: Clock,
    part: PartRow,
    told: DeliveryState,
    *,
    provider_id: str | None = None,
    note: str = "",
    todo: str = "",
) -> None:
    """The platform says of ``part``: ``told``, with why. The same twice, or in any order, changes nothing more."""
    async with records.transaction() as tx:
        await tx.conversations.get(part.conversation, lock=True)
        mine = next(one for one in await tx.parts.of(part.outbox) if one.number == part.number)
        state = part_forward(mine.state, told)
        now = replace(mine, state=state, provider_id=mine.provider_id or provider_id)
        if state is not mine.state:
            now = replace(now, note=note, todo=todo)
        if now == mine:
            return
        await tx.parts.put(now)
        await _line_after(tx, clock, part.outbox, note, todo)


async def _line_after(tx: Transaction, clock: Clock, outbox: int, note: str, todo: str) -> None:
    """The line as its parts are now: one that was given up may have arrived, one that went out may have failed."""
    await note_delivery(tx, outbox, note, todo)
    line, states = await tx.parts.line(outbox), {part.state for part in await tx.parts.of(outbox)}
    at = clock.now()
    if line.state == "failed" and not states & {PartState.FAILED, PartState.UNKNOWN, PartState.SENDING}:
        await _arrived(tx, clock, line, states, None)
    elif line.state == "sent" and PartState.FAILED in states:
        await tx.outbox.undone(outbox, at, note)
    elif line.state == "queued" and PartState.SENDING not in states:
        await tx.outbox.retry(outbox, at, note)


async def _arrived(tx: Transaction, clock: Clock, line: LineRow, states: set[PartState], by: str | None) -> None:
    if states <= OUT:
        await tx.outbox.arrived(line.id, by, clock.now())
    else:  # the rest of it is still to be sent
        await tx.outbox.revive(line.id, by or "platform", clock.now())


async def send_again(tx: Transaction, clock: Clock, outbox: int, by: str) -> ConversationId | None:
    """Somebody wants a dead line sent anew, from what did not arrive of it; None when it is not dead."""
    line = await _locked(tx, outbox)
    if line is None or await tx.outbox.revive(outbox, by, clock.now()) is None:
        return None
    await tx.parts.again(outbox)
    await tx.parts.came(outbox, DeliveryState.QUEUED, "", "")
    return line.conversation


async def it_arrived(tx: Transaction, clock: Clock, outbox: int, by: str) -> ConversationId | None:
    """Somebody knows that a dead line was delivered; what of it was never sent goes out. None when it is not dead."""
    line = await _locked(tx, outbox)
    if line is None or line.state != "failed":
        return None
    for part in await tx.parts.of(outbox):
        if part.state not in OUT and part.state is not PartState.QUEUED:
            await tx.parts.put(replace(part, state=PartState.SENT, note="", todo=""))
    await _arrived(tx, clock, line, {part.state for part in await tx.parts.of(outbox)}, by)
    await tx.parts.came(outbox, DeliveryState.SENT, "", "")
    return line.conversation


async def _locked(tx: Transaction, outbox: int) -> LineRow | None:
    try:
        line = await tx.parts.line(outbox)
    except NotFound:
        return None
    await tx.conversations.get(line.conversation, lock=True)
    return await tx.parts.line(outbox)
