"""The people at the desk of a run: accounts made over REST, and each agent's sign-in token, renewed when it ends."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field

from tests.chaos.plain_http import fetched
from tests.chaos.world import ADMIN, PASSWORD, World


@dataclass
class Staff:
    """``tokens`` by e-mail address; an empty one means that nobody is signed in under it."""

    world: World
    tokens: dict[str, str] = field(default_factory=dict)
    _signing_in: set[asyncio.Task[None]] = field(default_factory=set)

    async def hire(self, count: int, capacity: int) -> list[str]:
        """Make ``count`` agents; returns their addresses. Everything is calm when this is called."""
        await self._sign_in(ADMIN)
        emails = []
        for number in range(count):
            email = f"agent{number}@desk.example"
            body = {"email": email, "name": f"Agent {number}", "password": PASSWORD, "capacity": capacity}
            status, answer = await self._post("/api/v1/agents", body, self.tokens[ADMIN])
            assert status == 201, answer
            await self._sign_in(email)
            emails.append(email)
        return emails

    def token(self, email: str) -> str:
        return self.tokens.get(email, "none")

    def signed_out(self, email: str) -> None:
        """Sign in again, in the background."""
        task = asyncio.create_task(self._sign_in(email))
        self._signing_in.add(task)
        task.add_done_callback(self._signing_in.discard)

    async def _sign_in(self, email: str) -> None:
        for _ in range(200):
            body = {"email": email, "password": PASSWORD, "bearer": True}
            status, answer = await self._post("/api/v1/login", body)
            if status == 200:
                self.tokens[email] = json.loads(answer)["token"]
                return
            await asyncio.sleep(0.2)
        raise AssertionError(f"{email} cannot sign in: {answer!r}")

    async def _post(self, path: str, body: dict[str, object], token: str | None = None) -> tuple[int, bytes]:
        return await fetched(f"{self.world.http()}{path}", token=token, body=json.dumps(body).encode(), seconds=10.0)
