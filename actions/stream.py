"""Sends a reply's pieces to the service while it is written; learns from a 409 that the turn may no longer speak.

Beside the pieces one request waits at the service for that 409, so that a takeover needs no next piece to be heard of.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

import httpx2

_SECONDS = 3.0
# The service holds a request for 25 s; one that says nothing for longer is gone.
_HELD = httpx2.Timeout(_SECONDS, read=40.0)
_HELD_TIMES = 8  # requests for one reply; no turn lasts that long
# The first piece goes before: it finds out by itself, and nothing is to stand in its way. Behind a model that thinks
# for longer there is nothing else that would find out.
_HELD_AFTER = 0.05


class DeltaStream:
    """Pieces pushed here are posted in order, those that pile up meanwhile as one. Use as an async context manager.

    ``url`` is the turn's at the service. ``fenced`` is set by a 409; any other failure ends the streaming, or the
    waiting for that 409, quietly: the reply itself comes back anyway.
    """

    def __init__(self, client: httpx2.AsyncClient, url: str, token: str, epoch: int) -> None:
        self._client, self._url, self._epoch = client, url, epoch
        self._headers = {"Authorization": f"Bearer {token}"}
        self._waiting = ""
        self._wake = asyncio.Event()
        self._closing = False
        self._seq = 0
        self._begun = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None
        self.fenced = asyncio.Event()
        self.pushed = False

    async def __aenter__(self) -> Self:
        self._worker = asyncio.create_task(self._post_all())
        self._listener = asyncio.create_task(self._hear_the_end())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        self._wake.set()
        if self._worker is None or self._listener is None:
            return
        self._listener.cancel()
        if kind is not None or self.fenced.is_set():
            self._worker.cancel()
        await asyncio.gather(self._worker, self._listener, return_exceptions=True)

    def push(self, text: str) -> None:
        if text:
            self.pushed = True
            self._waiting += text
            self._wake.set()

    async def _post_all(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            text, self._waiting = self._waiting, ""
            if text and not await self._post(text):
                return
            if self._closing and not self._waiting:
                return

    async def _post(self, text: str) -> bool:
        body = {"epoch": self._epoch, "seq": self._seq, "text": text}
        self._seq += 1
        try:
            answer = await self._client.post(f"{self._url}/delta", json=body, headers=self._headers, timeout=_SECONDS)
        except httpx2.HTTPError:
            return False
        finally:
            self._begun.set()
        if answer.status_code == 409:
            self.fenced.set()
        return answer.status_code == 204

    async def _hear_the_end(self) -> None:
        """Wait at the service until it says that the turn is over; 204 means that it is to be asked again."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_HELD_AFTER):
                await self._begun.wait()
        for _ in range(_HELD_TIMES):
            try:
                answer = await self._client.get(
                    f"{self._url}/over", params={"epoch": self._epoch}, headers=self._headers, timeout=_HELD
                )
            except httpx2.HTTPError:
                return
            if answer.status_code == 409:
                self.fenced.set()
            if answer.status_code != 204:
                return


class NoStream:
    """Stands in where nobody listens (rasa shell, tests): pieces go nowhere."""

    def __init__(self) -> None:
        self.fenced = asyncio.Event()
        self.pushed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def push(self, text: str) -> None:
        self.pushed = self.pushed or bool(text)
