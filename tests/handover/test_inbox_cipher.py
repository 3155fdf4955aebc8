"""Sealing secrets: only the right key and the right inbox open them, and keys can change."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from handover.errors import BadInput
from handover.inbox_cipher import Cipher, new_key

SECRETS = {"access_token": "EAAB·secret·ö", "app_secret": "0123456789abcdef"}


def test_what_was_sealed_opens_for_its_own_inbox_alone() -> None:
    cipher = Cipher([new_key()])
    sealed = cipher.seal("line.1", SECRETS)
    assert cipher.open("line.1", sealed) == SECRETS
    assert not any(value in sealed for value in SECRETS.values())
    with pytest.raises(BadInput, match="another inbox"):
        cipher.open("line.2", sealed)
    for broken in (sealed[:-4], "", "ö"):
        with pytest.raises(BadInput):
            cipher.open("line.1", broken)


def test_a_new_key_goes_before_the_old_one_and_the_old_one_may_go_once_all_is_sealed_anew() -> None:
    old, new = new_key(), new_key()
    sealed = Cipher([old]).seal("line.1", SECRETS)
    both = Cipher([new, old])
    anew = both.seal("line.1", both.open("line.1", sealed))
    assert Cipher([new]).open("line.1", anew) == SECRETS
    with pytest.raises(BadInput):
        Cipher([old]).open("line.1", anew)


def test_without_keys_one_is_made_in_a_file_that_only_we_can_read(tmp_path: Path) -> None:
    file = tmp_path / "new" / "record.keys"
    cipher = Cipher(file=file)
    with pytest.raises(BadInput, match="SECRETS_KEYS"):
        cipher.open("line.1", "gAAAA")
    assert not file.exists()
    sealed = cipher.seal("line.1", SECRETS)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert Cipher(file=file).open("line.1", sealed) == SECRETS


def test_without_keys_and_file_nothing_can_be_sealed_and_a_wrong_key_is_refused() -> None:
    with pytest.raises(BadInput, match="SECRETS_KEYS"):
        Cipher().seal("line.1", SECRETS)
    with pytest.raises(BadInput, match="new-key"):
        Cipher(["no key"])
