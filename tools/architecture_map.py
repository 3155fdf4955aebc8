"""Writes the map in ARCHITECTURE.md anew from the first sentence of every module."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.places import Places
from tools.trouble import Trouble, explained

PACKAGES = {
    "bot": "the customer's side",
    "actions": "what the bot can do",
    "handover": "the record and the desk",
}


def first_sentence(source: str) -> str:
    """The first sentence of a module's docstring, on one line."""
    told = " ".join((ast.get_docstring(ast.parse(source)) or "").split())
    return re.split(r"(?<=[.!?])\s+(?=[A-Z`“])", told)[0].replace("|", "\\|")


def rows(root: Path, package: str) -> Iterator[str]:
    """A row for each module that says something; revisions of the database are one line of their folder."""
    for path in sorted((root / package).rglob("*.py"), key=lambda path: (path.parent.as_posix(), path.name)):
        source = path.read_text(encoding="utf-8")
        if source.strip() and "versions" not in path.parts:
            yield f"| `{path.relative_to(root).as_posix()}` | {first_sentence(source)} |"


def with_map(document: str, root: Path) -> str:
    """The document with its section “Map” made anew. Raises Trouble when it has no such section."""
    before, heading, rest = document.partition("\n## Map\n")
    if not heading:
        raise Trouble("ARCHITECTURE.md has no section “## Map”: add it, then run the command again.")
    _, following, after = rest.partition("\n## ")
    tables = "".join(
        f"\n**`{package}/`: {what}**\n\n| file | what it is for |\n|---|---|\n" + "\n".join(rows(root, package)) + "\n"
        for package, what in PACKAGES.items()
    )
    return before + heading + tables + following + after


def main() -> int:
    """Rewrite the file."""
    places = Places()
    path = places.root / "ARCHITECTURE.md"
    path.write_text(with_map(path.read_text(encoding="utf-8"), places.root), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(explained(main))
