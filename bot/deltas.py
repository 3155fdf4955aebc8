"""The service's inner door for the action server: pieces of a reply, when to stop, the fence before a tool acts.

All carry the turn and the epoch they started from; a turn that may no longer speak is answered with 409.
"""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bot.held_requests import HeldRequests
from handover.desk import Desk
from handover.entries import TurnId
from handover.errors import BadInput, Fenced, NotSignedIn, TooLarge

_MAX_BODY = 64 * 1024  # bytes; a piece is a few words
_epoch: TypeAdapter[int] = TypeAdapter(Annotated[int, Field(ge=0, le=2**53)])


class Delta(BaseModel):
    """A piece of a reply; ``seq`` counts the pieces of a turn from 0."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    epoch: Annotated[int, Field(ge=0)]
    seq: Annotated[int, Field(ge=0)]
    text: Annotated[str, Field(max_length=8_000)]


def delta_routes(desk: Desk, token: str, held: HeldRequests) -> APIRouter:
    """The routes under ``/internal/turns``. Raises ValueError for an empty token: it would let anybody in."""
    if not token:
        raise ValueError("INTERNAL_TOKEN must not be empty")
    router = APIRouter(prefix="/internal/turns", include_in_schema=False)

    @router.post("/{turn}/delta", status_code=204)
    async def delta(turn: str, request: Request) -> Response:
        """204: told to the screens that are open. 409: the turn may not speak any more, stop the model."""
        _let_in(request, token)
        piece = await _body(request)
        await desk.bot.publish_delta(TurnId(turn), piece.epoch, piece.text)
        return Response(status_code=204)

    @router.get("/{turn}", status_code=204)
    async def fence(turn: str, request: Request) -> Response:
        """204: a tool of this turn may have its effect. 409: it must not."""
        _let_in(request, token)
        if not await desk.bot.turn_may_act(TurnId(turn), _epoch_of(request)):
            raise Fenced("This turn may not act any more.")
        return Response(status_code=204)

    @router.get("/{turn}/over", status_code=204)
    async def over(turn: str, request: Request) -> Response:
        """Held. 409: the turn may not speak any more, since this moment. 204: it still may, ask again."""
        _let_in(request, token)
        await held.hold(TurnId(turn), _epoch_of(request), request)
        return Response(status_code=204)

    return router


def _let_in(request: Request, token: str) -> None:
    given = request.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        raise NotSignedIn("The internal token is missing or wrong.")


def _epoch_of(request: Request) -> int:
    try:
        return _epoch.validate_strings(request.query_params.get("epoch", ""), strict=True)
    except ValidationError as odd:
        raise BadInput("The epoch must be a whole number.") from odd


async def _body(request: Request) -> Delta:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _MAX_BODY:
            raise TooLarge("A delta is at most 64 KiB.")
    try:
        return Delta.model_validate_json(bytes(body))
    except ValidationError as odd:
        raise BadInput("A delta is {epoch, seq, text}.", detail={"errors": odd.error_count()}) from odd
