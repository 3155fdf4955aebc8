"""Sends a reply's pieces to the service while it is written; learns from a 409 that the turn may no longer speak."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import httpx2

_SECONDS = 3.0


class DeltaStream:
    """Pieces pushed here are posted in order, those that pile up meanwhile as one. Use as an async context manager.

    ``fenced`` is set by a 409; any other failure ends the streaming quietly, for the reply itself comes back anyway.
    """

    def __init__(self, client: httpx2.AsyncClient, url: str, token: str, epoch: int) -> None:
        self._client, self._url, self._token, self._epoch = client, url, token, epoch
        self._waiting = ""
        self._wake = asyncio.Event()
        self._closing = False
        self._seq = 0
        self._worker: asyncio.Task[None] | None = None
        self.fenced = asyncio.Event()
        self.pushed = False

    async def __aenter__(self) -> Self:
        self._worker = asyncio.create_task(self._post_all())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        self._wake.set()
        if self._worker is None:
            return
        if kind is not None or self.fenced.is_set():
            self._worker.cancel()
        await asyncio.gather(self._worker, return_exceptions=True)

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
            answer = await self._client.post(
                self._url, json=body, headers={"Authorization": f"Bearer {self._token}"}, timeout=_SECONDS
            )
        except httpx2.HTTPError:
            return False
        if answer.status_code == 409:
            self.fenced.set()
        return answer.status_code == 204


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
