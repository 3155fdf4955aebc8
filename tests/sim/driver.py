"""The simulator for tests: runs on a free loopback port in a thread; customers write, and what reached them is read.

Every call returns when it is done, so journeys need no event loop; from an event loop that the product shares, call it
in a thread (`asyncio.to_thread`).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import random
import secrets
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

import httpx2
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from handover.inboxes import Inbox
from tests.sim.accounts import Account, account_of
from tests.sim.calls import Told, customers_in
from tests.sim.platforms import BASES, Page, Platforms
from tests.sim.post import Poster, Webhook, fitted, webhook
from tests.sim.world import File, Words, World

T = TypeVar("T")
_FROM_CUSTOMERS = {"text", "postback", "attachment"}
_ABOUT_A_MESSAGE = {"edit", "delete", "reaction", "delivered", "read", "sent", "failed"}


class Simulator:
    """``world`` may be read and set from any thread. ``service`` is the product's address."""

    def __init__(self, world: World, poster: Poster, app: Platforms, loop: asyncio.AbstractEventLoop) -> None:
        self.world, self._poster, self._app, self._loop = world, poster, app, loop
        self.platforms = app.by_channel
        self.faults, self.clock, self.url = world.faults, world.clock, world.own

    @property
    def environment(self) -> dict[str, str]:
        """The product's settings that point it here."""
        return {"PLATFORM_URLS": ",".join(f"{base}={self.url}/{base}" for base in BASES)}

    def serve(self, address: str) -> None:
        """Where the product is, like http://127.0.0.1:8000."""
        self.world.service = address.rstrip("/")

    def add(self, inbox: Inbox) -> Account:
        """The account that ``inbox`` answers as exists from now on."""
        return self.world.accounts.add(account_of(inbox))

    # What happens on the platforms.

    def words(self, channel: str, kind: str, person: str, **about: Any) -> tuple[Words, Mapping[str, Any]]:
        """An event that is not posted yet: what it says, and as the platform writes it. ``about``: fields of Words."""
        account = self.world.accounts.of(channel)
        at = about.pop("at", None) or self.world.clock.now()
        about.setdefault("id", self.platforms[channel].new_id())
        said = Words(person, at, **about)
        if kind in _FROM_CUSTOMERS:
            self.world.wrote(account, person, at)
        if kind in {"block", "unblock"}:
            self.world.block(account, person, blocked=kind == "block")
        return said, self.platforms[channel].event(kind, account, said)

    def hooks(self, channel: str, events: Sequence[Mapping[str, Any]]) -> list[Webhook]:
        """``events`` in as few webhooks as the platform makes of them."""
        account = self.world.accounts.of(channel)
        return [webhook(account, body) for body in self.platforms[channel].bodies(account, list(events))]

    def tell(self, channel: str, kind: str, person: str, **about: Any) -> Words:
        """Something happens and is told in a webhook, which the product must take.

        ``kind``: text, postback, attachment, edit, delete, reaction (no ``emoji``: taken back), echo (of a foreign
        app, or of a person there), delivered, read, sent, failed, block, unblock. Raises NotThere where a platform
        tells no such thing.
        """
        if kind in _ABOUT_A_MESSAGE and not about.get("target"):
            raise ValueError(f"{kind} is about a message: name it with target")
        said, event = self.words(channel, kind, person, **about)
        for hook in self.hooks(channel, [event]):
            self.deliver(hook)
        return said

    def says(self, channel: str, person: str, text: str, **about: Any) -> Words:
        """A customer writes."""
        return self.tell(channel, "text", person, text=text, **about)

    def presses(self, channel: str, person: str, payload: str, title: str = "", **about: Any) -> Words:
        """A customer presses a button; a quick reply of Meta's messengers is a message with the payload in it."""
        kind = "text" if channel in {"messenger", "instagram"} else "postback"
        return self.tell(channel, kind, person, payload=payload, text=title or payload, **about)

    def sends_file(
        self, channel: str, person: str, content: bytes, *, media_type: str, name: str = "file.jpg", **about: Any
    ) -> Words:
        """A customer sends a file, which is served for download."""
        file = File(self.platforms[channel].new_id().replace("wamid.", ""), name, media_type, content)
        self.world.files[file.id] = file
        return self.tell(channel, "attachment", person, file=file, **about)

    # Webhooks: once, until taken, out of order, many times.

    def post(self, hook: Webhook) -> httpx2.Response:
        """Once, whatever the answer."""
        return self.do(self._poster.post(hook))

    async def post_here(self, hook: Webhook) -> httpx2.Response:
        """Once, for what runs in the simulator's own loop."""
        return await self._poster.post(hook)

    def deliver(self, hook: Webhook, *, tries: int = 60) -> int:
        """Until the product takes it; its last status."""
        return self.do(self._poster.deliver(hook, tries=tries))

    def deliver_all(self, hooks: Sequence[Webhook], *, at_once: int = 20) -> None:
        """Every one until it is taken, in this order, at most ``at_once`` at a time."""

        async def everything() -> None:
            free = asyncio.Semaphore(at_once)

            async def one(hook: Webhook) -> None:
                async with free:
                    await self._poster.deliver(hook)

            await asyncio.gather(*(one(hook) for hook in hooks))

        self.do(everything(), seconds=1200)

    def fixture(self, file: str, *, now: bool = False) -> Webhook:
        """A fixture by its name in index.json, re-signed and made to fit; ``now``: as if it happened now."""
        account = self.world.accounts.of(file.partition("/")[0])
        for person in customers_in(file):
            self.world.wrote(account, person, self.world.clock.now())
        return webhook(account, fitted(account, file, now=self.world.clock.now() if now else None))

    def handshake(self, channel: str) -> bool:
        """Ask whether the address is the product's, as Meta and X do, and check the answer as they do."""
        account = self.world.accounts.of(channel)
        if channel == "x":
            token = secrets.token_urlsafe(24)
            answer = self.do(self._poster.ask(account.hook, {"crc_token": token}))
            return answer.status_code == 200 and answer.json() == {"response_token": _crc(account, token)}
        challenge = str(random.randrange(10**9, 10**10))
        token = account.settings.get("verify_token", "")
        query = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": challenge}
        answer = self.do(self._poster.ask(account.hook, query))
        return answer.status_code == 200 and answer.text == challenge

    def move_clock(self, by: timedelta) -> None:
        self.world.clock.move(by)

    def now(self) -> datetime:
        return self.world.clock.now()

    # What the product did.

    def sent(self, person: str | None = None) -> list[Told]:
        """The messages that platforms took, to one person or to all, in order."""
        return [one for one in self.world.ledger.calls(person, what="send") if one.accepted]

    def texts(self, person: str) -> list[str]:
        return [one.text for one in self.sent(person)]

    def calls(self, person: str | None = None, *, what: str | None = None) -> list[Told]:
        """Everything that was asked, taken or not."""
        return self.world.ledger.calls(person, what=what)

    @property
    def violations(self) -> list[str]:
        """What no request may be like. A test asserts that this is empty."""
        return self.world.ledger.violations()

    def until(self, there: Callable[[], T | None], what: str, *, seconds: float = 60.0) -> T:
        """Wait for ``there()`` to give something. Raises AssertionError with the calls so far."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := there():
                return found
            self.world.ledger.wait(0.25)
        calls = [(one.what, one.person, one.text, one.status) for one in self.calls()]
        raise AssertionError(f"never came: {what}; violations {self.violations}; calls {calls[-20:]}")

    def until_sent(self, person: str, words: str, *, seconds: float = 60.0) -> Told:
        """The first message to ``person`` that holds ``words``, waited for."""

        def found() -> Told | None:
            return next((one for one in self.sent(person) if words in one.text), None)

        return self.until(found, f"{words!r} to {person}", seconds=seconds)

    def quiet(self) -> None:
        """Until everything that follows by itself from the sends so far was posted."""
        self.do(self._app.quiet())

    def do(self, work: Coroutine[Any, Any, T], *, seconds: float = 180.0) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=seconds)


def _crc(account: Account, token: str) -> str:
    made = hmac.new(account.secrets["consumer_secret"].encode(), token.encode(), hashlib.sha256).digest()
    return "sha256=" + base64.b64encode(made).decode()


@contextmanager
def simulating(*inboxes: Inbox, port: int = 0, page: Callable[[Simulator], Page] | None = None) -> Iterator[Simulator]:
    """A simulator that runs, with the accounts of ``inboxes``; ``page`` answers what is no platform's."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    world = World(own=f"http://127.0.0.1:{listener.getsockname()[1]}")
    loop = asyncio.new_event_loop()
    poster = Poster(world)
    app = Platforms(world, poster)
    simulator = Simulator(world, poster, app, loop)
    app.page = page(simulator) if page is not None else None
    for inbox in inboxes:
        simulator.add(inbox)

    class Droppable(H11Protocol):
        """Keeps its transport where the app finds it."""

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            app.lines[transport.get_extra_info("peername")[1]] = transport

    config = uvicorn.Config(app, http=Droppable, ws="none", lifespan="off", log_level="warning", access_log=False)
    server = uvicorn.Server(config)

    def life() -> None:
        # All of it in the simulator's own thread: the caller's may have a loop that runs.
        loop.run_until_complete(server.serve([listener]))
        loop.run_until_complete(poster.close())
        loop.close()

    thread = threading.Thread(target=life, daemon=True)
    thread.start()
    try:
        yield simulator
    finally:
        server.should_exit = server.force_exit = True
        thread.join(timeout=10)
        listener.close()
