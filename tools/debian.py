"""Programs the checks need beside Python, and the Debian packages they come in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence

from tools.commands import must, run
from tools.trouble import Trouble

# Program → package. Chromium for the browser journeys, Node for the front-end's own checks.
PACKAGES: Mapping[str, str] = {
    "chromium": "chromium",
    "node": "nodejs",
    "npm": "npm",
    "pg_lsclusters": "postgresql",
    "redis-server": "redis-server",
    "nginx": "nginx-light",
    "docker-compose": "docker-compose",
}

Which = Callable[[str], str | None]


def missing_packages(which: Which = shutil.which) -> list[str]:
    """The Debian packages of the programs that are not on the PATH."""
    return [package for program, package in PACKAGES.items() if which(program) is None]


def have_packages(which: Which = shutil.which, *, root: bool | None = None) -> Sequence[str]:
    """Install what is missing; returns what was installed. Raises Trouble that names the packages when we may not."""
    packages = missing_packages(which)
    if not packages:
        return []
    may = os.geteuid() == 0 if root is None else root
    if not may or which("apt-get") is None:
        raise Trouble(f"The checks need these programs; install them first: sudo apt-get install {' '.join(packages)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    must(run(["apt-get", "update"], env=quiet), "apt-get update")
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    must(run(install, env=quiet), f"apt-get install {' '.join(packages)}")
    return packages
