"""The command `switchboard` in a checkout: the command line with the settings that `make up` gives the service.

`switchboard --distributed …` works on what `make up-distributed` runs.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping

from tools.places import Places
from tools.ports import PORTS, chosen
from tools.process_env import read_env_file, settings_of
from tools.trouble import Trouble, explained


def operating_env(places: Places, settings: Mapping[str, str]) -> dict[str, str]:
    """Variables of the caller, over `.env`, over the secrets that are there, over addresses made of the ports.

    Nothing is made: a checkout that never ran has no secrets yet. Raises Trouble for a port that is none.
    """
    numbers = {port.variable: str(chosen(port, settings)) for port in PORTS}
    addresses = {
        "SERVICE_URL": f"http://127.0.0.1:{numbers['PORT']}",
        "RASA_URL": f"http://127.0.0.1:{numbers['RASA_PORT']}",
        "ACTIONS_URL": f"http://127.0.0.1:{numbers['ACTIONS_PORT']}",
    }
    secrets = places.secrets
    kept = read_env_file(secrets.read_text(encoding="utf-8")) if secrets.is_file() else {}
    return {**addresses, **kept, **{name: value for name, value in settings.items() if value}}


def distributed_env(places: Places) -> dict[str, str]:
    """Where `make up-distributed` has its record and its first replicas. Raises Trouble when it never ran."""
    note = places.var / "distributed" / "addresses.json"
    if not note.is_file():
        raise Trouble("Nothing distributed ran here yet: start it with `make up-distributed`.")
    at = json.loads(note.read_text(encoding="utf-8"))
    first = {"SERVICE_URL": "services", "RASA_URL": "rasas", "ACTIONS_URL": "actions"}
    return {
        "DATABASE_URL": at["postgres"],
        "REDIS_URL": at["redis"],
        "PORT": at["services"][0].rpartition(":")[2],
        **{name: at[kind][0] for name, kind in first.items()},
    }


def main() -> int:
    """Become the command line. Returns only when that fails."""
    places = Places()
    python = str(places.service_python)
    arguments = sys.argv[1:]
    try:
        env = operating_env(places, settings_of(places))
        if arguments[:1] == ["--distributed"]:
            env, arguments = env | distributed_env(places), arguments[1:]
    except PermissionError as error:
        raise Trouble(f"{error.filename} cannot be read: be the account that runs Switchboard.") from error
    os.execve(python, [python, "-m", "bot.cli", *arguments], env)


if __name__ == "__main__":
    sys.exit(explained(main))
