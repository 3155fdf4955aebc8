"""One turn of the bot, from the customer's words to its recorded outcome. The story is `OneTurn.take`.

Whatever happens the turn ends in the record: with a reply, with a person, or with the words left to a newer turn.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from bot.buttons import RESERVED, sign_buttons, verify
from bot.deadlines import done_or_told, let_go, within
from bot.dialogue import Dialogue, DialogueFailed, HandBackBrief, Line, TurnRequest, TurnResult
from bot.relay_settings import RelaySettings
from bot.repeats import Repeats
from bot.tracing import Mark, Traces
from bot.turn_meters import TurnMeters
from bot.turns import TurnOutcome
from bot.weighing import weigh
from handover.conversation import Control
from handover.desk import Desk, HandBack, Lease, TurnBrief, TurnEnd
from handover.entries import ConversationId, Entry
from handover.errors import BadInput, Unavailable
from handover.evidence import Reply, TurnReport
from handover.inboxes import channel_of
from handover.policy import decide
from handover.ports import Clock
from handover.topics import Topic

log = structlog.get_logger(__name__)

# So many turns write at once. On SQLite writers queue: words between people never wait behind more turns than these.
_WRITERS = 2


class OneTurn:
    """Takes turns, one call each; keeps nothing between them that matters."""

    def __init__(
        self,
        desk: Desk,
        dialogue: Dialogue,
        *,
        settings: RelaySettings,
        clock: Clock,
        repeats: Repeats,
        topics: tuple[Topic, ...],
        secret: bytes,
        owner: str,
        meters: TurnMeters | None = None,
        traces: Traces | None = None,
    ) -> None:
        self._meters = meters or TurnMeters(clock)
        self._traces = traces or Traces()
        self._desk = desk
        self._dialogue = dialogue
        self._settings = settings
        self._clock = clock
        self._repeats = repeats
        self._topics = topics
        self._secret = secret
        self._owner = owner
        self._writers = asyncio.Semaphore(_WRITERS)

    @property
    def lease(self) -> Lease:
        """For words that are to be recorded together with the beginning of their turn; then `take` is given it."""
        return Lease(self._owner, self._settings.turn_seconds, even_if_newer=self._settings.supersedes <= 0)

    async def release(self, conversation: ConversationId) -> None:
        """End a turn of this process that nobody takes: its words are unanswered again. Raises Unavailable."""
        await self._desk.bot.release(conversation, self._owner)

    async def take(
        self,
        conversation: ConversationId,
        *,
        newer: asyncio.Event,
        even_if_newer: bool,
        overloaded: bool = False,
        begun: TurnBrief | None = None,
    ) -> TurnOutcome | None:
        """Answer what is unanswered; None when nothing is, or when it is not the bot's. Raises Unavailable.

        ``begun``: the turn has begun when the words were recorded.
        """
        brief = begun or await self._begin(conversation, even_if_newer=even_if_newer)
        if brief is None:
            return None
        waited = _waited(brief, self._clock)
        self._meters.took("wait", waited)
        self._desk.attention.writes(brief.conversation)
        with self._traces.turn(_facts(brief, waited)) as mark:
            came = await self._begun(brief, mark, newer, even_if_newer=even_if_newer, overloaded=overloaded)
            mark.note({"switchboard.outcome": came})
        return came

    async def _begin(self, conversation: ConversationId, *, even_if_newer: bool) -> TurnBrief | None:
        async with self._writers:
            return await self._desk.bot.begin_turn(
                conversation, owner=self._owner, seconds=self._settings.turn_seconds, even_if_newer=even_if_newer
            )

    async def _begun(
        self, brief: TurnBrief, mark: Mark, newer: asyncio.Event, *, even_if_newer: bool, overloaded: bool
    ) -> TurnOutcome:
        began = self._clock.monotonic()
        answer: TurnResult | DialogueFailed | None = DialogueFailed("overloaded", "too many turns", retry=False)
        if not overloaded:
            answer = await (self._ask(brief) if even_if_newer else self._ask_unless_newer(brief, newer))
        seconds = self._clock.monotonic() - began
        self._meters.took("dialogue", seconds)
        if answer is None:
            self._meters.ended("superseded")
            return "superseded"
        end = await self._record(brief, answer, seconds, mark, even_if_newer=even_if_newer)
        self._meters.ended(end.outcome)
        now = end.conversation
        more = now.control is Control.BOT and now.last_customer_offset > brief.last_offset
        return "unfinished" if more and end.outcome == "committed" else end.outcome

    async def _record(
        self, brief: TurnBrief, answer: TurnResult | DialogueFailed, seconds: float, mark: Mark, *, even_if_newer: bool
    ) -> TurnEnd:
        policy = self._settings.policy
        with self._meters.timed("weigh"), self._traces.span("weigh"):
            evidence = await weigh(brief, answer, repeats=self._repeats, topics=self._topics, policy=policy)
            decision = decide(evidence, policy)
        self._meters.decided(evidence, decision)
        mark.note({"switchboard.decision": decision.outcome, "switchboard.reason": decision.reason})
        mark.note({"switchboard.intent": evidence.intent, "switchboard.provider": evidence.provider})
        report = TurnReport(evidence, seconds=seconds)
        if isinstance(answer, DialogueFailed):
            mark.failed(answer.kind)
        else:
            self._meters.models.counted("reply", answer.model_calls, answer.fallback_reasons)
            report = TurnReport(evidence, answer.slots, answer.actions, seconds, answer.state)
        reply = self._reply(brief.conversation.id, answer)
        with self._meters.timed("record"), self._traces.span("record"):
            async with self._writers:
                return await self._desk.bot.record_turn(brief, reply, decision, report, even_if_newer=even_if_newer)

    async def _ask_unless_newer(self, brief: TurnBrief, newer: asyncio.Event) -> TurnResult | DialogueFailed | None:
        """None when the customer said more meanwhile: the dialogue was let go, and the turn is over.

        Whoever recorded the newer words, this process or another, a model must not go on writing what nobody will
        read. A turn whose tool acts goes on to its end: the customer is to hear of it.
        """
        asking = asyncio.ensure_future(self._ask(brief))
        try:
            while not asking.done():
                await done_or_told(self._clock, self._settings.glance_every, asking, newer)
                newer.clear()
                if not asking.done() and await self._is_over(brief):
                    return None
            return asking.result()
        finally:
            await let_go(asking)

    async def _is_over(self, brief: TurnBrief) -> bool:
        try:
            may_speak = await self._desk.bot.turn_may_speak(brief.turn, brief.epoch)
            return not may_speak and await self._desk.bot.give_way(brief)
        except Unavailable:
            return False  # the record will be asked at the end of the turn

    async def _ask(self, brief: TurnBrief) -> TurnResult | DialogueFailed:
        """The dialogue's answer, asked a second time when that may help and there is time."""
        request = self._request(brief)
        attempt = 1
        while True:
            try:
                with self._traces.span("dialogue", {"switchboard.attempt": attempt}) as mark:
                    return await self._once(request, mark)
            except DialogueFailed as failed:
                self._meters.failed(failed.kind)
                log.warning(
                    "dialogue_failed", turn=brief.turn, conversation=brief.conversation.id, attempt=attempt,
                    kind=failed.kind, why=str(failed),
                )  # fmt: skip
                if attempt > 1 or not failed.retry or self._left(request) < self._settings.retry_needs:
                    return failed
            attempt += 1

    async def _once(self, request: TurnRequest, mark: Mark) -> TurnResult:
        """Raises DialogueFailed, also for the time limit and for faults of the dialogue itself."""
        try:
            return await within(self._clock, self._left(request), self._dialogue.next_turn(request))
        except DialogueFailed as failed:
            mark.failed(failed.kind)
            raise
        except TimeoutError as slow:
            mark.failed("timeout")
            raise DialogueFailed("timeout", "The dialogue did not answer in time.", retry=False) from slow
        except Exception as fault:
            mark.failed("broken")
            log.exception("dialogue_broke", turn=request.turn)
            raise DialogueFailed("broken", "The dialogue broke.", retry=False) from fault

    def _request(self, brief: TurnBrief) -> TurnRequest:
        conversation = brief.conversation.id
        profile = {"name": brief.customer.name, **brief.customer.profile}
        return TurnRequest(
            conversation=conversation,
            turn=brief.turn,
            epoch=brief.epoch,
            text=brief.text,
            deadline=brief.deadline - timedelta(seconds=self._settings.reserve),
            intent=self._command(brief),
            history=tuple(_line(entry) for entry in brief.history),
            hand_back=_hand_back(brief.hand_back),
            customer={name: profile[name] or "" for name in self._settings.profile_fields if profile.get(name)},
            channel=brief.conversation.inbox,
            language=self._settings.language,
            state=brief.dialogue,
            people=brief.untold,
        )

    def _command(self, brief: TurnBrief) -> str | None:
        """The command of the button that was pressed last; None for words, and for a payload that is no command."""
        if brief.payload is None or brief.payload in RESERVED:
            return None
        try:
            payload = verify(self._secret, brief.conversation.id, brief.payload)
        except BadInput:  # signed with a secret that has been changed since: the words on the button remain
            return None
        return payload if payload.startswith("/") else None

    def _left(self, request: TurnRequest) -> float:
        return max(0.0, (request.deadline - self._clock.now()).total_seconds())

    def _reply(self, conversation: ConversationId, answer: TurnResult | DialogueFailed) -> Reply | None:
        if isinstance(answer, DialogueFailed) or not answer.text:
            return None  # the desk says that something went wrong, and asks people
        return Reply(answer.text, sign_buttons(self._secret, conversation, answer.buttons), answer.citations)


def _facts(brief: TurnBrief, waited: float) -> dict[str, str | int | float]:
    """What a trace says of a turn from its beginning on."""
    return {
        "switchboard.conversation": brief.conversation.id,
        "switchboard.turn": brief.turn,
        "switchboard.epoch": brief.epoch,
        "switchboard.channel": channel_of(brief.conversation.inbox),
        "switchboard.waited_seconds": round(waited, 3),
    }


def _waited(brief: TurnBrief, clock: Clock) -> float:
    """Seconds since the first of the words that the turn answers."""
    said = next((entry.at for entry in brief.history if entry.offset >= brief.first_offset), None)
    return 0.0 if said is None else (clock.now() - said).total_seconds()


def _hand_back(back: HandBack | None) -> HandBackBrief | None:
    if back is None:
        return None
    return HandBackBrief(back.agent, back.outcome, back.open_promises, back.leave_alone, back.at)


def _line(entry: Entry) -> Line:
    return Line(entry.offset, entry.author.kind.value, entry.author.name, entry.text, entry.at)
