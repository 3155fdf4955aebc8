"""The real service in a thread, with a bot that writes its answers piece by piece and waits to be told to go on.

For browser tests of what happens in the middle of an answer: everything between socket and record is the product.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from bot.dialogue import TurnRequest
from tests.support.scripted_dialogue import ScriptedDialogue
from tests.support.service import running_service

TOKEN = "inner-token-of-a-test"


class SlowService:
    """``url`` is where the shop's page is. Answers are "First half of: …" and, after ``go_on``, the rest."""

    def __init__(self) -> None:
        self.url = ""
        self.loop = asyncio.new_event_loop()
        self._go = asyncio.Event()
        self._over = asyncio.Event()
        self._ready = threading.Event()
        self._failure: BaseException | None = None

    def go_on(self) -> None:
        """Every answer, now and until ``hold``, is written to its end."""
        self.loop.call_soon_threadsafe(self._go.set)

    def hold(self) -> None:
        """Answers stop in the middle again."""
        self.loop.call_soon_threadsafe(self._go.clear)

    async def _answer(self, request: TurnRequest) -> str:
        async with httpx2.AsyncClient(base_url=self.url, trust_env=False) as http:
            for seq, piece in enumerate(("First half", f" of: {request.text}", ". Second half.")):
                if seq == 2:
                    await self._go.wait()
                body = {"epoch": request.epoch, "seq": seq, "text": piece}
                head = {"authorization": f"Bearer {TOKEN}"}
                await http.post(f"/internal/turns/{request.turn}/delta", json=body, headers=head)
        return f"First half of: {request.text}. Second half."

    async def _serve(self, folder: Path) -> None:
        dialogue = ScriptedDialogue(otherwise=self._answer)
        key = folder / "inbox_key"
        async with running_service(
            folder, dialogue=dialogue, internal_token=TOKEN, demo=True, secrets_file=key
        ) as service:
            self.url = service.origin
            self._ready.set()
            await self._over.wait()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            self.loop.run_until_complete(work)
        except BaseException as error:
            self._failure = error
        finally:
            self._ready.set()

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator[SlowService]:
        service = cls()
        thread = threading.Thread(target=service._run, args=(service._serve(folder),), daemon=True)
        thread.start()
        try:
            assert service._ready.wait(30), "the service did not start"
            if service._failure is not None:
                raise service._failure
            yield service
        finally:
            service.loop.call_soon_threadsafe(service._go.set)
            service.loop.call_soon_threadsafe(service._over.set)
            thread.join(20)
            service.loop.close()
        if service._failure is not None:
            raise service._failure
