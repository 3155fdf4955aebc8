"""Proves who is asking: an order number AND the e-mail address on it. A wrong pair says nothing about either."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from actions.asked import Asked, Done
from actions.shop.port import Order, Orders

MOST_TRIES = 3

NO_MATCH = (
    "I can't match that order number and e-mail address to each other. Please check both: "
    "send the e-mail address used for the order, or a different order number."
)
LOCKED = (
    "I couldn't match an order number and e-mail address, so for safety I'll stop trying here. "
    "A person from our team can look into it with you."
)


@dataclass(frozen=True, slots=True)
class Proof:
    """``order`` only when the pair is right. ``slots`` are to be set in any case."""

    order: Order | None
    slots: dict[str, Any]
    locked: bool = False


async def prove(orders: Orders, asked: Asked) -> Proof:
    """Checks the pair of slots, counting wrong ones; raises ShopDown. An unfinished pair counts nothing."""
    number, email = asked.slot("order_number"), asked.slot("email")
    if asked.tries >= MOST_TRIES:
        return Proof(None, {"identity": "none"}, locked=True)
    if number is None or email is None:
        return Proof(None, {"identity": "none"})
    order = await orders.find(number, email)
    if order is not None:
        return Proof(order, {"identity": "order_verified", "identity_tries": 0})
    tries = asked.tries + 1
    slots = {"identity": "none", "identity_tries": tries, "email": None}
    return Proof(None, slots, locked=tries >= MOST_TRIES)


def refusal(tool: str, proof: Proof) -> Done:
    """The words for an unproven pair: the same whether the order exists or not."""
    if proof.locked:
        return Done(tool, LOCKED, facts={"identity": "not proved after three tries"}, slots=proof.slots,
                    offer_person=True)  # fmt: skip
    return Done(tool, NO_MATCH, facts={"identity": "not proved"}, slots=proof.slots, offer_person=True)
