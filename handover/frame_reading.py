"""What a raw frame says, or why it says nothing; and every refusal as a frame, in the one error shape."""

from __future__ import annotations

import json
import re
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from handover.errors import BadInput, StaleView, SwitchboardError, TooLarge
from handover.frames import EntryFrame, ErrorFrame, Frame

F = TypeVar("F", bound=Frame)

# An escaped NUL in JSON text. No customer types one and PostgreSQL stores none.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class BinaryFrame(BadInput):
    """A frame of bytes where JSON text is spoken."""

    close_code = 1003


def parse_frame(parser: TypeAdapter[F], raw: str) -> F:
    """The frame in ``raw``. Raises BadInput, which names the field that is wrong but never repeats its value.

    A text that is too long is TooLarge, so that a page can say so in its own words.
    """
    if _NUL.search(raw):
        raise BadInput("A frame may not hold the NUL character.")
    try:
        return parser.validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        # A union puts the chosen type first in the location: "say.text" is what a reader wants to see.
        where = ".".join(str(part) for part in first["loc"]) or "frame"
        what = TooLarge if first["type"] == "string_too_long" else BadInput
        raise what(f"{where}: {first['msg']}", detail={"field": where}) from None


def error_frame(error: SwitchboardError, raw: str = "") -> ErrorFrame:
    """The one error shape as a frame; names the refused frame's ``client_id`` and ``conversation`` if it had them."""
    missed = None
    if isinstance(error, StaleView):
        missed = tuple(EntryFrame.of(entry, for_agents=True) for entry in getattr(error, "missed", ()))
    return ErrorFrame(
        code=error.code,
        message=error.message,
        detail=error.detail,
        retry_after=error.retry_after,
        client_id=_named(raw, "client_id"),
        conversation=_named(raw, "conversation"),
        missed=missed,
    )


def _named(raw: str, key: str) -> str | None:
    try:
        value = json.loads(raw).get(key)
    except (ValueError, AttributeError, RecursionError):
        return None
    if not isinstance(value, str) or not 0 < len(value) <= 80:
        return None
    return value if value.isprintable() else None  # a lone surrogate could not be sent back
