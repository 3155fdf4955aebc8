"""Puts packages into the two environments: uv when it can be had, pip otherwise, with pip's own settings respected."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.commands import Command, run, step
from tools.places import Places, python_of
from tools.trouble import Trouble

# Installed by itself before the rest: on Linux the plain package brings several GB of CUDA that nothing here uses.
TORCH = "torch==2.13.0"

# The way out is not taken by itself: on Linux it may bring several GB.
NO_TORCH = (
    f"The CPU build of {TORCH} cannot be fetched: put its wheel where pip's find-links points, or install it yourself"
    f" (`.venv/bin/python -m pip install {TORCH}`), then run the same command again."
)

# As pip does. Measured: rasa is ready after 15 s of CPU instead of 24 s when nothing has to be compiled first.
COMPILE = "--compile-bytecode"

# What pip is told in its settings, and the variable by which uv is told the same.
UV_NAMES = {"find-links": "UV_FIND_LINKS", "index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX"}


def pip_settings(python: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Where pip is told to look: find-links, index-url and extra-index-url, from its variables or its files.

    Values are single lines, several places divided by blanks.
    """
    settings: dict[str, str] = {}
    for name in UV_NAMES:
        told = environ.get("PIP_" + name.upper().replace("-", "_"), "")
        if not told:
            said = run([python, "-m", "pip", "config", "get", f"global.{name}"])
            told = said.output if said.ok else ""
        if told.strip():
            settings[name] = " ".join(told.split())
    return settings


def uv_environment(settings: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables that make uv look where pip looks. What somebody set for uv stays as it is."""
    told: dict[str, str] = {}
    for name, variable in UV_NAMES.items():
        if name in settings and variable not in environ:
            # Links are divided by commas for uv, indexes by blanks.
            told[variable] = settings[name].replace(" ", ",") if name == "find-links" else settings[name]
    if "UV_INDEX" in told and "UV_INDEX_STRATEGY" not in environ:
        # As pip does: the pinned version may come from any of them.
        told["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return told


class Installer:
    """Installs into an environment. `uv` is empty when there is no uv for this machine."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._bootstrap = places.service_python
        self.settings = pip_settings(self._bootstrap)
        self.uv: tuple[str | Path, ...] = ()
        self._uv_env = uv_environment(self.settings)

    def bootstrap(self) -> None:
        """Put the pinned uv into the service's environment, by pip; go on with pip alone where there is none."""
        pin = self._places.requirements / "installer.txt"
        if not re.search(r"^uv==", pin.read_text(encoding="utf-8"), re.MULTILINE):
            return
        uv = (self._bootstrap, "-m", "uv")
        done = run([self._bootstrap, "-m", "pip", "install", "--quiet", "-r", pin])
        self.uv = uv if done.ok and run([*uv, "--version"]).ok else ()

    def install(self, environment: Path, requirements: Sequence[Path]) -> None:
        """Install pinned files into an environment. Raises Trouble when that fails."""
        files = [part for file in requirements for part in ("-r", file)]
        names = " and ".join(file.name for file in requirements)
        if self.uv:
            command = [*self.uv, "pip", "install", COMPILE, "--python", python_of(environment), *files]
        else:
            command = [python_of(environment), "-m", "pip", "install", *files]
        step(f"installing {names} into {environment.name}", command, env=self._uv_env)

    def install_torch(self) -> None:
        """Install the CPU build of torch: from pip's find-links when it is there, else by uv's own knowledge of it."""
        python = self._bootstrap
        if _has(python, TORCH):
            return
        if "find-links" in self.settings:
            # No dependencies: they are pinned in service.txt, which follows.
            local: Command = [python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", TORCH]
            if run(local).ok:
                return
        command: Command = [python, "-m", "pip", "install", TORCH]
        if self.uv:
            command = [*self.uv, "pip", "install", COMPILE, "--python", python, "--torch-backend", "cpu", TORCH]
        try:
            step(f"installing {TORCH} (CPU build)", command, env=self._uv_env)
        except Trouble as trouble:
            raise Trouble(f"{trouble}\n{NO_TORCH}") from None


def _has(python: Path, pin: str) -> bool:
    """Whether an environment holds exactly that version; a build's own suffix, such as +cpu, does not matter."""
    name, _, version = pin.partition("==")
    said = run([python, "-c", f"import importlib.metadata; print(importlib.metadata.version('{name}'))"])
    return said.ok and said.output.strip().partition("+")[0] == version
