"""`make doctor`: what is there, what is missing, and the fix. Fails when `make up` would fail."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tools.debian import PACKAGES, SERVERS, on_path
from tools.disk import (
    NEED_EMBEDDER_GB,
    NEED_RASA_GB,
    NEED_RUNNING_GB,
    NEED_SERVICE_GB,
    NEED_TRAINING_GB,
    FreeSpace,
    free_bytes,
)
from tools.embedder import embedder_ready
from tools.environments import Environments
from tools.places import Places
from tools.ports import PORTS, chosen, in_use
from tools.process_env import GENERATED, read_env_file, settings_of
from tools.pythons import find_python_310, this_python
from tools.training import model_for_today
from tools.trouble import Trouble, explained

GOOD, LATER, OPTIONAL, BAD = "ok", "will do", "optional", "MISSING"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table. BAD stops `make up`; LATER is done by it; OPTIONAL is for developers or for later."""

    what: str
    state: str
    detail: str


class Doctor:
    """Looks at one checkout; changes nothing."""

    def __init__(self, places: Places, environ: Mapping[str, str] = os.environ, free: FreeSpace = free_bytes) -> None:
        self._places = places
        self._environ = environ
        self._free = free
        self._settings = settings_of(places, environ)
        self._environments = Environments(places, environ=environ)

    def findings(self) -> list[Finding]:
        """The whole table, top to bottom."""
        return [
            *self._pythons(),
            *self._made(),
            self._disk(),
            *self._ports(),
            self._secrets(),
            self._provider(),
            *self._programs(),
        ]

    def _pythons(self) -> Iterator[Finding]:
        yield Finding("Python for the service", GOOD, this_python().version)
        found = find_python_310(self._environ)
        if found is not None:
            yield Finding("Python 3.10 for Rasa", GOOD, found.version)
        elif self._environments.rasa_ready():
            yield Finding("Python 3.10 for Rasa", GOOD, "in .venv-rasa")
        else:
            yield Finding("Python 3.10 for Rasa", BAD, "`make up` asks uv to fetch it; surer: `pyenv install 3.10`")

    def _made(self) -> Iterator[Finding]:
        environments = self._environments
        parts = {
            ".venv as pinned": environments.service_ready(developing=False),
            ".venv-rasa as pinned": environments.rasa_ready(),
            "sentence embedder": embedder_ready(self._places),
            "Rasa model for today's data": model_for_today(self._places).is_file(),
        }
        for what, ready in parts.items():
            yield Finding(what, GOOD if ready else LATER, "" if ready else "`make up` makes it")

    def _disk(self) -> Finding:
        environments = self._environments
        needed = NEED_RUNNING_GB
        needed += 0 if environments.service_ready(developing=False) else NEED_SERVICE_GB
        needed += 0 if environments.rasa_ready() else NEED_RASA_GB
        needed += 0 if embedder_ready(self._places) else NEED_EMBEDDER_GB
        needed += 0 if model_for_today(self._places).is_file() else NEED_TRAINING_GB
        left = self._free(self._places.root) / 1e9
        words = f"{left:.1f} GB free, {needed:.1f} GB needed"
        return Finding("disk", GOOD, words) if left >= needed else Finding("disk", BAD, words + ": free some space")

    def _ports(self) -> Iterator[Finding]:
        for port in PORTS:
            what = f"port of {port.process}"
            try:
                number = chosen(port, self._settings)
            except Trouble as trouble:
                yield Finding(what, BAD, str(trouble))
                continue
            if in_use(number):
                fix = f"{number} is in use: stop what uses it, or `make up {port.variable}={number + 10}`"
                yield Finding(what, BAD, fix)
            else:
                yield Finding(what, GOOD, f"{number} is free")

    def _secrets(self) -> Finding:
        path = self._places.secrets
        if not path.is_file():
            return Finding("secrets", LATER, "`make up` makes var/secrets.env")
        missing = [name for name in GENERATED if not read_env_file(path.read_text(encoding="utf-8")).get(name)]
        if missing:
            return Finding("secrets", LATER, f"`make up` adds {', '.join(missing)}")
        if path.stat().st_mode & 0o077:
            return Finding("secrets", BAD, "others can read var/secrets.env: chmod 600 var/secrets.env")
        return Finding("secrets", GOOD, "var/secrets.env")

    def _provider(self) -> Finding:
        told = self._settings.get("LLM_PROVIDER") or "auto"
        has_key = bool(self._settings.get("OPENAI_API_KEY") or self._settings.get("OPENAI_BASE_URL"))
        if told == "openai" and not has_key:
            return Finding(
                "language model", BAD, "LLM_PROVIDER=openai needs OPENAI_API_KEY or OPENAI_BASE_URL (see .env.example)"
            )
        if told not in {"auto", "openai", "offline"}:
            return Finding("language model", BAD, f"LLM_PROVIDER={told} is not known: auto, openai or offline")
        if told != "offline" and has_key:
            return Finding("language model", GOOD, "openai, answers offline when it fails")
        return Finding("language model", GOOD, "offline answers from data/knowledge; set OPENAI_API_KEY for a model")

    def _programs(self) -> Iterator[Finding]:
        wanted = {
            "node": "only to change the pages (`make ui`) and for `make test`",
            "chromium": "only for `make test`",
            **dict.fromkeys(SERVERS, "only for `make up-distributed` and `make test`"),
            "docker-compose": "only for `make test`",
        }
        for program, purpose in wanted.items():
            package = PACKAGES[program]
            found = on_path(program, self._settings.get("PATH", ""))
            yield Finding(package, GOOD, purpose) if found else Finding(package, OPTIONAL, f"not there; {purpose}")


def main() -> int:
    """Print the table. Returns 1 when `make up` would fail."""
    findings = Doctor(Places()).findings()
    width = max(len(finding.what) for finding in findings)
    for finding in findings:
        print(f"{finding.what:<{width}}  {finding.state:<8}  {finding.detail}".rstrip())
    bad = [finding.what for finding in findings if finding.state == BAD]
    print(f"\n`make up` would fail; mend: {', '.join(bad)}." if bad else "\n`make up` will work.")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(explained(main))
