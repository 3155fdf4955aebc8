"""Meta's proof of address and its signature: who is vouched for, and that nothing malformed raises."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.channel import Arrived, Handshake
from bot.channels.messenger import Messenger
from bot.channels.meta import SignedByMeta, graph_call, of_account, shortened
from bot.channels.whatsapp import WhatsApp
from handover.inboxes import Inbox
from tests.support.signed_by_meta import signature
from tests.support.spoilt_json import patient

META = SignedByMeta()
INBOX = Inbox(
    id="messenger.0a1b2c3d",
    channel="messenger",
    name="The shop's page",
    account="42",
    settings={"verify_token": "wörd"},
    secrets={"app_secret": "test-app-secret", "access_token": "page-token"},
)
BODY = b'{"object":"page","entry":[{"text":"\\u00e4\\/"}]}'
SOUND = {"hub.mode": "subscribe", "hub.verify_token": "wörd", "hub.challenge": "1158201444"}


def asked(**changes: str) -> Handshake:
    query = SOUND | {f"hub.{name}": value for name, value in changes.items()}
    return META.handshake(INBOX, Arrived(b"", {}, query))


def test_the_challenge_comes_back_as_plain_text() -> None:
    assert asked() == Handshake(ours=True, body="1158201444", media_type="text/plain")


@pytest.mark.parametrize(
    "changes",
    [
        {"verify_token": "word"},
        {"verify_token": ""},
        {"verify_token": "\ud800"},
        {"mode": "unsubscribe"},
        {"challenge": ""},
        {"challenge": "<script> x"},
        {"challenge": "9" * 257},
    ],
)
def test_whoever_does_not_know_our_token_is_told_nothing(changes: dict[str, str]) -> None:
    assert asked(**changes) == Handshake(ours=False)


def test_an_inbox_without_a_token_is_nobodys() -> None:
    bare = replace(INBOX, settings={})
    assert not META.handshake(bare, Arrived(b"", {}, SOUND | {"hub.verify_token": ""})).ours
    assert not META.handshake(INBOX, Arrived(b"", {}, {})).ours


def vouched(headers: dict[str, str], body: bytes = BODY, inbox: Inbox = INBOX) -> bool:
    return META.verify(inbox, Arrived(body, headers, {}))


def test_the_bytes_as_they_came_are_signed() -> None:
    sound = signature("test-app-secret", BODY)
    assert vouched(sound)
    assert not vouched(sound, BODY.replace(b"\\/", b"/"))
    assert not vouched(sound, BODY + b" ")
    assert not vouched(signature("another secret", BODY))


def test_an_empty_secret_vouches_for_nothing() -> None:
    for secrets in ({}, {"app_secret": ""}):
        assert not vouched(signature("", BODY), inbox=replace(INBOX, secrets=secrets))


def test_the_older_signature_counts_for_nothing() -> None:
    sound = signature("test-app-secret", BODY)["x-hub-signature-256"]
    assert not vouched({"x-hub-signature": "sha1=" + "0" * 40})
    assert vouched({"x-hub-signature": "sha1=wrong", "x-hub-signature-256": sound})


@patient
@given(
    st.text() | st.sampled_from(["sha256=", "sha256=é", "sha1=0", "\udfff", "sha256=" + "0" * 64, "SHA256=" + "a" * 64])
)
def test_no_header_raises(header: str) -> None:
    assert not vouched({"x-hub-signature-256": header})


def test_a_signature_is_exact_in_its_case_and_length() -> None:
    sound = signature("test-app-secret", BODY)["x-hub-signature-256"]
    for wrong in (sound.upper(), sound[:-1], sound + "0", sound.removeprefix("sha256="), f" {sound}"):
        assert not vouched({"x-hub-signature-256": wrong})


def test_no_account_leaves_its_place_in_a_path() -> None:
    for account in ("../../me", "..", "1?x=1", "a/b", "a b"):
        path = graph_call(INBOX, f"{of_account(replace(INBOX, account=account))}/messages").path
        assert path.count("/") == 3
        assert not any(odd in path.removeprefix("/v26.0") for odd in ("..", "?", " "))


def test_a_secret_stands_in_no_address_and_in_no_text_about_a_call() -> None:
    for channel in (Messenger(), WhatsApp()):
        calls: list[Any] = [channel.check(INBOX), *channel.prepare(INBOX, "https://shop.example/hook")]
        assert all("page-token" not in call.path and "page-token" not in repr(call) for call in calls)
        assert all(call.headers["Authorization"] == "Bearer page-token" for call in calls)


def test_what_is_cut_ends_in_a_sign_of_it() -> None:
    assert (shortened("abcdef", 6), shortened("abcde fg", 7), shortened("abcdefgh", 4)) == ("abcdef", "abcde…", "abc…")
