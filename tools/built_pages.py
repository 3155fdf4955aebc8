"""Does the committed front-end build equal a rebuild of its sources? Builds again and compares file by file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from tools.commands import must, run
from tools.places import Places
from tools.trouble import Trouble

# What vite writes; committed, so that nobody needs Node to run Switchboard.
BUILT = ("bot/widget/dist", "handover/console/dist")


def snapshot(root: Path) -> Mapping[str, str]:
    """Every built file with the hash of its content."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in BUILT
        for path in sorted((root / folder).rglob("*"))
        if path.is_file()
    }


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The names of files that are new, gone or changed."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def same_after_rebuild(places: Places) -> str:
    """Build again. Returns a sentence when all is the same; raises Trouble that names the files that are not."""
    before = snapshot(places.root)
    tracked = set(run(["git", "ls-files", *BUILT], cwd=places.root).output.splitlines())
    must(run(["npm", "run", "build"], cwd=places.root), "npm run build")
    changed = sorted({*differences(before, snapshot(places.root)), *(before.keys() - tracked)})
    if not before or changed:
        raise Trouble(
            f"The committed front-end build is not what its sources give; run `make ui` and commit: {changed}"
        )
    return f"{len(before)} built files are the same after a rebuild"
