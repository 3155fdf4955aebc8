"""Registers a return: 30 days from delivery, returnable items only, once per order and item however often it runs."""

from __future__ import annotations

from datetime import date, timedelta

from actions.asked import Asked, Done
from actions.fence import Fence
from actions.identity import prove, refusal
from actions.order_tools import euros, facts_of, spoken
from actions.shop.port import Item, Order, Orders, Status

RETURN_DAYS = 30
_TOOL = "submit_return"
_FORM_DONE = {"product": None, "return_reason": None, "last_topic": "return_request"}


def item_meant(order: Order, words: str) -> Item | None:
    """The line of the order the words mean best; None when no word fits or two lines fit equally."""
    asked = _stems(words)
    scored = sorted(((len(asked & _stems(line.name)), n) for n, line in enumerate(order.items)), reverse=True)
    if words.strip().casefold() in {line.sku.casefold() for line in order.items}:
        return next(line for line in order.items if line.sku.casefold() == words.strip().casefold())
    if not scored or scored[0][0] == 0 or (len(scored) > 1 and scored[0][0] == scored[1][0]):
        return None
    return order.items[scored[0][1]]


def _stems(words: str) -> set[str]:
    plain = "".join(c if c.isalnum() else " " for c in words.casefold()).split()
    return {word.removesuffix("s") for word in plain if len(word) > 2}


def why_not(order: Order, item: Item, today: date) -> str | None:
    """The reason this item can't be returned, in words for the customer; None when it can."""
    if order.status is Status.CANCELLED:
        return f"Order {order.number} was cancelled, so there is nothing to return."
    if order.status is not Status.DELIVERED or order.delivered is None:
        return (
            f"Order {order.number} has not been delivered yet (status: {order.status.value}). "
            "A return can be registered once it has arrived."
        )
    if not item.returnable:
        return f"The {item.name} is one of the few things that can't be returned."
    last = order.delivered + timedelta(days=RETURN_DAYS)
    if today > last:
        return f"The {RETURN_DAYS} days for returning order {order.number} ended on {spoken(last)}."
    return None


async def submit_return(orders: Orders, fence: Fence, asked: Asked, today: date) -> Done:
    proof = await prove(orders, asked)
    order = proof.order
    if order is None:
        return refusal(_TOOL, proof)
    item = item_meant(order, asked.slot("product") or "")
    slots = {**proof.slots, **_FORM_DONE}
    if item is None:
        words = f"I couldn't tell which item of order {order.number} you would like to return."
        return Done(_TOOL, words, facts=facts_of(order), slots=slots, offer_person=True)
    facts = facts_of(order) | {"return of": item.name, "return reason": asked.slot("return_reason") or "not given"}
    there = next((back for back in await orders.returns_of(order.number) if back.sku == item.sku), None)
    if there is not None:
        words = f"There is already a return for the {item.name}: {there.number} ({there.status.value})."
        return Done(_TOOL, words, facts=facts | {"return": there.number}, slots=slots)
    if reason := why_not(order, item, today):
        return Done(_TOOL, reason, facts=facts | {"return refused": reason}, slots=slots, offer_person=True)
    await fence.pass_or_raise(asked.turn)
    key = asked.turn.id and f"{asked.turn.id}:return"
    back = await orders.open_return(order.number, item.sku, asked.slot("return_reason") or "", key)
    words = (
        f"Your return is registered: {back.number} for the {back.item} ({euros(back.cents)}). "
        "You will get the label by e-mail. The refund follows once the parcel has arrived and been checked."
    )
    return Done(_TOOL, words, facts=facts | {"return": back.number}, slots=slots)
