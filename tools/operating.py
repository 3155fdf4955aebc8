"""The command `switchboard` in a checkout: the command line with the settings that `make up` gives the service."""

from __future__ import annotations

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


def main() -> int:
    """Become the command line. Returns only when that fails."""
    places = Places()
    python = str(places.service_python)
    try:
        env = operating_env(places, settings_of(places))
    except PermissionError as error:
        raise Trouble(f"{error.filename} cannot be read: be the account that runs Switchboard.") from error
    os.execve(python, [python, "-m", "bot.cli", *sys.argv[1:]], env)


if __name__ == "__main__":
    sys.exit(explained(main))
