"""Whether the service lives, whether it is ready and what is missing, and what it has counted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import httpx2
from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from bot.certificates import authorities
from bot.dialogue import Dialogue, DialogueFailed
from bot.settings import Settings
from handover.desk import Desk
from handover.errors import SwitchboardError, Unavailable
from handover.meters import Meters
from handover.ports import Clock

# A check answers with a sentence on what it found, or raises.
Check = Callable[[], Awaitable[str]]

_FRESH_SECONDS = 1.0  # /readyz is public: however often it is asked, the parts are asked once a second
_CHECK_SECONDS = 3.0
# Without these everything still reaches everybody, only later.
_SPARED = frozenset({"live_feed"})
_ASK_SECONDS = 15.0  # between two looks for /metrics: as often as Prometheus usually asks


class PartState(BaseModel):
    """One part the service needs: is it there, and why not (or what was found)."""

    ok: bool
    why: str


class Readiness(BaseModel):
    """Every part by its name: store, live_feed, rasa, actions, model.

    ``degraded``: a part is missing. ``ready`` all the same when it is one that customers are answered without.
    """

    ready: bool
    degraded: bool
    parts: dict[str, PartState]


class Checks:
    """Asks all parts at once and remembers the answer for a second."""

    def __init__(self, checks: Mapping[str, Check], clock: Clock) -> None:
        self._checks = checks
        self._clock = clock
        self._asked_at = float("-inf")
        self._found: Readiness | None = None
        self._one_at_a_time = asyncio.Lock()

    async def readiness(self) -> Readiness:
        """What is there now, at most a second old."""
        async with self._one_at_a_time:
            if self._found is None or self._clock.monotonic() - self._asked_at >= _FRESH_SECONDS:
                states = await asyncio.gather(*(_state(check) for check in self._checks.values()))
                parts = dict(zip(self._checks, states, strict=True))
                missing = {name for name, part in parts.items() if not part.ok}
                self._found = Readiness(ready=missing <= _SPARED, degraded=bool(missing), parts=parts)
                self._asked_at = self._clock.monotonic()
            return self._found


class PartMeters:
    """For `/metrics`: which parts are there, also while nobody asks `/readyz` and no customer writes."""

    def __init__(self, checks: Checks, clock: Clock, registry: CollectorRegistry) -> None:
        self._checks = checks
        self._clock = clock
        self._ok = Gauge(
            "switchboard_part_ok", "1 while a part the service needs is there, as in /readyz.", ["part"],
            registry=registry,
        )  # fmt: skip

    async def look(self) -> None:
        """Ask all parts once."""
        for name, part in (await self._checks.readiness()).parts.items():
            self._ok.labels(name).set(part.ok)

    async def keep_looking(self) -> None:
        """Until cancelled; the first look comes when the parts have had time to start."""
        while True:
            await self._clock.sleep(_ASK_SECONDS)
            await self.look()


async def _state(check: Check) -> PartState:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            return PartState(ok=True, why=await check())
    except TimeoutError:
        return PartState(ok=False, why=f"no answer within {_CHECK_SECONDS:g} seconds")
    except SwitchboardError as error:
        return PartState(ok=False, why=error.message)
    except Exception as error:
        # The kind only: an exception's text may hold addresses with passwords.
        return PartState(ok=False, why=type(error).__name__)


def actions_check(actions_url: str) -> Check:
    """Asks the action server's own health address."""

    return _answers(f"{actions_url}/health")


def service_check(service_url: str) -> Check:
    """Asks a running service whether it lives."""
    return _answers(f"{service_url}/healthz")


def _answers(url: str) -> Check:
    async def check() -> str:
        async with httpx2.AsyncClient(timeout=_CHECK_SECONDS, trust_env=False, verify=authorities()) as client:
            (await client.get(url)).raise_for_status()
        return "answers"

    return check


def model_check(provider: str, *, key: bool, base_url: str | None) -> Check:
    """Says which model writes replies. A model that fails later is replaced by offline answers within the turn."""

    async def check() -> str:
        if provider == "openai" and not (key or base_url):
            raise SwitchboardError("LLM_PROVIDER is openai, but neither OPENAI_API_KEY nor OPENAI_BASE_URL is set")
        if provider == "offline" or not (key or base_url):
            return "offline: answers from the knowledge pages"
        return "openai" + (": a compatible server" if base_url else "")

    return check


def service_checks(desk: Desk, dialogue: Dialogue, settings: Settings) -> Checks:
    """The checks of the running service: store, live_feed, rasa, actions, model."""

    async def store() -> str:
        return f"at change {await desk.reading.feed()}"

    async def live_feed() -> str:
        if not desk.live.healthy:
            raise Unavailable(desk.live.state())
        return desk.live.state()

    async def rasa() -> str:
        try:
            await dialogue.ping()
        except DialogueFailed as down:
            raise Unavailable(str(down)) from down
        return "answers, with a model"

    model = model_check(
        settings.llm_provider, key=settings.openai_api_key is not None, base_url=settings.openai_base_url
    )
    checks = {"store": store, "live_feed": live_feed, "rasa": rasa}
    return Checks(checks | {"actions": actions_check(settings.actions_url), "model": model}, desk.clock)


def health_routes(checks: Checks, meters: Meters) -> APIRouter:
    """`/healthz`, `/readyz` and `/metrics`."""
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz")
    async def alive() -> dict[str, str]:
        """The process lives."""
        return {"status": "alive"}

    @routes.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness}})
    async def ready() -> JSONResponse:
        """Everything a customer's message needs is there (200), or what is missing (503).

        Without Redis it is 200 and ``degraded``: each replica goes on by itself, and screens ask the record.
        """
        found = await checks.readiness()
        return JSONResponse(
            found.model_dump(), status_code=200 if found.ready else 503, headers={"cache-control": "no-store"}
        )

    @routes.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(meters.registry), media_type=CONTENT_TYPE_LATEST)

    return routes
