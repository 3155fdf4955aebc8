"""The composition root: puts the service together from its settings. Nothing is wired anywhere else.

Production passes only settings; tests pass the partners they replace.
"""

from __future__ import annotations

import secrets
from asyncio import TaskGroup
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import structlog
from fastapi import FastAPI

from bot.channels.customer_line import LineParts
from bot.channels.platforms import open_platforms
from bot.channels.web import INBOX, WebChannel
from bot.copilot_http import CopilotHttp
from bot.deltas import delta_routes
from bot.desk_meters import DeskMeters
from bot.dialogue import Dialogue
from bot.frames import AssistantPart
from bot.health import PartMeters, health_routes, service_checks
from bot.held_requests import HeldRequests
from bot.http_errors import install
from bot.kept_running import keep_running, later
from bot.pages import page_routes
from bot.rasa_http import RasaHttp
from bot.refusals import Refusal, naming
from bot.relay import Relay
from bot.relay_settings import relay_settings_of
from bot.repeats import open_repeats
from bot.rule_files import read_rules
from bot.settings import Settings
from bot.socket_doors import App
from bot.tracing import Traces, open_traces
from bot.turn_meters import TurnMeters
from bot.visitors import Visitors
from handover.accounts import Accounts, Passwords
from handover.agent_screen import ScreenParts
from handover.agent_socket import AgentDoorway
from handover.backends import Backends, open_backends
from handover.backends.records_sql.accounts import SqlAccounts
from handover.backends.records_sql.retention import open_retention
from handover.clock import SystemClock
from handover.console_api import console_routes
from handover.contacts_api import contact_routes
from handover.dead_letters import DeadLetters
from handover.dead_letters_api import dead_letter_routes
from handover.demo import Beaten, make_first_accounts, tell_demo_stories
from handover.desk import open_desk
from handover.errors import BadInput
from handover.limits import Buckets, SocketLimits, WaitingRoom
from handover.login_api import Door, login_routes
from handover.meters import Meters
from handover.places import PlaceLimits, Places
from handover.ports import Clock, Copilot
from handover.presence import Presence
from handover.rounds import Rounds
from handover.waits_api import waits_routes

log = structlog.get_logger(__name__)


def create_app(
    settings: Settings,
    *,
    backends: Backends | None = None,
    dialogue: Dialogue | None = None,
    copilot: Copilot | None = None,
    clock: Clock | None = None,
    passwords: Passwords | None = None,
) -> App:
    """The service. What it opens, it closes when it stops; partners that are handed in stay the caller's."""
    meters, traces, refusal = Meters(), open_traces(settings.otel_exporter_otlp_endpoint), Refusal()

    @asynccontextmanager
    async def lifespan(framework: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(traces.close)
            with refusal.kept():
                service = _Service(settings, clock or SystemClock(), meters, passwords or Passwords(), traces)
                await service.open(stack, backends, dialogue, copilot)
                service.add_routes(app)
            app.state.drain = service.drain  # `bot.server` calls it before it stops
            background = await stack.enter_async_context(TaskGroup())
            tasks = [background.create_task(work) for work in service.background()]
            yield
            for task in tasks:
                task.cancel()

    app = App(
        title="Switchboard",
        description="A customer-service chatbot that hands over to people, and takes back.",
        version=_version(),
        lifespan=lifespan,
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
        # FastAPI's own spans and records would hold paths, queries and texts of exceptions (`bot.tracing`).
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.refusal = refusal  # `bot.running` tells it
    install(app, meters=meters, max_body=settings.socket_max_bytes)
    app.include_router(page_routes(origins=settings.origins()))
    return app


class _Service:
    """Everything that lives while the service runs."""

    def __init__(self, settings: Settings, clock: Clock, meters: Meters, passwords: Passwords, traces: Traces) -> None:
        self._settings = settings
        self._clock = clock
        self._meters = meters
        self._turn_meters = TurnMeters(clock, meters.registry)
        self._traces = traces
        self._passwords = passwords
        self._policy, self._calendars = read_rules(settings)

    async def open(
        self, stack: AsyncExitStack, backends: Backends | None, dialogue: Dialogue | None, copilot: Copilot | None
    ) -> None:
        """Open what was not handed in, and make the accounts of a first start."""
        settings = self._settings
        if backends is None:
            with naming("DATABASE_URL"):
                backends = await stack.enter_async_context(open_backends(settings.database_url, settings.redis_url))
        if dialogue is None:
            dialogue = await stack.enter_async_context(_rasa(settings, self._traces))
        if copilot is None:
            models, traces = self._turn_meters.models, self._traces
            asks = CopilotHttp(settings.actions_url, clock=self._clock, models=models, traces=traces)
            copilot = await stack.enter_async_context(asks)
        self._backends = backends
        self._desk = open_desk(
            backends, clock=self._clock, policy=self._policy, copilot=copilot, calendars=self._calendars
        )
        stack.push_async_callback(self._desk.close)
        self._held = HeldRequests(self._desk)
        self._accounts = Accounts(
            SqlAccounts(backends.records), backends.live, self._clock, passwords=self._passwords,
            login_hours=settings.login_hours, tries_per_email=settings.tries_per_email,
            tries_per_address=settings.tries_per_address,
        )  # fmt: skip
        self._relay = self._open_relay(backends, dialogue)
        self._platforms = await open_platforms(
            stack, settings, backends, self._desk,
            relay=self._relay, outbox=self._policy.outbox, meters=self._meters, traces=self._traces,
        )  # fmt: skip
        self._desk_meters = DeskMeters(self._meters.registry)
        self._desk_meters.watch_turns(self._relay)
        self._desk_meters.watch_moves(self._desk.moves)
        self._checks = service_checks(self._desk, dialogue, settings)
        self._part_meters = PartMeters(self._checks, self._clock, self._meters.registry)
        self._retention = open_retention(backends.records, settings.retention(), self._clock, self._meters.registry)
        self._rounds = Rounds(self._desk.reading, backends.live, self._clock, every=settings.recheck_seconds)
        await self._first_start()

    def _open_relay(self, backends: Backends, dialogue: Dialogue) -> Relay:
        settings = self._settings
        self._repeats = open_repeats(settings.embedder_dir, threshold=settings.repeat_similarity)
        return Relay(
            self._desk,
            dialogue,
            settings=relay_settings_of(settings, self._policy),
            clock=self._clock,
            repeats=self._repeats,
            secret=settings.signing_secret(),
            alone=backends.alone,
            lives=backends.lives,
            meters=self._turn_meters,
            traces=self._traces,
        )

    async def drain(self, hurry: Callable[[], bool]) -> None:
        """Send every socket to another process, within two fifths of the time there is to stop."""
        self._held.end()
        await self._rounds.drain(self._settings.shutdown_seconds / 5, hurry=hurry)

    def background(self) -> list[Coroutine[Any, Any, None]]:
        """The work that goes on by itself."""
        records = self._backends.records
        works: dict[str, Callable[[], Awaitable[None]]] = {
            "relay": self._relay.run,
            "desk": self._tick,
            "rounds": self._rounds.run,
            "desk_meters": partial(self._desk_meters.keep_looking, records, self._backends.presence, self._clock),
            "retention": self._retention.run,
            "part_meters": self._part_meters.keep_looking,
            "loop_meter": partial(self._desk_meters.feel_the_loop, self._clock),
            **self._platforms.works,
        }
        kept = [keep_running(name, work, clock=self._clock, meters=self._meters) for name, work in works.items()]
        return [*kept, later(self._repeats.get_ready, clock=self._clock)]

    def add_routes(self, app: App) -> None:
        """Everything a network client can reach, beside the built pages."""
        settings, meters = self._settings, self._meters
        meters.watch_live_feed(self._backends.live)
        origins = settings.origins()
        limits = _socket_limits(settings)
        waiting = WaitingRoom(per_address=settings.strangers_per_address, total=settings.strangers_total)
        door = Door(self._accounts, origins)
        app.include_router(health_routes(self._checks, meters))
        app.include_router(login_routes(self._accounts, door, meters))
        app.include_router(console_routes(self._desk, self._accounts, door))
        app.include_router(waits_routes(self._desk.reading, door))
        app.include_router(contact_routes(self._desk.contacts, door))
        app.include_router(dead_letter_routes(DeadLetters(self._backends.records, self._clock), door))
        for routes in self._platforms.routes(door):
            app.include_router(routes)
        places = Places(PlaceLimits(settings.sockets_per_person, settings.sockets_per_address, settings.sockets_total))
        presence = Presence(self._clock.monotonic, self._backends.marks, self._backends.live.tell_here)
        screens = ScreenParts(self._desk, self._accounts, presence, self._rounds)
        app.doors["/ws/agent"] = AgentDoorway(screens, door, origins, limits, waiting, places, meters).serve
        app.doors["/ws/customer"] = self._web_channel(origins, limits, waiting, places).serve
        token = settings.internal_token.get_secret_value() if settings.internal_token else secrets.token_urlsafe(32)
        if settings.internal_token is None:
            log.warning("internal_token_missing", effect="replies do not stream and tools are not fenced")
        app.include_router(delta_routes(self._desk, token, self._held))

    def _web_channel(
        self, origins: frozenset[str], limits: SocketLimits, waiting: WaitingRoom, places: Places
    ) -> WebChannel:
        settings, now = self._settings, self._clock.monotonic
        assistant = AssistantPart(
            name=settings.assistant_name, company=settings.company_name, disclosure=settings.disclosure
        )
        return WebChannel(
            parts=LineParts(self._desk, self._relay, assistant, self._rounds, self._meters),
            visitors=Visitors(settings.signing_secret(), clock=self._clock, days=settings.visitor_days),
            greeting=settings.greeting_text(),
            origins=origins,
            limits=limits,
            waiting=waiting,
            newcomers=self._backends.limits.limit(
                "newcomers", now, per_second=settings.visitors_per_minute / 60, burst=settings.visitors_per_minute
            ),
            places=places,
            frames=Buckets(now, per_second=settings.person_frames_per_second, burst=settings.person_frames_burst),
        )

    async def _tick(self) -> None:
        while True:
            await self._desk.agents.tick()
            await self._desk.channels.tick()
            await self._clock.sleep(1)

    async def _first_start(self) -> None:
        settings = self._settings
        password = settings.demo_password.get_secret_value() if settings.demo_password else None
        try:
            made = await make_first_accounts(
                self._accounts, admin_email=settings.admin_email, demo=settings.demo, password=password
            )
        except Beaten:
            return
        if made is not None:
            print(f"Accounts made: {', '.join(made.emails)}", flush=True)
            if made.random:
                print(f"Their password, shown only this once: {made.password}", flush=True)
        if settings.demo:
            await tell_demo_stories(
                self._backends, self._accounts, clock=self._clock, policy=self._policy,
                inbox=INBOX, greeting=settings.greeting_text(),
            )  # fmt: skip


def _rasa(settings: Settings, traces: Traces) -> RasaHttp:
    token = settings.rasa_token.get_secret_value() if settings.rasa_token else None
    try:
        return RasaHttp(settings.rasa_url, token=token, anywhere=settings.rasa_anywhere, at_once=True, traces=traces)
    except ValueError as why:
        raise BadInput(f"{why} Or set RASA_ANYWHERE=true.") from why


def _socket_limits(settings: Settings) -> SocketLimits:
    return SocketLimits(
        hello_seconds=settings.hello_seconds,
        max_bytes=settings.socket_max_bytes,
        frames_per_second=settings.frames_per_second,
        frames_burst=settings.frames_burst,
        strikes=settings.socket_strikes,
        send_seconds=settings.send_seconds,
    )


def _version() -> str:
    with suppress(PackageNotFoundError):
        return version("switchboard")
    return "0"  # run from a checkout that was never installed
