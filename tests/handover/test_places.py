"""How many sockets one person, one address and everybody may have open."""

from __future__ import annotations

import pytest

from handover.errors import TooMany
from handover.places import PlaceLimits, Places


def test_one_person_and_one_address_have_so_many_places_and_get_them_back() -> None:
    places = Places(PlaceLimits(per_person=1, per_address=2, total=3))
    with places.take("ann", "office"):
        with pytest.raises(TooMany) as refused, places.take("ann", "home"):
            pass
        assert refused.value.retry_after > 0
        with places.take("bob", "office"), pytest.raises(TooMany), places.take("cid", "office"):
            pass
    with places.take("ann", "office"):
        assert places.taken == 1
    assert places.taken == 0


def test_there_is_room_for_so_many_in_all() -> None:
    places = Places(PlaceLimits(per_person=9, per_address=9, total=1))
    with places.take("ann", "here"), pytest.raises(TooMany), places.take("bob", "there"):
        pass
