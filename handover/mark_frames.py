"""The agents' frame of what is known of a line beside its words."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from handover.frames import Frame, Offset
from handover.outcomes import DeliveryState
from handover.record_ports_marks import EntryMark


class MediaPart(Frame):
    """A file that came with a line: ``id`` is for ``GET /api/v1/media/{id}`` once its state is ``here``."""

    id: str
    kind: str
    state: Literal["waiting", "here", "refused", "failed"]
    name: str | None = None
    media_type: str | None = None
    size: int | None = None
    why: str | None = None


class EntryMarkFrame(Frame):
    """A whole state, not a change: the one with the highest ``version`` wins.

    ``text`` and ``html`` are set when the words are no longer those of the entry; both are empty for a deleted line.
    ``delivery`` is that of a line of ours, ``note`` what the platform said, ``todo`` what a person can do about it.
    ``late``: an older message that came after a newer one. ``reply_to`` is the offset of the line it answers.
    """

    type: Literal["entry_mark"] = "entry_mark"
    conversation: str
    offset: Offset
    version: int
    edited_at: datetime | None = None
    deleted: bool = False
    text: str | None = None
    html: str | None = None
    reactions: tuple[tuple[str, str], ...] = ()
    delivery: DeliveryState | None = None
    note: str | None = None
    todo: str | None = None
    sent_at: datetime | None = None
    late: bool = False
    reply_to: Offset | None = None
    media: tuple[MediaPart, ...] = Field(default=())


def mark_frame(mark: EntryMark, text: str | None = None, html: str | None = None) -> EntryMarkFrame:
    """The frame of ``mark``; ``text`` and ``html`` are the entry's, where they were changed."""
    return EntryMarkFrame(
        conversation=mark.conversation,
        offset=mark.offset,
        version=mark.version,
        edited_at=mark.edited_at,
        deleted=mark.deleted_at is not None,
        text=text,
        html=html,
        reactions=mark.reactions,
        delivery=mark.delivery,
        note=mark.note,
        todo=mark.todo,
        sent_at=mark.sent_at,
        late=mark.late,
        reply_to=mark.reply_to,
        media=tuple(MediaPart.model_validate(one) for one in mark.media),
    )
