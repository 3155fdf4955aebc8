"""Two real Rasa processes on one PostgreSQL and one Redis, and the relay in front: quick messages lose nothing.

Stock Rasa with such stores lost 3 to 5 of 160 messages without a word; its stores and locks are not what we rely on.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from bot.rasa_http import RasaHttp
from bot.relay import Relay
from bot.relay_settings import RelaySettings
from handover.clock import SystemClock
from handover.desk import CustomerMessage, Desk, open_desk
from handover.entries import AuthorKind, ConversationId, EntryKind
from handover.policy_settings import load_policy
from tests.support import tiny_rasa
from tests.support.distributed import Database, flush
from tests.support.relay_world import SECRET, backends_in
from tools.local_servers import RedisServer

pytestmark = [pytest.mark.rasa, pytest.mark.servers, pytest.mark.timeout(590)]
WORDS = ("many.", "hello.", "paragraphs.", "hello.")


class NoRepeats:
    """Whoever says hello again is not angry yet."""

    kind = "lexical"

    async def count(self, text: str, earlier: Sequence[str]) -> int:
        return 0


class EitherRasa(RasaHttp):
    """Each call goes to the other one, as behind a proxy."""

    def __init__(self, urls: list[str]) -> None:
        super().__init__(urls[0])
        self._rasas = [RasaHttp(url, token=tiny_rasa.TOKEN, at_once=True) for url in urls]
        self._each = itertools.cycle(self._rasas)

    async def aclose(self) -> None:
        await super().aclose()
        for rasa in self._rasas:
            await rasa.aclose()

    async def _call(self, method: str, path: str, seconds: float, body: object = None, **params: str) -> object:
        return await RasaHttp._call(next(self._each), method, path, seconds, body, **params)


@pytest.fixture
def rasas(tiny_folder: Path, postgres: Database, redis_server: RedisServer) -> Iterator[list[str]]:
    shared = {"tracker": postgres.url.replace("+psycopg", ""), "lock": redis_server.url}
    with ExitStack() as stack:
        actions = stack.enter_context(tiny_rasa.running_actions(tiny_folder))
        yield [stack.enter_context(tiny_rasa.running_rasa(tiny_folder, actions, **shared)) for _ in range(2)]


@asynccontextmanager
async def a_relay(desk: Desk, rasas: list[str]) -> AsyncIterator[Relay]:
    # Time enough for a crowded machine, and less than Rasa's locks live.
    settings = RelaySettings(policy=load_policy(), turn_seconds=50, turns_at_once=8)
    async with EitherRasa(rasas) as dialogue:
        relay = Relay(desk, dialogue, settings=settings, clock=SystemClock(), repeats=NoRepeats(), secret=SECRET)
        running = asyncio.create_task(relay.run())
        try:
            yield relay
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


async def quick(relay: Relay, here: ConversationId, run: str, words: tuple[str, ...]) -> None:
    for number, text in enumerate(words):
        await relay.customer_says(here, CustomerMessage(text, f"{run}-{number}"))


async def until_answered(desk: Desk, relay: Relay) -> None:
    while True:
        if not relay.at_work and not await desk.bot.unanswered(older_than=0):
            return
        await asyncio.sleep(0.05)


async def check(desk: Desk, here: ConversationId, said: int) -> None:
    """Every message is in the record and has one outcome; the bot spoke once for each."""
    entries, decisions = await desk.reading.entries(here), await desk.reading.decisions(here)
    customer = [entry.offset for entry in entries if entry.author.kind is AuthorKind.CUSTOMER]
    assert len(customer) == said
    for offset in customer:
        assert len([d for d in decisions if d.first_offset <= offset <= d.last_offset]) == 1
    bot = [entry.offset for entry in entries if entry.author.kind is AuthorKind.BOT and entry.kind is EntryKind.MESSAGE]
    assert bot == [decision.entry_offset for decision in decisions]
    assert {decision.evidence.failure for decision in decisions} == {None}


async def test_forty_customers_with_four_quick_messages_each_are_answered_once_also_when_redis_and_trackers_are_lost(
    rasas: list[str], postgres: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    async with backends_in(tmp_path) as backends:
        desk = open_desk(backends, clock=SystemClock(), policy=load_policy())
        async with a_relay(desk, rasas) as relay:
            heres = []
            for _ in range(40):
                customer = await desk.customers.new_customer(name="Bo")
                heres.append((await desk.customers.start("web", customer.id)).id)
            await asyncio.gather(*(quick(relay, here, "first", WORDS) for here in heres))
            flush(redis_server)
            await until_answered(desk, relay)
            for here in heres:
                await check(desk, here, 4)
            few = heres[:8]
            await asyncio.gather(*(quick(relay, here, "known", ("many.",)) for here in few))
            await until_answered(desk, relay)
            postgres.ask("DELETE FROM fed_trackers")
            redis_server.kill()
            await asyncio.gather(*(quick(relay, here, "second", ("hello.", "paragraphs.")) for here in few))
            await until_answered(desk, relay)
            for here in few:
                await check(desk, here, 7)
                assert (await desk.reading.decisions(here))[-1].slots["tried"] == "yes", "known from before"
