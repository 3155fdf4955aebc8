"""The whole service on a free port with a scripted dialogue: what tests of pages, agents and customers talk to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from bot.app import create_app
from bot.dialogue import Dialogue
from bot.settings import read_settings
from handover.accounts import Passwords
from handover.backends import Backends, open_backends
from tests.support.desk_world import file_in
from tests.support.scripted_dialogue import ScriptedDialogue
from tests.support.serving import serving
from tests.support.talking import Json, Page, page

PASSWORD = "correct horse battery"
ADMIN = "admin@example.com"


class NoCopilot:
    """A copilot without a model: it never has anything to say."""

    async def summarise(self, packet: dict[str, Any], entries: object) -> None:
        return None

    async def suggest(self, entries: object, packet: dict[str, Any] | None) -> None:
        return None


@dataclass
class Service:
    """A running service. ``address`` is "127.0.0.1:port"."""

    address: str
    backends: Backends
    http: httpx2.AsyncClient
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return f"http://{self.address}"

    def customer(self, origin: str | None = None) -> AbstractAsyncContextManager[Page]:
        return page(self.address, "/ws/customer", origin=origin)

    @asynccontextmanager
    async def new_customer(self) -> AsyncIterator[tuple[Page, Json]]:
        """A customer who has just been welcomed, and the welcome."""
        async with self.customer() as peer:
            await peer.says(type="hello")
            yield peer, await peer.hears("welcome")

    async def sign_in(self, email: str = ADMIN, password: str = PASSWORD) -> str:
        """A bearer token."""
        answer = await self.http.post("/api/v1/login", json={"email": email, "password": password, "bearer": True})
        assert answer.status_code == 200, answer.text
        self.tokens[email] = answer.json()["token"]
        return self.tokens[email]

    async def hire(self, name: str) -> str:
        """A new agent, and a bearer token for it."""
        admin = self.tokens.get(ADMIN) or await self.sign_in()
        email = f"{name.lower()}@example.com"
        body = {"email": email, "name": name, "password": PASSWORD}
        answer = await self.http.post("/api/v1/agents", json=body, headers=bearer(admin))
        assert answer.status_code == 201, answer.text
        return await self.sign_in(email)

    @asynccontextmanager
    async def console(self, token: str, *, online: bool = True) -> AsyncIterator[Page]:
        """An agent's open console, welcomed."""
        async with page(self.address, "/ws/agent", authorization=f"Bearer {token}") as peer:
            await peer.says(type="hello")
            await peer.hears("welcome")
            if online:
                await peer.says(type="availability", state="online")
            yield peer


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@asynccontextmanager
async def running_service(
    folder: Path,
    *,
    dialogue: Dialogue | None = None,
    record: str | None = None,
    redis: str | None = None,
    **settings: Any,
) -> AsyncIterator[Service]:
    """A service with its record in ``folder``, or at the address ``record``; without ``dialogue`` the bot echoes."""
    talking = dialogue or ScriptedDialogue(otherwise=lambda request: f"You said: {request.text}")
    chosen: dict[str, Any] = {
        "secret_key": "k" * 40, "demo_password": PASSWORD, "internal_token": "inner-token-of-a-test",
        "burst_usual": 0.0, "burst_fragment": 0.0, "burst_cut": 0.0, "embedder_dir": folder / "no-embedder",
        "secrets_file": folder / "inbox_key",
    } | settings  # fmt: skip
    async with open_backends(record or await file_in(folder), redis) as backends:

        def make(port: int) -> Any:
            return create_app(
                read_settings(_env_file=None, port=port, **chosen),
                backends=backends, dialogue=talking, copilot=NoCopilot(), passwords=Passwords(memory_kib=64),
            )  # fmt: skip

        async with (
            serving(make) as address,
            httpx2.AsyncClient(base_url=f"http://{address}", trust_env=False, verify=False) as http,
        ):
            yield Service(address, backends, http)


@asynccontextmanager
async def waiting_customer(service: Service) -> AsyncIterator[tuple[Page, str]]:
    """A customer who was answered and then asked for a person, and their conversation."""
    async with service.new_customer() as (customer, welcome):
        await customer.says(type="say", client_id="a1", text="My tent leaks.")
        await customer.hears("entry", lambda frame: frame["text"].startswith("You said"))
        await customer.says(type="ask_for_human", client_id="h1")
        await customer.hears("control", lambda frame: frame["control"] == "offered")
        yield customer, welcome["conversation"]
