"""`make webhooks`: ten thousand webhooks, a fifth of them twice, shuffled, and the service killed three times.

`python -m tests.webhooks [--webhooks N] [--kills N] [--seed N]` writes results/webhooks.json and ends with 1 when
anything is missing, double, or not what the record says.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import yaml

from handover.backends import open_backends
from handover.inbox_cipher import Cipher, new_key
from handover.inboxes import Inbox
from handover.policy_settings import POLICY_FOLDER
from handover.record_ports_inboxes import KeptInbox
from tests.sim.accounts import demo_inbox
from tests.sim.driver import Simulator, simulating
from tests.support.processes import free_port
from tests.webhooks.judge import judged, left
from tests.webhooks.load import CHANNELS, Load, messages

RESULTS = Path("results") / "webhooks.json"
_EACH = 10  # messages of one person
_QUIET_SECONDS = 900.0
_UNKNOWN_SECONDS = 15.0  # in place of 120: how long a report is waited for


@dataclass
class Service:
    """The service as a process of its own, which can be killed and begun again."""

    environment: dict[str, str]
    log: Path
    address: str
    process: asyncio.subprocess.Process | None = None
    kills: int = 0

    async def begin(self) -> None:
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.webhooks.service_process", env=self.environment, stdout=log, stderr=log
            )
        async with httpx2.AsyncClient() as http:
            for _ in range(600):
                with contextlib.suppress(httpx2.TransportError):
                    if (await http.get(f"{self.address}/healthz")).status_code == 200:
                        return
                await asyncio.sleep(0.1)
        raise RuntimeError(f"the service did not start: {self.log.read_text()[-2000:]}")

    async def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        await self.process.wait()
        self.kills += 1

    async def stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()


@dataclass
class Run:
    """One run and what it came to."""

    seed: int
    webhooks: int
    kills: int
    folder: Path
    rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def play(self) -> dict[str, Any]:
        url = f"sqlite+aiosqlite:///{self.folder / 'record.db'}"
        key, port = new_key(), free_port()
        inboxes = [demo_inbox(channel, f"{number:08x}") for number, channel in enumerate(CHANNELS, 1)]
        asyncio.run(_put_into(url, Cipher([key]), inboxes))
        address = f"http://127.0.0.1:{port}"
        with simulating(*inboxes) as sim:
            sim.serve(address)
            sim.faults.lose(0.02, random.Random(self.seed + 1))
            service = Service(self._environment(url, key, port, sim.environment), self.folder / "service.log", address)
            return asyncio.run(self._played(url, service, sim))

    async def _played(self, url: str, service: Service, sim: Simulator) -> dict[str, Any]:
        await service.begin()
        try:
            return await self._told(url, service, sim)
        finally:
            await service.stop()

    async def _told(self, url: str, service: Service, sim: Simulator) -> dict[str, Any]:
        people = max(1, self.webhooks * 8 // 10 // _EACH)
        said = messages(sim, people, _EACH, sim.now() - timedelta(hours=1), self.rng)
        hooks = [message.hook for message in said]
        hooks += self.rng.choices(hooks, k=self.webhooks - len(hooks))
        self.rng.shuffle(hooks)
        quick, rest = hooks[: len(hooks) // 10], hooks[len(hooks) // 10 :]
        load = Load(sim)
        await asyncio.to_thread(sim.do, load.at_rate(quick, 100), seconds=600)
        waits, began = sorted(load.waits), time.monotonic()
        size = len(rest) // (self.kills + 1) + 1
        for number in range(self.kills + 1):
            share = rest[number * size : (number + 1) * size]
            posting = asyncio.create_task(asyncio.to_thread(sim.do, load.through(share, 32), seconds=1200))
            if number < self.kills:
                await asyncio.sleep(self.rng.uniform(1.0, 3.0))
                await service.kill()
                await service.begin()
            await posting
        posted = time.monotonic() - began
        await self._until_quiet(url, sim)
        verdict = await judged(url, said, sim.sent())
        verdict.wrong += sim.violations
        return {
            "seed": self.seed,
            "webhooks": len(hooks),
            "posts": load.tried,
            "kills": service.kills,
            "seconds posting": round(posted, 1),
            "seconds in all": round(time.monotonic() - began, 1),
            "ms to acknowledge at 100/s": {
                "median": round(1000 * statistics.median(waits), 1),
                "p99": round(1000 * waits[int(len(waits) * 0.99)], 1),
                "longest": round(1000 * waits[-1], 1),
                "of": len(waits),
            },
            "typing and seen marks": len(sim.calls(what="typing")) + len(sim.calls(what="seen")),
            **verdict.figures,
            "wrong": verdict.wrong,
            "machine": f"{os.cpu_count()} CPUs, {platform.platform()}, Python {platform.python_version()}",
        }

    async def _until_quiet(self, url: str, sim: Simulator) -> None:
        """Until nothing is left to do, three times in a row; what is left after the time limit shows in the verdict."""
        end, quiet, told = time.monotonic() + _QUIET_SECONDS, 0, 0.0
        while quiet < 3 and time.monotonic() < end:
            await asyncio.sleep(0.5)
            await asyncio.to_thread(sim.quiet)
            now = await left(url)
            quiet = 0 if any(now.values()) else quiet + 1
            if time.monotonic() - told > 10:
                told = time.monotonic()
                print("left:", ", ".join(f"{name} {count}" for name, count in now.items()), flush=True)

    def _environment(self, url: str, key: str, port: int, platforms: dict[str, str]) -> dict[str, str]:
        policy = yaml.safe_load((POLICY_FOLDER / "policy.yml").read_text())
        policy["outbox"]["unknown_seconds"] = _UNKNOWN_SECONDS
        policy["outbox"]["lease_seconds"] = 25
        policy["decide"]["repeats"] = 1000  # these customers do repeat themselves
        file = self.folder / "policy.yml"
        file.write_text(yaml.safe_dump(policy))
        own = {
            "DATABASE_URL": url,
            "PORT": str(port),
            "SECRETS_KEYS": key,
            "SECRET_FILE": str(self.folder / "secret"),
            "POLICY_FILE": str(file),
            "REPEAT_SIMILARITY": "1.0",
        }
        return {**os.environ, **own, **platforms}


async def _put_into(database_url: str, cipher: Cipher, inboxes: Sequence[Inbox]) -> None:
    """A fresh record with the inboxes in it."""
    async with open_backends(database_url) as backends, backends.records.transaction() as tx:
        for inbox in inboxes:
            kept = KeptInbox(replace(inbox, secrets={}), cipher.seal(inbox.id, inbox.secrets))
            assert await tx.inboxes.add(kept, datetime.now(UTC))


def main() -> None:
    """Ends with 1 when anything is wrong."""
    asked = argparse.ArgumentParser(prog="python -m tests.webhooks")
    asked.add_argument("--webhooks", type=int, default=10_000)
    asked.add_argument("--kills", type=int, default=3)
    asked.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="switchboard-webhooks-") as folder:
        found = Run(given.seed, given.webhooks, given.kills, Path(folder)).play()
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found | {"wrong": found["wrong"][:20]}, indent=2))
    raise SystemExit(1 if found["wrong"] else 0)


if __name__ == "__main__":
    main()
