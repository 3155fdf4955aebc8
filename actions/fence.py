"""Asks the service, right before an effect, whether this turn may still have one. A fenced turn changes nothing."""

from __future__ import annotations

import os
from typing import Protocol

import httpx2

from actions.asked import Turn

# Far below a tool's own deadline: the service answers from memory and one row.
_ASK_SECONDS = 1.0


class Fenced(Exception):
    """A person has taken the conversation, or a newer turn has begun: no effect."""


class FenceUnknown(Exception):
    """The service cannot be asked. Not knowing is a no."""


class Fence(Protocol):
    async def pass_or_raise(self, turn: Turn) -> None:
        """Returns when the effect may happen; raises Fenced or FenceUnknown."""
        ...


class ServiceFence:
    """The fence of the service at ``url``. A message that came from no service (`rasa shell`) always passes."""

    def __init__(self, url: str, token: str | None) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def pass_or_raise(self, turn: Turn) -> None:
        if turn.id is None:
            return
        address = f"{self._url}/internal/turns/{turn.id}"
        try:
            async with httpx2.AsyncClient(timeout=_ASK_SECONDS, trust_env=False) as http:
                answer = await http.get(address, params={"epoch": turn.epoch or 0}, headers=self._headers)
        except httpx2.HTTPError as wrong:
            raise FenceUnknown(str(wrong) or type(wrong).__name__) from wrong
        if answer.status_code == httpx2.codes.CONFLICT:
            raise Fenced
        if answer.status_code != httpx2.codes.NO_CONTENT:
            raise FenceUnknown(f"the service answered {answer.status_code}")


def fence_from_env() -> Fence:
    return ServiceFence(os.environ.get("SERVICE_URL") or "http://127.0.0.1:8000", os.environ.get("INTERNAL_TOKEN"))
