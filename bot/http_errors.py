"""The one error shape over HTTP: whatever goes wrong, a caller reads ``{code, message, detail?}``."""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handover.errors import BadInput, SwitchboardError, TooLarge, TooMany
from handover.meters import Meters

log = structlog.get_logger(__name__)

# Codes for what the framework itself refuses, by HTTP status.
_CODES = {
    400: "bad_input",
    401: "not_signed_in",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
}
_SENTENCES = {
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
}


def answer(error: SwitchboardError) -> JSONResponse:
    """``error`` as an HTTP answer; a limit also names the seconds in ``Retry-After``."""
    headers = {"cache-control": "no-store"}
    if isinstance(error, TooMany):
        headers["retry-after"] = str(max(1, round(error.retry_after)))
    return JSONResponse(error.as_dict(), status_code=error.http_status, headers=headers)


def install(app: FastAPI, *, meters: Meters, max_body: int) -> None:
    """Make every refusal of ``app`` answer in the one shape, and refuse bodies of more than ``max_body`` bytes."""
    app.add_exception_handler(SwitchboardError, _refused)
    app.add_exception_handler(RequestValidationError, _unparsable)
    app.add_exception_handler(HTTPException, _from_framework)
    app.add_exception_handler(Exception, _unexpected)
    app.add_middleware(BodyLimit, max_body=max_body)
    app.add_middleware(CountResponses, meters=meters)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SwitchboardError)
    return answer(error)


async def _unparsable(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    # Where and why, never what: a body may hold a password.
    problems = [
        {"field": ".".join(str(part) for part in one["loc"]), "problem": str(one["msg"])} for one in error.errors()
    ]
    message = "; ".join(f"{one['field']}: {one['problem']}" for one in problems[:3])
    return answer(BadInput(message, detail={"problems": problems[:20]}))


async def _from_framework(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    body: dict[str, Any] = {
        "code": _CODES.get(error.status_code, "bad_input" if error.status_code < 500 else "internal"),
        "message": _SENTENCES.get(error.status_code, str(error.detail)),
    }
    return JSONResponse(body, status_code=error.status_code, headers=error.headers)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    # The server logs the traceback itself; callers learn nothing of our insides.
    return JSONResponse({"code": "internal", "message": "Something went wrong here. It has been logged."}, 500)


# Addresses that read their bodies themselves, within limits of their own: a platform's webhook may have megabytes.
_OWN_LIMITS = "/webhooks/"


class BodyLimit:
    """Refuses a request whose body is longer than ``max_body`` bytes, before it is held in memory."""

    def __init__(self, app: ASGIApp, *, max_body: int) -> None:
        self._app = app
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_OWN_LIMITS):
            await self._app(scope, receive, send)
            return
        too_large = TooLarge(f"A request may have at most {self._max_body} bytes.")
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length) > self._max_body:
            await answer(too_large)(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._max_body:
                raise HTTPException(too_large.http_status, too_large.message)
            return message

        await self._app(scope, counted, send)


class CountResponses:
    """Counts HTTP answers by status class for ``/metrics``."""

    def __init__(self, app: ASGIApp, *, meters: Meters) -> None:
        self._app = app
        self._responses = meters.responses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._responses.labels(f"{message['status'] // 100}xx").inc()
            await send(message)

        await self._app(scope, receive, counted)
