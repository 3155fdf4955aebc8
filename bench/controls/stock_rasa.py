"""The control of the bot's rows: Rasa 3.6.21 as its own documentation runs it, `rasa run` with the REST channel.

How it was set up: one process, the same trained model and action server as ours, its own SQL tracker store on SQLite
(what is said survives a restart, as with us; its default would keep it in memory), its own lock store in memory, no
access token, and NumPy with one thread as with us (with its usual number a turn takes the processors twice as long).
What it does not do that we do: nobody can take a conversation over, nothing is acknowledged before the answer is there,
a page has no socket and sees nothing that others say, a message sent twice is answered twice, and a burst is answered
line by line. It is a dialogue engine, and a good one: our product runs on it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tests.support.processes import Child
from tests.support.stack import RASA, ROOT, newest_model
from tools.process_env import QUIET_RASA, SERVING

NAME = "stock rasa"
# No calls home and no remarks at the start; both Rasas get the same, as `make up` gives it.
ENVIRONMENT: Mapping[str, str] = {**QUIET_RASA, **SERVING, "SANIC_HOST": "127.0.0.1", "PYTHONUNBUFFERED": "1"}


def stock_rasa(folder: Path, port: int, actions: int) -> Child:
    """The process, not started yet; ``actions`` is the port of its action server."""
    file = folder / "stock-endpoints.yml"
    file.write_text(
        f"action_endpoint:\n  url: http://127.0.0.1:{actions}/webhook\n"
        f"tracker_store:\n  type: SQL\n  dialect: sqlite\n  db: {folder}/stock.db\n"
    )
    channels = folder / "stock-credentials.yml"
    channels.write_text("rest:\n")
    return Child("stock", rasa_command(port, file, channels), ROOT, dict(ENVIRONMENT), folder / "stock.log")


def rasa_command(port: int, endpoints: Path, credentials: Path) -> list[str]:
    """`rasa run` with the shop's model; ``credentials`` names its channels."""
    run = [str(RASA), "run", "-i", "127.0.0.1", "-p", str(port), "-m", str(newest_model())]
    return [*run, "--endpoints", str(endpoints), "--credentials", str(credentials)]


def message(sender: str, text: str) -> bytes:
    """The body of a message to the REST channel."""
    return json.dumps({"sender": sender, "message": text}).encode()


def is_answer(status: int, body: bytes) -> bool:
    """Whether the REST channel has answered: it says 200 and an empty list when it has failed."""
    return status == 200 and len(body) > 2
