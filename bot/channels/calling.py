"""Calls a platform: one HTTP client for all of them, each under its own base URL. Addresses are never logged.

An answer is an `Answer` whatever it says; without one it is told whether the request may have got there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx2

from bot.certificates import authorities
from bot.channels.channel import Answer, Call, Unanswered

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0
_MOST_ANSWER = 1024 * 1024  # bytes; what platforms answer to a send is a few hundred


class Caller:
    """``bases``: the base URL for each `Call.base`. Close it, or use it as an async context manager."""

    def __init__(self, bases: Mapping[str, str], *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._bases = {name: url.rstrip("/") for name, url in bases.items()}
        self._client = httpx2.AsyncClient(
            transport=transport,
            verify=authorities(from_environment=True),
            follow_redirects=False,  # a send must not be repeated elsewhere
            timeout=httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx2.Limits(max_connections=100, max_keepalive_connections=50),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def call(self, call: Call) -> Answer | Unanswered:
        """What the platform answers. Never raises for what it, or the network, does."""
        base = self._bases.get(call.base)
        if base is None:
            return Unanswered(written=False, why=f"No address is configured for {call.base}.")
        try:
            request = self._client.build_request(
                call.method,
                base + call.path,
                json=call.json,
                data=None if call.form is None else dict(call.form),
                headers=dict(call.headers),
            )
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, UnicodeError, TypeError, ValueError) as why:
            return Unanswered(written=False, why=f"The request could not be made: {type(why).__name__}.")
        try:
            return await self._answer(request)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol) as why:
            return Unanswered(written=False, why=type(why).__name__)
        except httpx2.HTTPError as why:
            return Unanswered(written=True, why=type(why).__name__)

    async def _answer(self, request: httpx2.Request) -> Answer:
        response = await self._client.send(request, stream=True)
        body = bytearray()
        try:
            async for piece in response.aiter_bytes():
                body += piece[: _MOST_ANSWER - len(body)]
                if len(body) >= _MOST_ANSWER:
                    break
        finally:
            await response.aclose()
        headers = {name.lower(): value for name, value in response.headers.items()}
        text = bytes(body).decode("utf-8", errors="replace")
        return Answer(response.status_code, headers, _json(text), text)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
