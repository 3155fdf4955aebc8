"""Visitor tokens: they prove which customer comes back, and nothing else does."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey

from bot.visitors import Visitors
from handover.entries import CustomerId
from handover.errors import NotSignedIn
from tests.support.hand_clock import HandClock

SECRET = b"a secret only this test knows, 32+"
ANNA = CustomerId("customer-anna")


def _part(value: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_returning_visitor_is_the_same_customer() -> None:
    visitors = Visitors(SECRET, clock=HandClock())
    assert visitors.customer_of(visitors.token_for(ANNA)) == ANNA


def test_a_token_ends_after_its_days() -> None:
    clock = HandClock()
    visitors = Visitors(SECRET, clock=clock, days=10)
    token = visitors.token_for(ANNA)
    clock.advance(10 * 86_400 - 5)
    assert visitors.customer_of(token) == ANNA
    clock.advance(10)
    with pytest.raises(NotSignedIn):
        visitors.customer_of(token)


def test_a_token_in_use_is_renewed_before_it_ends() -> None:
    clock = HandClock()
    visitors = Visitors(SECRET, clock=clock, days=10)
    token = visitors.token_for(ANNA)
    assert visitors.known(token) == (ANNA, token)
    clock.advance(6 * 86_400)
    known, fresh = visitors.known(token)
    assert known == ANNA
    assert fresh != token
    clock.advance(6 * 86_400)
    assert visitors.customer_of(fresh) == ANNA


def test_a_visitor_stays_known_when_the_clock_is_set_back_or_another_replica_is_behind() -> None:
    ahead = HandClock()
    ahead.advance(3_600)
    token = Visitors(SECRET, clock=ahead).token_for(ANNA)
    assert Visitors(SECRET, clock=HandClock()).customer_of(token) == ANNA


def _hostile(clock: HandClock) -> dict[str, str]:
    good = Visitors(SECRET, clock=clock).token_for(ANNA)
    head, body, mac = good.split(".")
    now = int(clock.now().timestamp())
    claims: dict[str, object] = {"sub": ANNA, "aud": "switchboard:visitor", "iat": now, "exp": now + 9_999}
    key = OctKey.import_key(SECRET)
    return {
        "another installation's": Visitors(b"quite another secret, also 32 long", clock=clock).token_for(ANNA),
        "signed with the bare secret": jwt.encode({"alg": "HS256"}, claims, key),
        "alg none": f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}.",
        "alg None with the old signature": f"{_part({'alg': 'None'})}.{body}.{mac}",
        "alg HS512": jwt.encode({"alg": "HS512"}, claims, key, algorithms=["HS512"]),
        "another subject under the old signature": f"{head}.{_part({**claims, 'sub': 'customer-bob'})}.{mac}",
        "cut": good[:-2],
        "no signature": f"{head}.{body}.",
        "nothing": "",
        "not a token": "let me in",
        "not ASCII": "é.é.é",
        "NUL": good + "\x00",
        "lone surrogate": "\ud800.a.b",
    }


@pytest.mark.parametrize("name", list(_hostile(HandClock())))
def test_no_other_token_proves_anything(name: str) -> None:
    clock = HandClock()
    with pytest.raises(NotSignedIn):
        Visitors(SECRET, clock=clock).customer_of(_hostile(clock)[name])


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "switchboard:agent"},
        {"aud": None},
        {"exp": None},
        {"sub": None},
        {"sub": 7},
        {"sub": ""},
        {"exp": "soon"},
    ],
)
def test_a_token_for_another_purpose_or_without_an_end_is_refused(change: dict[str, object]) -> None:
    clock = HandClock()
    visitors = Visitors(SECRET, clock=clock)
    now = int(clock.now().timestamp())
    claims = {"sub": ANNA, "aud": "switchboard:visitor", "iat": now, "exp": now + 9_999} | change
    token = jwt.encode({"alg": "HS256"}, {k: v for k, v in claims.items() if v is not None}, visitors._key)
    with pytest.raises(NotSignedIn):
        visitors.customer_of(token)


@given(st.text(max_size=200))
def test_no_text_at_all_is_worse_than_not_signed_in(text: str) -> None:
    with pytest.raises(NotSignedIn):
        Visitors(SECRET, clock=HandClock()).customer_of(text)
