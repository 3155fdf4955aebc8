"""How a turn of the bot ends in the record: its reply said, withheld or left as a draft, and its decision kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from handover import screens
from handover.conversation import Conversation
from handover.desk_change import Change
from handover.desk_offers import make_offer
from handover.entries import Author, AuthorKind, Button, Entry
from handover.evidence import Decision, Evidence, Outcome, Reason, Reply, TurnReport
from handover.policy import withholds_reply
from handover.stored import Draft, StoredDecision, Turn, TurnState

BOT = "bot"
ASK_FOR_HUMAN = "ask_for_human"


@dataclass(frozen=True, slots=True)
class TurnEnd:
    """How a turn ended. ``entry`` is the bot's line when one was said."""

    outcome: Literal["committed", "superseded", "fenced"]
    entry: Entry | None
    conversation: Conversation


async def end_late(work: Change, turn: Turn, reply: Reply | None) -> TurnEnd:
    """A turn that lost. Asked again after a commit whose answer got lost, it gives the first answer."""
    now = work.conversation
    if turn.state is TurnState.COMMITTED:
        said = []
        if turn.entry_offset is not None:
            said = await work.tx.entries.after(now.id, turn.entry_offset - 1, 1)
        return TurnEnd("committed", said[0] if said else None, now)
    if turn.state is TurnState.SUPERSEDED:
        return TurnEnd("superseded", None, now)
    await work.tx.turns.end(turn.id, TurnState.FENCED)
    if reply is not None and reply.text:
        await _keep_draft(work, turn, reply)
    return TurnEnd("fenced", None, now)


async def _keep_draft(work: Change, turn: Turn, reply: Reply) -> None:
    draft = Draft(work.conversation.id, reply.text, work.at, reply.citations, "late_reply")
    if await work.tx.asides.add_draft(draft, turn.id):
        work.tell_desk(screens.draft_frame(draft))


async def commit(work: Change, turn: Turn, reply: Reply | None, decision: Decision, report: TurnReport) -> Entry | None:
    if (reply is None or not reply.text) and decision.outcome is not Outcome.HAND_OVER:
        decision = Decision(Outcome.HAND_OVER, Reason.BOT_FAILED, "The bot had no answer.")
    words = work.parts.policy.words
    entry = None
    if reply is not None and reply.text:
        if withholds_reply(decision, report.evidence):
            await _keep_draft(work, turn, reply)
        else:
            offered = (Button(words.talk_to_person, ASK_FOR_HUMAN),) if decision.outcome is Outcome.OFFER else ()
            author = Author(AuthorKind.BOT, words.bot_name)
            buttons = (*reply.buttons, *offered)
            entry = await work.append(author, reply.text, buttons=buttons, citations=reply.citations)
    offset = None if entry is None else entry.offset
    await work.tx.turns.end(turn.id, TurnState.COMMITTED, offset)
    await work.tx.turns.keep_decision(_stored(work, turn, decision, report, offset))
    evidence = report.evidence
    work.row = replace(
        work.row,
        answered=turn.last_offset,
        fallbacks=work.row.fallbacks + 1 if evidence.fallback else 0,
        lacking=work.row.lacking + 1 if evidence.needs == "knowledge" else 0,
    )
    if decision.outcome is Outcome.HAND_OVER:
        why, promised = _why(work, decision, evidence, entry)
        await make_offer(work, decision, BOT, why=why, passing=not promised)
    return entry


def _why(work: Change, decision: Decision, evidence: Evidence, entry: Entry | None) -> tuple[str | None, bool]:
    """What the notice says of the reason, None for the policy's words; and whether the bot promised a person itself."""
    if entry is not None:  # what the bot has said leads over to the person
        return "", evidence.reply_promises_transfer
    topic = evidence.topics[0] if decision.reason is Reason.TOPIC and evidence.topics else ""
    return work.parts.policy.words.why_topic.get(topic), False


def _stored(work: Change, turn: Turn, decision: Decision, report: TurnReport, offset: int | None) -> StoredDecision:
    return StoredDecision(
        turn=turn.id,
        conversation=turn.conversation,
        epoch=turn.epoch,
        first_offset=turn.first_offset,
        last_offset=turn.last_offset,
        evidence=report.evidence,
        decision=decision,
        slots=dict(report.slots),
        actions=report.actions,
        seconds=report.seconds,
        at=work.at,
        entry_offset=offset,
    )
