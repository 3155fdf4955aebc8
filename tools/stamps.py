"""Remembers what a folder was made from, by content, so that nothing is done twice and a change is noticed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def fingerprint(paths: Iterable[Path], *words: str, root: Path) -> str:
    """A hash over words and over the content of files and folders below `root`. Missing ones count as such."""
    digest = hashlib.sha256()
    for word in words:
        digest.update(f"word {word}\0".encode())
    for path in sorted(set(_files(paths))):
        digest.update(f"file {path.relative_to(root).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b"missing")
    return digest.hexdigest()


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if path.is_dir():
            yield from (
                inner
                for inner in path.rglob("*")
                if inner.is_file() and "__pycache__" not in inner.parts and inner.suffix != ".pyc"
            )
        else:
            yield path


def holds(stamp: Path, expected: str) -> bool:
    """Whether the stamp file says what is expected."""
    return stamp.is_file() and stamp.read_text(encoding="utf-8").strip() == expected


def put(stamp: Path, value: str) -> None:
    """Write the stamp; last of all, so that an interrupted step is done again."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(value + "\n", encoding="utf-8")
