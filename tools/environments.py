"""Makes the two Python environments from the pinned files, and leaves them alone while nothing has changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.commands import Command, run, say, step
from tools.disk import NEED_RASA_GB, NEED_SERVICE_GB, FreeSpace, free_bytes, need
from tools.installer import TORCH, Installer
from tools.places import Places, python_of
from tools.pythons import ask, obtain_python_310, this_python
from tools.stamps import fingerprint, holds, put
from tools.trouble import Trouble

STAMP = "switchboard-pins.txt"


class Environments:
    """The two environments of one checkout: whether each is up to date, and how to make it so."""

    def __init__(
        self, places: Places, *, free: FreeSpace = free_bytes, environ: Mapping[str, str] = os.environ
    ) -> None:
        self._places = places
        self._free = free
        self._environ = environ

    def pins(self, *, developing: bool) -> list[Path]:
        """The pinned files of the service's environment; with `developing`, those for the checks as well."""
        names = ["installer.txt", "service.txt", *(["dev.txt"] if developing else [])]
        return [self._places.requirements / name for name in names]

    def service_ready(self, *, developing: bool) -> bool:
        """Whether .venv holds what the pins say, for the interpreter it was made with."""
        environment = self._places.service_environment
        return holds(environment / STAMP, self.expected(environment, self.pins(developing=True))) or (
            not developing and holds(environment / STAMP, self.expected(environment, self.pins(developing=False)))
        )

    def rasa_ready(self) -> bool:
        """Whether .venv-rasa holds what the pins say."""
        environment = self._places.rasa_environment
        return holds(environment / STAMP, self.expected(environment, [self._places.requirements / "rasa.txt"]))

    def make(self, *, developing: bool = False) -> None:
        """Bring both environments up to date. Raises Trouble when a Python or the space is missing."""
        service_ready, rasa_ready = self.service_ready(developing=developing), self.rasa_ready()
        if service_ready and rasa_ready:
            return
        gigabytes = (0 if service_ready else NEED_SERVICE_GB) + (0 if rasa_ready else NEED_RASA_GB)
        need(gigabytes, "the Python packages", self._places.root, self._free)
        self._have_service_environment()
        installer = Installer(self._places)
        installer.bootstrap()
        if not rasa_ready:
            # Before the minutes of installing: a missing Python 3.10 is said at once.
            self._have_rasa_environment(installer)
        fills: list[Callable[[], None]] = []
        if not service_ready:
            fills.append(lambda: self._fill_service(installer, self.pins(developing=developing)))
        if not rasa_ready:
            rasa = [self._places.requirements / "rasa.txt"]
            fills.append(lambda: self._fill(self._places.rasa_environment, installer, rasa))
        # At the same time: pip unpacks torch on one core, and downloads keep none busy.
        with ThreadPoolExecutor(len(fills)) as threads:
            for filling in [threads.submit(fill) for fill in fills]:
                filling.result()

    def expected(self, environment: Path, pins: Sequence[Path]) -> str:
        """What the stamp of an environment says when it was made from these pins by today's interpreter."""
        return fingerprint(pins, TORCH, _version_of(environment), root=self._places.root)

    def _have_service_environment(self) -> None:
        environment = self._places.service_environment
        if _works(environment, (3, 11), (4,)):
            return
        _clear(environment)
        python = this_python()
        step(f"making {environment.name} with Python {python.version}", [python.path, "-m", "venv", environment])

    def _have_rasa_environment(self, installer: Installer) -> None:
        environment = self._places.rasa_environment
        if _works(environment, (3, 10), (3, 11)):
            return
        python = obtain_python_310(self._environ, uv=installer.uv)
        _clear(environment)
        command: Command = [python.path, "-m", "venv", environment]
        if installer.uv:
            # uv makes environments even where a system's Python was packaged without venv; --seed adds pip.
            command = [*installer.uv, "venv", "--quiet", "--no-project", "--seed", "--python", python.path, environment]
        step(f"making {environment.name} with Python {python.version}", command)

    def _fill_service(self, installer: Installer, pins: Sequence[Path]) -> None:
        (self._places.service_environment / STAMP).unlink(missing_ok=True)
        installer.install_torch()
        self._fill(self._places.service_environment, installer, pins)

    def _fill(self, environment: Path, installer: Installer, pins: Sequence[Path]) -> None:
        (environment / STAMP).unlink(missing_ok=True)
        installer.install(environment, pins)
        put(environment / STAMP, self.expected(environment, pins))


def _version_of(environment: Path) -> str:
    """The version an environment was made for, read from its own note: no interpreter is started for it."""
    note = environment / "pyvenv.cfg"
    if not note.is_file():
        return "none"
    for line in note.read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition("=")
        if name.strip() in {"version", "version_info"}:
            return value.strip()
    return "unknown"


def _works(environment: Path, least: tuple[int, ...], below: tuple[int, ...]) -> bool:
    """Whether the environment's Python starts (the Python it was made with may be gone), fits, and has pip."""
    found = ask(python_of(environment))
    if found is None or not least <= tuple(int(part) for part in found.version.split(".")[:2]) < below:
        return False
    return run([python_of(environment), "-m", "pip", "--version"]).ok


def _clear(environment: Path) -> None:
    """Remove what is left of an environment that cannot be used. A link made by hand is not ours to follow."""
    if environment.is_symlink():
        raise Trouble(
            f"{environment.name} is a link to an environment that does not work: remove the link,"
            " then run the same command again."
        )
    if environment.exists():
        say(f"  {environment.name} does not work any more and is made anew")
        shutil.rmtree(environment)
