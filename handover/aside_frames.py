"""Frames of what is said beside a conversation: private notes, and words nobody has said. For agents only."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from handover.agent_parts import AgentPart
from handover.frames import CitationPart, Frame, Offset


class NoteFrame(Frame):
    type: Literal["note"] = "note"
    conversation: str
    id: str
    author: AgentPart
    text: str
    at: datetime
    after_offset: Offset
    client_id: str | None = None


class DraftFrame(Frame):
    """Words nobody said: a suggestion, or a bot reply that came too late. For agents only."""

    type: Literal["draft"] = "draft"
    conversation: str
    text: str
    citations: tuple[CitationPart, ...] = ()
    origin: Literal["suggestion", "late_reply", "rewrite"] = "suggestion"
    at: datetime
