"""Builds what the actions work with, once per process and at the first turn, for nothing may happen at import."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable

import httpx2

from actions.brand import read_brand
from actions.breaker import Breaker
from actions.briefing import Briefing
from actions.embedder import open_embedder
from actions.knowledge import open_knowledge
from actions.llm import OpenAIWriter
from actions.offline import OfflineWriter
from actions.reply import ReplyTools
from actions.settings import ActionSettings, settings_from_env
from actions.stream import DeltaStream, NoStream

_one_builds = threading.Lock()
# Net allocations of containers, then how often the younger generation is collected before the next older one is; as in
# the service. Python's own 700, 10 and 10 are for programs that hold a few objects.
_THRESHOLDS = (10_000, 10, 20)


async def reply_tools() -> ReplyTools:
    """The tools of this process. Raises BadSetting, BadBrand, BadPage when the configuration is wrong."""
    return _built[0] if _built else await asyncio.to_thread(_build_once)


_built: list[ReplyTools] = []


def _build_once() -> ReplyTools:
    with _one_builds:
        if not _built:
            tools = build_tools(settings_from_env())
            leave_alone_what_stays()
            _built.append(tools)
        return _built[0]


def leave_alone_what_stays() -> None:
    """The collector of garbage begins with what comes from now on.

    A whole collection walks over every object of every module, some hundred milliseconds in which no reply goes on.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


def build_tools(settings: ActionSettings) -> ReplyTools:
    """Everything from the settings; the HTTP clients open connections only when used."""
    embedder = open_embedder(settings.embedder_dir)
    knowledge = open_knowledge(settings.knowledge, embedder, settings.cache)
    model = None
    if settings.provider == "openai":
        model = OpenAIWriter(api_key=settings.api_key, base_url=settings.base_url, model=settings.model)
    return ReplyTools(
        brand=read_brand(settings.brand),
        knowledge=knowledge,
        offline=OfflineWriter(embedder, knowledge.weight),
        model=model,
        breaker=Breaker(),
        stream_for=streams(settings.service_url, settings.internal_token),
    )


def streams(service_url: str, token: str | None) -> Callable[[Briefing], DeltaStream | NoStream]:
    """How a turn streams: to the service, or nowhere when the message came with no turn (rasa shell)."""
    clients: list[httpx2.AsyncClient] = []

    def stream_for(briefing: Briefing) -> DeltaStream | NoStream:
        if not briefing.turn or not token:
            return NoStream()
        if not clients:
            # The service is near; a proxy must not see this. Every stream has its own place: one that waited for
            # another's would lose its pieces.
            limits = httpx2.Limits(max_connections=None, max_keepalive_connections=200)
            clients.append(httpx2.AsyncClient(trust_env=False, limits=limits))
        return DeltaStream(clients[0], f"{service_url}/internal/turns/{briefing.turn}", token, briefing.epoch)

    return stream_for
