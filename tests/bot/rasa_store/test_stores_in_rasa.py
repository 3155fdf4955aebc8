"""Our stores inside Rasa's own environment, made by Rasa from our endpoints files."""

import json
import os
import subprocess
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.distributed import Database
from tests.support.embedder import RASA_PYTHON, ROOT
from tools.local_servers import RedisServer

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(400)]
NOWHERE = "9"  # the discard port: nobody listens


def probed(endpoints: str, **environment: str) -> dict[str, Any]:
    ran = subprocess.run(
        [RASA_PYTHON, ROOT / "tests" / "support" / "stores_probe.py", ROOT / endpoints],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    report: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return report


def distributed(postgres: Database, lock_port: str) -> dict[str, Any]:
    at = urlsplit(postgres.url)
    return probed(
        "endpoints.distributed.yml",
        ACTIONS_URL="http://127.0.0.1:5055",
        TRACKER_DB_HOST=at.hostname or "",
        TRACKER_DB_PORT=str(at.port),
        TRACKER_DB_NAME=postgres.name,
        TRACKER_DB_USER=at.username or "",
        TRACKER_DB_PASSWORD="none",
        LOCK_REDIS_HOST="127.0.0.1",
        LOCK_REDIS_PORT=lock_port,
        LOCK_REDIS_PASSWORD="",
    )


def check(report: dict[str, Any]) -> None:
    trackers, locks = report["trackers"], report["locks"]
    assert (trackers["store"], locks["store"]) == ("FedTrackerStore", "BriefLockStore")
    assert (trackers["empty"], trackers["emptied"], trackers["keys"]) == (True, True, ["c"])
    assert (trackers["slot"], trackers["saved"]) == ("Oslo", ["one", "two"])
    assert trackers["replaced"] == ["replaced"], "a late turn wrote over what the next one was given"
    assert locks["order"] == ["first begins", "first ends", "second begins", "second ends"]
    assert locks["waited"] < 60, "it waited for a process that died"
    held = report["held"]
    assert (held["given_and_said"], held["is_what_was_saved"]) == (["given", "said"], True)
    assert held["shelf"] == ["on the shelf"], "a turn that is held reached a store"
    assert held["nothing_else"]
    assert held["waited"] < 2, "a turn that is held waited for another"


def test_one_rasa_keeps_trackers_and_locks_itself() -> None:
    check(probed("endpoints.yml"))


@pytest.mark.servers
def test_several_share_them_in_postgresql_and_redis(postgres: Database, redis_server: RedisServer) -> None:
    check(distributed(postgres, str(urlsplit(redis_server.url).port)))
    assert postgres.ask("SELECT sender FROM fed_trackers") == [("c",)]


@pytest.mark.servers
def test_without_redis_each_keeps_its_own_locks(postgres: Database) -> None:
    check(distributed(postgres, NOWHERE))
