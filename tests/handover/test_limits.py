"""Limits: what one address or one socket may ask for."""

from __future__ import annotations

import pytest

from handover.errors import TooMany
from handover.limits import Buckets, TokenBucket, WaitingRoom, address_key
from tests.support.hand_clock import HandClock


def test_a_burst_is_allowed_and_then_one_at_a_time() -> None:
    clock = HandClock()
    bucket = TokenBucket(clock.monotonic, per_second=2, burst=3)
    assert [bucket.take() for _ in range(3)] == [0, 0, 0]
    assert bucket.take() == pytest.approx(0.5)
    clock.advance(0.5)
    assert bucket.take() == 0
    assert bucket.take() > 0


def test_one_address_using_up_its_share_leaves_the_others_theirs() -> None:
    clock = HandClock()
    buckets = Buckets(clock.monotonic, per_second=1, burst=1)
    buckets.take("a", "slow down")
    with pytest.raises(TooMany) as refused:
        buckets.take("a", "slow down")
    assert refused.value.retry_after == pytest.approx(1)
    buckets.take("b", "slow down")


def test_addresses_longest_unused_are_forgotten_first() -> None:
    buckets = Buckets(HandClock().monotonic, per_second=1, burst=1, room=2)
    for key in "abc":
        buckets.take(key, "slow down")
    buckets.take("a", "forgotten, so new again")
    with pytest.raises(TooMany):
        buckets.take("c", "still known")


def test_strangers_are_limited_per_address_and_in_all_and_make_room_when_they_leave() -> None:
    room = WaitingRoom(per_address=1, total=2)
    with room.wait("a"):
        with pytest.raises(TooMany), room.wait("a"):
            pass
        with room.wait("b"), pytest.raises(TooMany), room.wait("c"):
            pass
    assert room.inside == 0
    with room.wait("a"):
        assert room.inside == 1


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
        (None, "unknown"),
    ],
)
def test_a_household_counts_as_one_address(address: str | None, key: str) -> None:
    assert address_key(address) == key
