"""Finds the two Pythons: 3.11 or newer for the service, exactly 3.10 for Rasa 3.6, which runs on nothing newer."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.commands import Finished, run
from tools.trouble import Trouble

Runner = Callable[[Sequence[str | Path]], Finished]

NO_PYTHON_310 = (
    "Rasa needs Python 3.10 and none was found: install it (for example `pyenv install 3.10`, `uv python install 3.10`,"
    " or your system's python3.10 package), then run the same command again."
)


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that was started once and answered: its path and its version, such as 3.10.13."""

    path: Path
    version: str


def ask(path: str | Path, runner: Runner = run) -> Interpreter | None:
    """The interpreter behind a path, or None when it does not start (a pyenv shim of an unselected version, say)."""
    said = runner([path, "-c", "import platform, sys; print(sys.executable, platform.python_version(), sep='|')"])
    parts = said.output.strip().split("|")
    if not said.ok or len(parts) != 2:
        return None
    return Interpreter(Path(parts[0]), parts[1])


def this_python() -> Interpreter:
    """The Python that runs the tools; the Makefile has chosen it, 3.11 first because the pins are made for it."""
    version = ".".join(str(number) for number in sys.version_info[:3])
    return Interpreter(Path(sys.executable), version)


def candidates_310(environ: Mapping[str, str]) -> Iterator[Path]:
    """Places where a Python 3.10 may be: the PATH first, then pyenv's versions, the newest first."""
    for name in ("python3.10", "python3"):
        found = shutil.which(name, path=environ.get("PATH", ""))
        if found:
            yield Path(found)
    pyenv = Path(environ.get("PYENV_ROOT") or Path(environ.get("HOME", "/")) / ".pyenv")
    for folder in sorted((pyenv / "versions").glob("3.10*"), reverse=True):
        yield folder / "bin" / "python3.10"


def find_python_310(
    environ: Mapping[str, str] = os.environ, *, uv: Sequence[str | Path] = (), runner: Runner = run
) -> Interpreter | None:
    """A working Python 3.10, or None. `uv` is the command that starts uv; with it, Pythons made by uv count too."""
    for path in candidates_310(environ):
        found = ask(path, runner)
        if found is not None and found.version.startswith("3.10."):
            return found
    if uv:
        said = runner([*uv, "python", "find", "--no-project", "--managed-python", "3.10"])
        if said.ok and said.output.strip():
            return ask(said.output.strip().splitlines()[-1], runner)
    return None


def obtain_python_310(
    environ: Mapping[str, str] = os.environ, *, uv: Sequence[str | Path] = (), runner: Runner = run
) -> Interpreter:
    """A working Python 3.10, fetched by uv when the machine has none. Raises Trouble when that fails as well."""
    found = find_python_310(environ, uv=uv, runner=runner)
    if found is None and uv and runner([*uv, "python", "install", "3.10"]).ok:
        found = find_python_310(environ, uv=uv, runner=runner)
    if found is None:
        raise Trouble(NO_PYTHON_310)
    return found
