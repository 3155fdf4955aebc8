"""What waiting customers are told: who is there, their place, how long it may take, when the desk opens.

A prediction is kept as it was first shown, and how it ended beside it. Everything here happens when the queue moves or
somebody looks, never for a message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from handover import screens
from handover.calendar import Calendar
from handover.conversation import Control, Conversation, Move
from handover.desk_parts import DeskParts
from handover.errors import Unavailable
from handover.frames import ControlFrame, WaitingPart
from handover.matcher import Standing, desk_open
from handover.policy_settings import WordSettings
from handover.ports import Told, Transaction
from handover.waits import Outlook, Staffing, Wait, WaitEnd, WaitRange

log = structlog.get_logger(__name__)

# How many waiting customers hear at once that the queue moved; the others hear it when they get there.
FIRST_IN_LINE = 50
_ENDS = {
    Move.ACCEPT: WaitEnd.TAKEN,
    Move.STOP_WAITING: WaitEnd.GAVE_UP,
    Move.LEAVE_MESSAGE: WaitEnd.LEFT_MESSAGE,
}


@dataclass(frozen=True, slots=True)
class View:
    """The desk as those who wait see it at one moment."""

    at: datetime
    is_open: bool
    staffing: Staffing
    outlook: Outlook
    calendar: Calendar

    def waiting(self, since: datetime, place: int | None) -> WaitingPart:
        """What somebody at ``place`` is told."""
        shown = self.range_at(since, place) if self.is_open else None
        return WaitingPart(
            desk_open=self.is_open,
            since=since,
            position=place,
            wait_low=None if shown is None else shown.low,
            wait_high=None if shown is None else shown.high,
            opens_at=None if self.is_open else opening_after(self.calendar, self.at),
        )

    def range_at(self, since: datetime, place: int | None) -> WaitRange | None:
        if place is None:
            return None
        found = self.outlook.of(place, waited=_since(self.at, since))
        closing = self.calendar.open_until(self.at)
        # Whose turn comes after closing time is not told that it comes.
        late = found is not None and closing is not None and found.low > (closing - self.at).total_seconds()
        return None if late else found


def _since(at: datetime, since: datetime) -> float:
    """Seconds; none when the clock was set back meanwhile."""
    return max(0.0, (at - since).total_seconds())


async def view(parts: DeskParts, tx: Transaction, standings: Sequence[Standing]) -> View:
    """A few queries, whatever the length of the queue."""
    at = parts.clock.now()
    able = {s.agent.id: s for s in standings if s.here and s.agent.availability == "online"}
    ages = [_since(at, since) for agent, since in await tx.waits.held_since() if agent in able]
    free = sum(max(0, s.room) // parts.policy.matching.heaviest for s in able.values())
    staffing = Staffing(free, tuple(ages), len(able))
    past = await parts.lately.past(tx, parts.clock.monotonic())
    return View(at, desk_open(standings), staffing, Outlook(staffing, past), parts.calendars.usual)


async def waiting_part(parts: DeskParts, tx: Transaction, now: Conversation) -> WaitingPart | None:
    """What a waiting customer is told; None for one who does not wait."""
    if now.control is not Control.OFFERED or now.waiting_since is None:
        return None
    seen = await view(parts, tx, await parts.standings(tx))
    return seen.waiting(now.waiting_since, await tx.offers.position(now.id))


async def keep_track(tx: Transaction, verb: Move, earlier: Conversation, at: datetime) -> None:
    """Control moves on from ``earlier``: a wait ends, or the person who took one is done."""
    if earlier.control is Control.OFFERED:
        await tx.waits.end(earlier.id, earlier.epoch, at, _ENDS.get(verb, WaitEnd.OTHERWISE))
    elif earlier.control is Control.HUMAN:
        # The stretch before a person's began with the wait, if there was one.
        await tx.waits.release(earlier.id, earlier.epoch - 1, at)


async def first_shown(
    parts: DeskParts, tx: Transaction, now: Conversation, standings: Sequence[Standing]
) -> WaitingPart | None:
    """As `waiting_part`, for a wait that begins now: the prediction is kept."""
    if now.control is not Control.OFFERED or now.waiting_since is None:
        return None
    seen = await view(parts, tx, standings)
    place = await tx.offers.position(now.id)
    told = seen.waiting(now.waiting_since, place)
    low, high = told.wait_low, told.wait_high
    predicted = None if low is None or high is None else WaitRange(low, high)
    began = Wait(now.id, now.epoch, seen.at, place, seen.staffing.free, predicted, told.opens_at)
    await tx.waits.begin(began)
    return told


async def news(parts: DeskParts, tx: Transaction) -> list[Told]:
    """For each of the first in line, who is there and what their place is now."""
    line = await tx.waits.in_line(FIRST_IN_LINE)
    if not line:
        return []
    seen = await view(parts, tx, await parts.standings(tx))
    found = []
    for place, one in enumerate(line, start=1):
        frame = ControlFrame(control=Control.OFFERED, epoch=one.epoch, waiting=seen.waiting(one.since, place))
        found.append(screens.told(screens.customer_topic(one.conversation), frame, one.feed))
    return found


def moves_line(earlier: Conversation, now: Conversation) -> bool:
    """Does this change matter to others in line: somebody left it, came into it, or a person has room again."""
    return earlier.epoch != now.epoch and {earlier.control, now.control} & {Control.OFFERED, Control.HUMAN} != set()


async def line_moved(parts: DeskParts) -> None:
    """The queue moved, and that is committed: tell those in line."""

    async def tell() -> None:
        async with parts.records.reading() as tx:
            found = await news(parts, tx)
        for told in found:
            await parts.live.publish(told)

    try:
        await parts.line.tell(tell)
    except Unavailable as error:
        # What moved it is done; those in line see the rest when their screens next look.
        log.warning("those in line were not told", error=str(error))


def who_comes(parts: DeskParts, standings: Sequence[Standing], *, passing: bool) -> str:
    """The end of a handover's notice: what happens next, and nothing that may not be true. ``passing`` as in offers."""
    words = parts.policy.words
    if not desk_open(standings):
        return closed_words(parts) or words.nobody_here
    weight = parts.policy.matching.heaviest
    free = any(s.here and s.agent.availability == "online" and s.room >= weight for s in standings)
    return " ".join(filter(None, (words.passing_on if passing else "", words.soon if free else words.in_line)))


def closed_words(parts: DeskParts) -> str | None:
    """Nobody is at the desk by plan: when somebody is; None while the calendar says open, or never again."""
    when = opens(parts)
    return None if when is None else parts.policy.words.closed.replace("{when}", when)


def message_left_words(parts: DeskParts, email: str) -> str:
    """What somebody reads who left an address; with the next opening while the calendar says closed."""
    words: WordSettings = parts.policy.words
    when = opens(parts)
    text = words.message_left if when is None else words.message_left_closed.replace("{when}", when)
    return text.replace("{email}", email)


def opens(parts: DeskParts) -> str | None:
    """The next opening in words, in the desk's own time: "Monday, 7 December at 09:00 (Berlin time)"."""
    calendar = parts.calendars.usual
    at = opening_after(calendar, parts.clock.now())
    if at is None:
        return None
    local = at.astimezone(calendar.zone)
    place = calendar.zone.key.rpartition("/")[2].replace("_", " ")
    return f"{local:%A}, {local.day} {local:%B} at {local:%H:%M} ({place if place == 'UTC' else f'{place} time'})"


def opening_after(calendar: Calendar, at: datetime) -> datetime | None:
    """The next opening while the calendar says closed; None while it says open."""
    opening = calendar.next_opening(at)
    return None if opening is None or opening == at else opening
