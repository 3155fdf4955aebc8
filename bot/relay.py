"""The path of a message: record it, see who has control, wake the bot's turn. Read `Relay.customer_says` first."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from bot.admission import Admission
from bot.buttons import ASK_FOR_HUMAN, RESERVED, STOP_WAITING, verify
from bot.dialogue import Dialogue
from bot.one_turn import OneTurn
from bot.relay_settings import RelaySettings
from bot.repeats import Repeats
from bot.tracing import Traces
from bot.turn_meters import TurnMeters
from bot.turns import Turns
from bot.watchdog import Watchdog
from handover.backends.alone import EmbeddedLives
from handover.conversation import Control
from handover.desk import CustomerMessage, Desk, Recorded
from handover.entries import ConversationId
from handover.errors import SwitchboardError
from handover.ports import Clock, Lives
from handover.topics import load_topics

log = logging.getLogger(__name__)

__all__ = ["Relay", "RelaySettings"]


class Relay:
    """One per process; any number of processes may share a record. ``secret`` signs the buttons.

    ``alone`` and ``lives``: which other processes work on the record (see `handover.backends.Backends`).
    """

    def __init__(
        self,
        desk: Desk,
        dialogue: Dialogue,
        *,
        settings: RelaySettings,
        clock: Clock,
        repeats: Repeats,
        secret: bytes,
        alone: bool = False,
        lives: Lives | None = None,
        meters: TurnMeters | None = None,
        traces: Traces | None = None,
    ) -> None:
        lives = lives or EmbeddedLives()
        meters = meters or TurnMeters(clock)
        topics = load_topics()
        self._desk = desk
        self._secret = secret
        self._owner = lives.owner
        self._turn = OneTurn(
            desk, dialogue, settings=settings, clock=clock, repeats=repeats, topics=topics, secret=secret,
            owner=self._owner, meters=meters, traces=traces,
        )  # fmt: skip
        self._turns = Turns(self._turn, settings=settings, clock=clock)
        self._admission = Admission(
            self._turns,
            desk.reading.needs_a_turn,
            longest=settings.turns_waiting_seconds,
            topics=topics,
            clock=clock,
            refused=meters.put_off,
        )
        self._watchdog = Watchdog(
            desk.bot, self._turns, lives=lives, clock=clock, alone=alone,
            every=settings.watch_every, forgotten_after=settings.forgotten_after,
        )  # fmt: skip

    async def admit(self, conversation: ConversationId, said: CustomerMessage, *, shown_bot: bool = False) -> None:
        """To be asked before `customer_says`: raises Busy when the bot could not answer ``said`` soon.

        ``shown_bot``: the customer's page shows that the bot has control.
        """
        await self._admission.admit(conversation, said, shown_bot=shown_bot)

    async def customer_says(self, conversation: ConversationId, said: CustomerMessage) -> Recorded:
        """Record the customer's words; when this returns they are durable, and the answer is on its way.

        Raises BadInput for a button that is not of this conversation, NotFound, Unavailable.
        """
        button = None if said.payload is None else verify(self._secret, conversation, said.payload)
        with self._turns.coming():
            recorded = await self._recorded(conversation, said, button)
        if button == ASK_FOR_HUMAN:
            moved = await self._desk.customers.ask_for_human(conversation, said.client_id)
            return replace(recorded, conversation=moved)
        if button == STOP_WAITING:
            moved = await self._desk.customers.stop_waiting(conversation, said.client_id)
            return replace(recorded, conversation=moved)
        if recorded.conversation.control is Control.BOT and not recorded.duplicate and recorded.begun is None:
            self._turns.said(conversation, said.text, button=button is not None)
        return recorded

    async def _recorded(self, conversation: ConversationId, said: CustomerMessage, button: str | None) -> Recorded:
        """The words in the record; their turn begins in the same transaction when it would follow at once anyway."""
        customers = self._desk.customers
        answered = said.answer_due and button not in RESERVED
        if not answered or not await self._turns.reserve(conversation, said.text, button=button is not None):
            return await customers.record_customer_message(conversation, said)
        try:
            recorded = await customers.record_customer_message(conversation, said, lease=self._turn.lease)
        except BaseException:
            self._turns.lost(conversation)
            raise
        self._turns.begun(conversation, recorded.begun)
        return recorded

    @property
    def at_work(self) -> int:
        """How many conversations the bot is answering now."""
        return self._turns.at_work

    @property
    def waiting(self) -> int:
        """How many of them wait for their turn."""
        return self._turns.waiting

    @property
    def wait(self) -> float:
        """Seconds that one more would wait."""
        return self._turns.wait

    def customer_types(self, conversation: ConversationId) -> None:
        """The customer is writing more: the bot waits a little longer for it."""
        self._turns.typed(conversation)

    async def run(self) -> None:
        """Turns and watchdog, until it is cancelled; words left from before are taken up by the first look."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._turns.run())
                group.create_task(self._watchdog.run())
        finally:
            await self._release()

    async def _release(self) -> None:
        """Turns cut off at the end are nobody's now: the next start takes their words up at once."""
        try:
            await self._desk.bot.release_turns(self._owner)
        except SwitchboardError:
            log.exception("turns could not be released; their leases will end")
