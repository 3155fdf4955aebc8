"""Programs beside Python that the checks and the distributed topology need, and the Debian packages they come in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence

from tools.commands import must, run
from tools.trouble import Trouble

# Program → package. What `make up-distributed` runs; PostgreSQL's own programs are not on the PATH, its lister is.
SERVERS: Mapping[str, str] = {"pg_lsclusters": "postgresql", "redis-server": "redis-server", "nginx": "nginx-light"}
# What `make test` needs: Chromium for the browser journeys, Node for the front-end's own checks, docker-compose to
# read docker-compose.yml.
PACKAGES: Mapping[str, str] = {
    "chromium": "chromium",
    "node": "nodejs",
    "npm": "npm",
    **SERVERS,
    "docker-compose": "docker-compose",
}

Which = Callable[[str], str | None]


def on_path(program: str, path: str | None = None) -> str | None:
    """Where a program is, or None. Debian keeps servers in folders that only root has on the PATH."""
    folders = os.environ.get("PATH", os.defpath) if path is None else path
    return shutil.which(program, path=os.pathsep.join([folders, "/usr/sbin", "/sbin"]))


def missing_packages(which: Which = on_path, packages: Mapping[str, str] = PACKAGES) -> list[str]:
    """The Debian packages of the programs that are not on the PATH."""
    return [package for program, package in packages.items() if which(program) is None]


def have_packages(
    which: Which = on_path,
    *,
    root: bool | None = None,
    packages: Mapping[str, str] = PACKAGES,
    who: str = "The checks need",
) -> Sequence[str]:
    """Install what is missing; returns what was installed. Raises Trouble that names the packages when we may not."""
    lacking = missing_packages(which, packages)
    if not lacking:
        return []
    may = os.geteuid() == 0 if root is None else root
    if not may or which("apt-get") is None:
        raise Trouble(f"{who} these programs; install them first: sudo apt-get install {' '.join(lacking)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    must(run(["apt-get", "update"], env=quiet), "apt-get update")
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *lacking]
    must(run(install, env=quiet), f"apt-get install {' '.join(lacking)}")
    return lacking
