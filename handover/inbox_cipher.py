"""Keeps the secrets of inboxes unreadable in the record: Fernet (AES-128-CBC with HMAC-SHA256), keys that can change.

Of several keys the first seals and all of them open, so that a new key is put before the old one, everything is
sealed anew (`switchboard inboxes rotate-keys`), and the old key goes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from handover.errors import BadInput

NO_KEYS = "Inboxes need a key to keep their secrets with: set SECRETS_KEYS (`switchboard inboxes new-key`)."


class Cipher:
    """``keys`` are Fernet keys, newest first; without any, one is made in ``file`` when it is first needed.

    Raises BadInput for a key that is none.
    """

    def __init__(self, keys: Sequence[str] = (), *, file: Path | None = None) -> None:
        self._fernet = _fernet(keys) if keys else None
        self._file = None if keys else file

    def seal(self, inbox: str, secrets: Mapping[str, str]) -> str:
        """The secrets of one inbox as text for the record. Raises BadInput when there is no key."""
        # The inbox's own id is sealed with them: copied to another row they do not open.
        plain = json.dumps({"inbox": inbox, "secrets": dict(secrets)})
        return self._made().encrypt(plain.encode()).decode()

    def open(self, inbox: str, sealed: str) -> dict[str, str]:
        """What `seal` was given for this inbox. Raises BadInput when none of the keys opens it."""
        fernet = self._there()
        if fernet is None:
            raise BadInput(NO_KEYS)
        try:
            found = json.loads(fernet.decrypt(sealed.encode()))
        except (InvalidToken, ValueError) as error:
            raise BadInput("None of the keys in SECRETS_KEYS opens the secrets of this inbox.") from error
        if found["inbox"] != inbox:
            raise BadInput("These are the secrets of another inbox.")
        return {str(name): str(value) for name, value in found["secrets"].items()}

    def _there(self) -> MultiFernet | None:
        if self._fernet is None and self._file is not None and self._file.exists():
            self._fernet = _fernet(self._file.read_text().replace(",", " ").split())
        return self._fernet

    def _made(self) -> MultiFernet:
        if self._there() is None and self._file is not None:
            _make(self._file)
        fernet = self._there()
        if fernet is None:
            raise BadInput(NO_KEYS)
        return fernet


def new_key() -> str:
    """A fresh key for SECRETS_KEYS."""
    return Fernet.generate_key().decode()


def _fernet(keys: Sequence[str]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise BadInput("SECRETS_KEYS must be keys as `switchboard inboxes new-key` makes them.") from error


def _make(file: Path) -> None:
    """A key file that is whole or not there, and of which the first stays: another process may be at it too."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    with open(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as writing:
        writing.write(new_key())
        writing.flush()
        os.fsync(writing.fileno())
    try:
        os.link(part, file)
    except FileExistsError:
        pass
    finally:
        part.unlink()
