"""How the three forms read an answer: normalise it, keep it or say why not, and prove the identity."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from actions import customer_facts
from actions.asked import Asked
from actions.identity import MOST_TRIES, NO_MATCH, prove
from actions.return_tools import item_meant
from actions.shop.port import Order, Orders, ShopDown

_SPELL = {
    "order_number": (
        customer_facts.order_number,
        "I couldn't find an order number in that: it has six digits.",
    ),
    "email": (
        customer_facts.email,
        "That doesn't look like a complete e-mail address. I need the one used for the order, like anna@example.com.",
    ),
    "street": (customer_facts.street, "I need the street together with the house number, like “Lindenstraat 12”."),
    "city": (customer_facts.city, "I need just the name of the town or city, like “Utrecht”."),
    "postcode": (customer_facts.postcode, "That doesn't look like a postcode. For example: 3511 AB, 79098 or S11 8YL."),
}
_LONGEST_REASON = 300


def read_answer(slot: str, value: Any) -> tuple[str | None, str | None]:
    """(what to keep, what to say): one of the two is None. Lists come when a message names several; the last counts."""
    if isinstance(value, list):
        value = value[-1] if value else None
    text = str(value or "").strip()
    if slot in _SPELL:
        reader: Callable[[str], str | None]
        reader, hint = _SPELL[slot]
        kept = reader(text)
        return kept, None if kept else hint
    text = " ".join(text.split())[:_LONGEST_REASON]
    return (text, None) if len(text) > 1 else (None, "Could you say that in a few more words, please?")


async def settle(
    orders: Orders, asked: Asked, required: list[str], *, seconds: float
) -> tuple[dict[str, Any], list[str]]:
    """After the answers are read: (slots to set, sentences to say).

    Proves the pair once it is complete. ``requested_slot: None`` ends the form early, when there is nothing left
    to ask: no tries left, or the shop does not answer (the form's own action then says so).
    """
    if not (asked.slot("order_number") and asked.slot("email")):
        return ({"requested_slot": None} if asked.tries >= MOST_TRIES else {}), []
    try:
        async with asyncio.timeout(seconds):
            proof = await prove(orders, asked)
    except (TimeoutError, ShopDown):
        return {"identity": "none", "requested_slot": None}, []
    if proof.locked:
        return {**proof.slots, "requested_slot": None}, []
    if proof.order is None:
        return proof.slots, [NO_MATCH]
    if "product" not in required:
        return proof.slots, []
    more, said = settle_product(proof.order, asked)
    return proof.slots | more, said


def settle_product(order: Order, asked: Asked) -> tuple[dict[str, Any], list[str]]:
    """The item to return: the only one of the order, or the one the words mean."""
    words = asked.slot("product")
    if words is None:
        return ({"product": order.items[0].name}, []) if len(order.items) == 1 else ({}, [])
    item = item_meant(order, words)
    if item is not None:
        return {"product": item.name}, []
    names = ", ".join(line.name for line in order.items)
    return {"product": None}, [f"I can't find that on order {order.number}. It holds: {names}."]


def with_slots(asked: Asked, slots: dict[str, Any]) -> Asked:
    return replace(asked, slots={**asked.slots, **slots})
