"""Every refusal the service can give, each with its code, HTTP status and websocket close code.

    SwitchboardError
        BadInput                 the caller sent something that does not parse
            TooLarge             ... or more than we read
        NotSignedIn              no valid cookie, bearer or visitor token
        Forbidden                signed in, but not for this
            NotYours             another agent (or another customer) has it
        NotFound
        TooMany                  a limit; carries retry_after in seconds
        IllegalMove              the conversation is not in a state that allows it
            Taken                somebody else won; detail names who
            ReplyLate            the first reply did not come; the conversation was offered to others
            Fenced               the epoch moved on; what was tried has no effect
        StaleView                the agent had not seen the latest entries; carries them
        FellBehind               too slow for its queue, or to say hello; connect again, resume by offset
        AlreadyThere             a unique thing exists: a resend, or a race that was lost
        Unavailable              something we need is down; try again later
        Busy                     more than can be answered soon; nothing was kept; carries retry_after in seconds
        Moving                   this process stops; another one serves the same record: connect again

The one shape on the wire is ``{code, message, detail?}``.
"""

from __future__ import annotations

from typing import Any

from handover.entries import Entry


class SwitchboardError(Exception):
    """Base of every error a customer, an agent or a caller may be shown."""

    code = "internal"
    http_status = 500
    close_code = 1011
    retry_after: float | None = None  # seconds, where waiting helps

    def __init__(self, message: str, *, detail: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail

    def as_dict(self) -> dict[str, Any]:
        """The canonical error object; ``detail`` is left out when there is none."""
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.detail is not None:
            body["detail"] = self.detail
        return body


class BadInput(SwitchboardError):
    code = "bad_input"
    http_status = 400
    close_code = 1007


class TooLarge(BadInput):
    code = "too_large"
    http_status = 413
    close_code = 1009


class NotSignedIn(SwitchboardError):
    code = "not_signed_in"
    http_status = 401
    close_code = 4401


class Forbidden(SwitchboardError):
    code = "forbidden"
    http_status = 403
    close_code = 4403


class NotYours(Forbidden):
    code = "not_yours"


class NotFound(SwitchboardError):
    code = "not_found"
    http_status = 404
    close_code = 4404


class TooMany(SwitchboardError):
    code = "too_many"
    http_status = 429
    close_code = 1008
    retry_after: float

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message, detail={"retry_after": retry_after})
        self.retry_after = retry_after


class IllegalMove(SwitchboardError):
    code = "illegal_move"
    http_status = 409
    close_code = 4409


class Taken(IllegalMove):
    code = "taken"


class ReplyLate(IllegalMove):
    code = "reply_late"


class Fenced(IllegalMove):
    code = "fenced"


class StaleView(SwitchboardError):
    """``missed`` are the entries the agent had not seen, oldest first."""

    code = "stale_view"
    http_status = 409
    close_code = 4409

    def __init__(self, message: str, *, missed: tuple[Entry, ...], last_offset: int) -> None:
        super().__init__(message, detail={"last_offset": last_offset})
        self.missed = missed


class FellBehind(SwitchboardError):
    code = "fell_behind"
    http_status = 503
    close_code = 4408


class Unavailable(SwitchboardError):
    code = "unavailable"
    http_status = 503
    close_code = 1013


class Busy(SwitchboardError):
    """So many wait for the bot that this was not recorded: send the same again after ``retry_after`` seconds."""

    code = "busy"
    http_status = 503
    close_code = 1013
    retry_after: float

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message, detail={"retry_after": retry_after})
        self.retry_after = retry_after


class Moving(SwitchboardError):
    """The process stops; ``retry_after`` is a small random wait that spreads those who connect again."""

    code = "moving"
    http_status = 503
    close_code = 1012

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class AlreadyThere(SwitchboardError):
    """A unique thing exists: a resend, or a race that was lost."""

    code = "already_there"
    http_status = 409
    close_code = 4409
