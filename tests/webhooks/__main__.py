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
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import yaml

from handover.inbox_cipher import Cipher, new_key
from handover.policy_settings import POLICY_FOLDER
from tests.support.processes import free_port
from tests.support.serving import serving
from tests.webhooks.inboxes import put_into
from tests.webhooks.judge import judged, left
from tests.webhooks.load import Poster, messages
from tests.webhooks.platforms import Platforms, body_of

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

    async def play(self) -> dict[str, Any]:
        url = f"sqlite+aiosqlite:///{self.folder / 'record.db'}"
        key = new_key()
        await put_into(url, Cipher([key]))
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        async with httpx2.AsyncClient(base_url=address, timeout=30) as http:
            poster, reports = Poster(http), Poster(http)

            async def report(channel: str, webhook: dict[str, Any]) -> None:
                await reports.post(channel, body_of(webhook))

            platforms = Platforms(report, random.Random(self.seed + 1), lost=0.02)
            async with self._served(platforms) as bases:
                service = Service(self._environment(url, key, port, bases), self.folder / "service.log", address)
                await service.begin()
                try:
                    return await self._told(url, service, poster, platforms)
                finally:
                    await service.stop()

    async def _told(self, url: str, service: Service, poster: Poster, platforms: Platforms) -> dict[str, Any]:
        said = messages(max(1, self.webhooks * 8 // 10 // _EACH), _EACH, int(time.time()) - 3600, self.rng)
        first = [(message.channel, message.body) for message in said]
        webhooks = first + self.rng.choices(first, k=self.webhooks - len(first))
        self.rng.shuffle(webhooks)
        quick, rest = webhooks[: len(webhooks) // 10], webhooks[len(webhooks) // 10 :]
        await poster.at_rate(quick, 100)
        waits = sorted(poster.waits)
        began = time.monotonic()
        size = len(rest) // (self.kills + 1) + 1
        for number in range(self.kills + 1):
            share = rest[number * size : (number + 1) * size]
            posting = asyncio.create_task(poster.through(share, 32))
            if number < self.kills:
                await asyncio.sleep(self.rng.uniform(1.0, 3.0))
                await service.kill()
                await service.begin()
            await posting
        posted = time.monotonic() - began
        await self._until_quiet(url, platforms)
        verdict = await judged(url, said, platforms.sent)
        verdict.wrong += platforms.violations
        return {
            "seed": self.seed,
            "webhooks": len(webhooks),
            "posts": poster.tried,
            "kills": service.kills,
            "seconds posting": round(posted, 1),
            "seconds in all": round(time.monotonic() - began, 1),
            "ms to acknowledge at 100/s": {
                "median": round(1000 * statistics.median(waits), 1),
                "p99": round(1000 * waits[int(len(waits) * 0.99)], 1),
                "longest": round(1000 * waits[-1], 1),
                "of": len(waits),
            },
            "courtesies": platforms.courtesies,
            **verdict.figures,
            "wrong": verdict.wrong,
            "machine": f"{os.cpu_count()} CPUs, {platform.platform()}, Python {platform.python_version()}",
        }

    async def _until_quiet(self, url: str, platforms: Platforms) -> None:
        """Until nothing is left to do, twice in a row; what is left after the time limit shows in the verdict."""
        end, quiet, told = time.monotonic() + _QUIET_SECONDS, 0, 0.0
        while quiet < 3 and time.monotonic() < end:
            await asyncio.sleep(0.5)
            await platforms.reported()
            now = await left(url)
            quiet = 0 if any(now.values()) else quiet + 1
            if time.monotonic() - told > 10:
                told = time.monotonic()
                print("left:", ", ".join(f"{name} {count}" for name, count in now.items()), flush=True)

    @contextlib.asynccontextmanager
    async def _served(self, platforms: Platforms) -> AsyncIterator[dict[str, str]]:
        async with serving(lambda port: platforms.app()) as address:
            names = ("GRAPH_URL", "INSTAGRAM_URL", "TELEGRAM_URL", "TELEGRAM_FILE_URL", "X_URL")
            yield dict.fromkeys((*names, "LINE_URL", "LINE_DATA_URL"), f"http://{address}")

    def _environment(self, url: str, key: str, port: int, bases: dict[str, str]) -> dict[str, str]:
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
        return {**os.environ, **own, **bases}


def main() -> None:
    """Ends with 1 when anything is wrong."""
    asked = argparse.ArgumentParser(prog="python -m tests.webhooks")
    asked.add_argument("--webhooks", type=int, default=10_000)
    asked.add_argument("--kills", type=int, default=3)
    asked.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="switchboard-webhooks-") as folder:
        found = asyncio.run(Run(given.seed, given.webhooks, given.kills, Path(folder)).play())
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found | {"wrong": found["wrong"][:20]}, indent=2))
    raise SystemExit(1 if found["wrong"] else 0)


if __name__ == "__main__":
    main()
