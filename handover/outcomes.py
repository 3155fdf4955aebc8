"""What may come of handing a line to a platform: one set of words for all channels. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How a send ended, as far as can be told. The value is kept in the record and shown to agents."""

    SENT = "sent"  # the platform has it
    RETRY_AFTER = "retry_after"  # not taken; the platform said when to come again
    RETRY = "retry"  # not taken; come again with growing pauses
    UNKNOWN = "unknown"  # it may have been taken: never sent again blindly
    FINAL_MESSAGE = "final_message"  # this line will never be taken
    FINAL_WINDOW = "final_window"  # too long since the person wrote
    FINAL_PERSON = "final_person"  # this person cannot be reached: blocked, gone, opted out
    FINAL_THREAD = "final_thread"  # another app has the conversation
    FINAL_ACCOUNT = "final_account"  # our own access is broken: the whole inbox stops


@dataclass(frozen=True, slots=True)
class SendResult:
    """The outcome of one part of a line.

    ``provider_id`` is the platform's own id of what it took. ``retry_after`` is in seconds. ``note`` says what the
    platform answered and ``todo`` what a person can do about it, both in words an agent understands, without secrets.
    ``growth``: each pause of a RETRY is that many times the one before; the first is a second.
    """

    outcome: Outcome
    provider_id: str | None = None
    retry_after: float | None = None
    note: str = ""
    todo: str = ""
    growth: float = 2.0


class DeliveryState(StrEnum):
    """Where a line is on its way to the customer. Only moves forward; see `forward`."""

    QUEUED = "queued"
    SENT = "sent"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


_RANK = {
    DeliveryState.QUEUED: 0,
    DeliveryState.UNKNOWN: 1,
    DeliveryState.SENT: 2,
    DeliveryState.FAILED: 3,
    DeliveryState.DELIVERED: 4,
    DeliveryState.READ: 5,
}


def forward(now: DeliveryState, told: DeliveryState) -> DeliveryState:
    """The state after hearing ``told``: reports come in any order and twice, and none takes anything back.

    A line that was delivered or read did not fail, whatever arrives later.
    """
    return told if _RANK[told] > _RANK[now] else now
