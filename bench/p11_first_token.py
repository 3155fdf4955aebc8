"""P11: how much later a customer sees the first token than a program would that asks the model itself.

Both ask one streaming model of a fixed pace. Ours: from the customer's frame through service, stand-in for Rasa and
action server to the first ``delta`` frame at the widget. The control: the openai SDK alone, from the call to the first
piece. Then agents take conversations over while the bot streams, and the model's server says when it was hung up on.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

import httpx2
from openai import APIError, AsyncOpenAI

from bench.pairs import open_agent, open_customer
from bench.row import OURS, Bench, Figure, Goal, Row, Samples, latencies
from bench.service import ROOT, Service, embedded, hire
from bench.wire import Wire
from tests.support.processes import Child, free_port

SDK = "openai SDK alone"
_PER_SECOND = 50
_PATIENCE = 40.0
_AT_ONCE = "first token, {} streams at once"
_BY_ONE = "first token, a few streams at once"
_CUT = "model's stream cut after a takeover"
_NOW = {"BURST_USUAL": "0", "BURST_FRAGMENT": "0", "BURST_CUT": "0", "BURST_TYPING": "0"}


@dataclass
class Path:
    """All that is running. ``seen`` asks the model's server what it has noted."""

    service: Service
    model: str
    sdk: AsyncOpenAI
    tokens: int
    begun: dict[str, float] = field(default_factory=dict)  # our marks: when their customers were to write
    marks: Any = field(default_factory=lambda: count(1))

    async def seen(self) -> dict[str, dict[str, float]]:
        async with httpx2.AsyncClient(trust_env=False) as http:
            found: dict[str, dict[str, float]] = (await http.get(f"{self.model}/seen")).json()
            return found


async def measure(bench: Bench) -> Row:
    """A few at once, many at once, and takeovers."""
    many, few, warm = bench.pick(200, 4), bench.pick(24, 3), bench.pick(3, 1)
    async with _path(bench) as path:
        await _both(path, warm, 4.0)  # thrown away: connections are opened, the pages of knowledge are read
        bench.say("a few streams at once")
        by_one = await _both(path, few, 4.0)
        bench.say(f"{many} streams at once")
        at_once = await _both(path, many, bench.pick(200.0, 4.0))
        bench.say("takeovers")
        cut = await _takeovers(path, bench.pick(20, 2))
        before = await _before(path, 2 * warm, 2 * few)
    few_each, many_each = _named(by_one, _BY_ONE), _named(at_once, _AT_ONCE.format(many))
    added = [_added(samples) for samples in (few_each, many_each)]
    figures = [figure for one in (*few_each, before, *many_each, cut) for figure in latencies(one)]
    figures += [Figure(OURS, f"added to the SDK's p99, {what}", value, "ms") for what, value in _told(many, added)]
    return Row(
        id="P11",
        title=f"Time to first token over a model that streams {_PER_SECOND} tokens a second",
        figures=figures,
        goals=[
            Goal.at_most(f"p99 beyond the SDK's with {many} streams at once, at most 15 ms", _or_lost(added[1]), 15),
            Goal.at_most("p99 beyond the SDK's with a few streams at once, at most 15 ms", _or_lost(added[0]), 15),
            Goal.at_most(f"{_CUT}, at most 100 ms", _worst(cut), 100),
        ],
        samples=[*few_each, before, *many_each, cut],
        notes=_NOTES,
        settings={"tokens": bench.pick(100, 40), "tokens_per_second": _PER_SECOND, "TURNS_AT_ONCE": 300, **_NOW},
    )


_NOTES = (
    "In place of Rasa a process that hands each message to the action server at once (bench/controls/no_engine.py): "
    "the figures are ours alone, and of the dialogue engine there is only the hop.",
    "Ours begins with the customer's frame: the line is recorded and synced, the turn is taken up, the pages are "
    "searched, the model is asked, the first sentence is checked, and goes through the service to the widget.",
    "The model's first token is a whole sentence, because ours shows checked sentences, never less. With "
    "a real model the first sentence takes some tokens more, which is by design and not in these figures.",
    "Streams begin at fixed times, whoever is late. Ours and the control alternate. Six of each were thrown away.",
    "A takeover is counted from the agent's frame to the model's server losing the connection.",
)


@asynccontextmanager
async def _path(bench: Bench) -> AsyncIterator[Path]:
    tokens = bench.pick(100, 40)
    ports = {name: free_port() for name in ("model", "engine", "actions")}
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    settings: dict[str, Any] = {
        "RASA_URL": urls["engine"], "ACTIONS_URL": urls["actions"], "OPENAI_BASE_URL": f"{urls['model']}/v1",
        "LLM_PROVIDER": "openai", "OPENAI_API_KEY": "none", "TURNS_AT_ONCE": "300", "TURN_SECONDS": "60", **_NOW,
    }  # fmt: skip
    async with AsyncExitStack() as running:
        service = await running.enter_async_context(embedded(bench.folder, **settings))
        given = {
            **settings, "INTERNAL_TOKEN": "t" * 40, "SERVICE_URL": service.urls[0], "EMBEDDER_DIR": "var/minilm",
            "CACHE_DIR": str(bench.folder), "SHOP_DB": str(bench.folder / "shop.db"), "SANIC_HOST": "127.0.0.1",
        }  # fmt: skip
        python = [sys.executable, "-m"]
        commands = {
            "model": [
                *python,
                "bench.controls.streaming_model",
                "--port",
                str(ports["model"]),
                "--tokens",
                str(tokens),
            ],
            "engine": [
                *python,
                "bench.controls.no_engine",
                "--port",
                str(ports["engine"]),
                "--actions",
                urls["actions"],
            ],
            "actions": [*python, "rasa_sdk", "--actions", "actions", "-p", str(ports["actions"])],
        }
        for name, argv in commands.items():
            child = Child(name, argv, ROOT, given, bench.folder / f"{name}.log")
            child.start()
            running.push_async_callback(asyncio.to_thread, child.stop)
        answers = {"model": "/seen", "engine": "/", "actions": "/health"}
        for name, where in answers.items():
            await _until_up(urls[name] + where)
        sdk = AsyncOpenAI(api_key="none", base_url=f"{urls['model']}/v1", max_retries=0)
        running.push_async_callback(sdk.close)
        yield Path(service, urls["model"], sdk, tokens)


async def _until_up(url: str) -> None:
    async with asyncio.timeout(90), httpx2.AsyncClient(trust_env=False) as http:
        while True:
            try:
                if (await http.get(url)).status_code == 200:
                    return
            except httpx2.HTTPError:
                pass
            await asyncio.sleep(0.1)


Waits = list[float | None]


async def _both(path: Path, streams: int, per_second: float) -> dict[str, Waits]:
    """Half of the streams of each, in turn, twice; None for one whose first token never came."""
    found: dict[str, Waits] = {OURS: [], SDK: []}
    for _ in range(2):
        customers = [(await open_customer(path.service.addresses[0]))[0].wire for _ in range(streams)]
        one_more = iter(customers).__next__
        found[OURS] += await _at_fixed_times(streams, per_second, partial(_ours, path, one_more))
        for one in customers:
            one.close()
        found[SDK] += await _at_fixed_times(streams, per_second, partial(_sdk, path))
    return found


async def _at_fixed_times(
    streams: int, per_second: float, one: Callable[[float], Coroutine[Any, Any, float | None]]
) -> Waits:
    """Begin them at fixed times and let all of them end; ms from when each was to begin."""
    start = time.monotonic() + 0.2

    async def later(number: int) -> float | None:
        due = start + number / per_second
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        return await one(due)

    return list(await asyncio.gather(*(later(number) for number in range(streams))))


async def _ours(path: Path, one_more: Callable[[], Wire], due: float) -> float | None:
    first, ended = asyncio.get_running_loop().create_future(), asyncio.Event()

    def hear(payload: bytes) -> None:
        if payload.startswith(b'{"type":"delta"') and not first.done():
            first.set_result(time.monotonic())
        elif first.done() and payload.startswith(b'{"type":"entry"'):
            ended.set()  # the reply, or the notice that stands for it

    customer = one_more()
    customer.heard = hear
    mark = f"mark-{next(path.marks)}"
    path.begun[mark] = due
    words = {"type": "say", "client_id": mark, "text": f"What does it cost to send a parcel back? {mark}"}
    customer.say(json.dumps(words).encode())
    try:
        async with asyncio.timeout(_PATIENCE):
            await ended.wait()
    except TimeoutError:
        return None
    return (first.result() - due) * 1_000 if first.done() else None


async def _sdk(path: Path, due: float) -> float | None:
    mark, first = f"mark-{next(path.marks)}", None
    try:
        async with asyncio.timeout(_PATIENCE):
            stream = await path.sdk.chat.completions.create(
                model="steady", messages=[{"role": "user", "content": mark}], stream=True
            )
            async for chunk in stream:
                if first is None and chunk.choices and chunk.choices[0].delta.content:
                    first = (time.monotonic() - due) * 1_000
    except (TimeoutError, APIError):
        return None
    return first


async def _before(path: Path, skip: int, count: int) -> Samples:
    """Of our way to the first token what lies before the model is asked, with a few streams at once."""
    seen = await path.seen()
    some = list(path.begun.items())[skip : skip + count]
    found = [(seen[mark]["asked"] - due) * 1_000 for mark, due in some if mark in seen]
    return Samples(OURS, "customer's frame to the model asked, a few streams at once", "ms", found, count - len(found))


async def _takeovers(path: Path, times: int) -> Samples:
    """Take conversations from the bot in the middle of their streams."""
    (token,) = await hire(path.service, 1)
    agent = await open_agent(path.service.addresses[0], token)
    taken: dict[str, float] = {}
    for _ in range(times):
        customer, welcome = await open_customer(path.service.addresses[0])
        streaming = asyncio.Event()

        def hear(payload: bytes, streaming: asyncio.Event = streaming) -> None:
            if payload.startswith(b'{"type":"delta"'):
                streaming.set()

        customer.wire.heard = hear
        mark = f"mark-{next(path.marks)}"
        customer.wire.say(json.dumps({"type": "say", "client_id": mark, "text": f"What is it? {mark}"}).encode())
        async with asyncio.timeout(_PATIENCE):
            await streaming.wait()
        await asyncio.sleep(0.17)  # into the stream, at no fixed place of a sentence
        taken[mark] = time.monotonic()
        here = {"conversation": welcome["conversation"], "epoch": welcome["epoch"]}
        agent.wire.say(json.dumps({"type": "take", **here}).encode())
    await asyncio.sleep(path.tokens / _PER_SECOND + 1)
    seen = await path.seen()
    cuts = [(seen[mark]["cut"] - at) * 1_000 for mark, at in taken.items() if "cut" in seen.get(mark, {})]
    agent.wire.close()
    return Samples(OURS, _CUT, "ms", cuts, len(taken) - len(cuts))


def _named(found: dict[str, Waits], what: str) -> list[Samples]:
    return [
        Samples(of, what, "ms", [one for one in waits if one is not None], waits.count(None))
        for of, waits in found.items()
    ]


def _added(both: list[Samples]) -> float | None:
    """Our p99 beyond the control's, in ms; None when anything of ours was lost."""
    ours, sdk = both
    return None if ours.lost else ours.percentile(0.99) - sdk.percentile(0.99)


def _or_lost(added: float | None) -> float:
    return _PATIENCE * 1_000 if added is None else added


def _told(many: int, added: list[float | None]) -> list[tuple[str, float]]:
    names = ("a few streams at once", f"{many} streams at once")
    return [(name, value) for name, value in zip(names, added, strict=True) if value is not None]


def _worst(cut: Samples) -> float:
    return _PATIENCE * 1_000 if cut.lost or not cut.values else cut.percentile(1)
