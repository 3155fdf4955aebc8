"""How a turn of the bot begins in the record: the customer's unanswered words leased, and what the turn may know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from handover.conversation import Control, Conversation
from handover.desk_parts import DeskParts, new_id
from handover.entries import AuthorKind, Entry, TurnId
from handover.ports import Transaction
from handover.stored import ConversationRow, Customer, HandBack, Turn


@dataclass(frozen=True, slots=True)
class Lease:
    """Who wants a turn, and for how many seconds. A newer message silences it, unless ``even_if_newer``."""

    owner: str
    seconds: float
    even_if_newer: bool = False


@dataclass(frozen=True, slots=True)
class TurnBrief:
    """What one turn is to answer, and what it may know. Offsets are of the customer's words it covers.

    ``dialogue`` is where the dialogue stood after the last turn that counted, as `TurnReport` left it; turns that
    came to nothing are not in it.
    """

    turn: TurnId
    conversation: Conversation
    epoch: int
    text: str
    payload: str | None
    first_offset: int
    last_offset: int
    deadline: datetime
    history: tuple[Entry, ...]
    stretch_texts: tuple[str, ...]
    fallbacks_before: int
    hand_back: HandBack | None
    untold: tuple[Entry, ...]
    customer: Customer
    started_at: datetime
    lacking_before: int = 0
    dialogue: Mapping[str, Any] | None = None


async def begin(parts: DeskParts, tx: Transaction, row: ConversationRow, lease: Lease) -> TurnBrief | None:
    """Lease the unanswered words of ``row``, which is locked in ``tx``.

    None when the conversation is not the bot's, nothing is unanswered, or another turn has them.
    """
    now = row.conversation
    if now.control is not Control.BOT or now.last_customer_offset <= row.answered:
        return None
    # Long enough to hold every unanswered word, however many lines came since.
    enough = max(parts.policy.turns.stretch_entries, now.last_offset - row.answered)
    under_way, dialogue, window = await tx.turns.to_begin(now.id, now.last_offset + 1, enough)
    if under_way is not None:
        return None
    burst = [e for e in window if e.offset > row.answered and e.author.kind is AuthorKind.CUSTOMER]
    at = parts.clock.now()
    turn = Turn(
        id=TurnId(new_id()),
        conversation=now.id,
        epoch=now.epoch,
        owner=lease.owner,
        first_offset=burst[0].offset,
        last_offset=burst[-1].offset,
        started_at=at,
        deadline=at + timedelta(seconds=lease.seconds),
        yields=not lease.even_if_newer,
    )
    await tx.turns.insert(turn)
    return replace(await _brief(parts, tx, row, turn, window, burst), dialogue=dialogue)


async def _brief(
    parts: DeskParts, tx: Transaction, row: ConversationRow, turn: Turn, window: list[Entry], burst: list[Entry]
) -> TurnBrief:
    hand_backs = await tx.asides.hand_backs(turn.conversation) if turn.epoch > 1 else []
    # Agents' lines the tracker lacks may lie further back than the window after a long stretch.
    untold = await tx.entries.after(turn.conversation, row.told, 200) if turn.epoch > 1 else []
    earlier = [
        e for e in window if e.author.kind is AuthorKind.CUSTOMER and row.stretch_start < e.offset < turn.first_offset
    ]
    history = [e for e in window if e.offset <= turn.last_offset]
    return TurnBrief(
        turn=turn.id,
        conversation=row.conversation,
        epoch=turn.epoch,
        text="\n".join(e.text for e in burst),
        payload=burst[-1].payload,
        first_offset=turn.first_offset,
        last_offset=turn.last_offset,
        deadline=turn.deadline,
        history=tuple(history[-parts.policy.turns.history_entries :]),
        stretch_texts=tuple(e.text for e in earlier),
        fallbacks_before=row.fallbacks,
        lacking_before=row.lacking,
        hand_back=hand_backs[-1] if hand_backs else None,
        untold=tuple(e for e in untold if e.author.kind is AuthorKind.AGENT),
        customer=row.customer,
        started_at=turn.started_at,
    )
