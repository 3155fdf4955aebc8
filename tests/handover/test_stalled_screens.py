"""A hundred consoles that stop reading: the others are served as before, memory stays bounded, they come back whole."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from pathlib import Path

from handover.ports import Told
from handover.screens import AGENTS
from tests.support.bare_socket import BareSocket
from tests.support.service import Service, running_service
from tests.support.talking import Page

STALLED = 100
MOST_MIB = 50
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES / 2**20


async def _stalled_console(service: Service, token: str) -> BareSocket:
    bare = await BareSocket.connect(service.address, small=True)
    bare.asks_to_upgrade("/ws/agent", Authorization=f"Bearer {token}")
    await bare.is_upgraded()
    bare.says(type="hello")
    return bare


async def _gauge(service: Service, name: str) -> float:
    text = (await service.http.get("/metrics")).text
    return float(next(line.split()[-1] for line in text.splitlines() if line.startswith(name)))


async def test_consoles_that_stop_reading_cost_little_and_harm_nobody(tmp_path: Path) -> None:
    limits = {"sockets_per_person": 200, "strangers_per_address": 200, "send_seconds": 1.0, "recheck_seconds": 1.0}
    async with running_service(tmp_path, **limits) as service, AsyncExitStack() as stack:
        ada = await service.hire("Ada")
        reader = await stack.enter_async_context(service.console(ada))
        stalled = [await _stalled_console(service, ada) for _ in range(STALLED)]
        for bare in stalled:
            stack.callback(bare.vanishes)
        await _floods(service, reader)
        while await _gauge(service, 'switchboard_sockets{side="agent"}') > 1:
            assert reader.errors() == []
        assert await _gauge(service, 'switchboard_fell_behind_total{side="agent"}') == STALLED


async def test_who_reads_nothing_is_heard_all_the_same(tmp_path: Path) -> None:
    limits = {"send_seconds": 600.0}  # long enough that it is not cut off meanwhile
    async with running_service(tmp_path, **limits) as service, AsyncExitStack() as stack:
        ada = await service.hire("Ada")
        reader = await stack.enter_async_context(service.console(ada))
        stalled = await _stalled_console(service, ada)
        stack.callback(stalled.vanishes)
        for number in range(40):  # more than the line between them holds, less than the queue does
            text = f'{{"type":"typing","author":{{"kind":"bot","name":"{number} {"x" * 16_000}"}}}}'
            await service.backends.live.publish(Told(AGENTS, "typing", text))
        _, welcome = await stack.enter_async_context(service.new_customer())
        here = welcome["conversation"]
        await reader.says(type="open", conversation=here)
        await reader.hears("presence")
        stalled.says(type="note", conversation=here, client_id="n1", text="heard all the same")
        assert (await reader.hears("note"))["text"] == "heard all the same"


async def _floods(service: Service, reader: Page) -> None:
    """Thirty megabytes to every console; the one that reads gets all of it."""
    before = resident_mib()
    words = "x" * 16_000
    for number in range(2_000):
        text = f'{{"type":"typing","author":{{"kind":"bot","name":"{number} {words}"}}}}'
        await service.backends.live.publish(Told(AGENTS, "typing", text))
        if number % 20 == 19:
            await reader.hears("typing", lambda frame, last=number: frame["author"]["name"].startswith(f"{last} "))
            reader.heard.clear()
    assert resident_mib() - before < MOST_MIB
