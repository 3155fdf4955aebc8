"""Changes where an order goes, while that is still possible; otherwise offers a person."""

from __future__ import annotations

from actions.asked import Asked, Done
from actions.fence import Fence
from actions.identity import prove, refusal
from actions.order_tools import facts_of
from actions.shop.port import Address, Order, Orders, Status, TooLate

_TOOL = "change_address"
_FORM_DONE = {"street": None, "city": None, "postcode": None, "last_topic": "change_address"}


async def change_address(orders: Orders, fence: Fence, asked: Asked) -> Done:
    proof = await prove(orders, asked)
    order = proof.order
    if order is None:
        return refusal(_TOOL, proof)
    slots = {**proof.slots, **_FORM_DONE}
    if order.status is not Status.RECEIVED:
        return _too_late(order, slots)
    street, city, postcode = (asked.slot(name) for name in ("street", "city", "postcode"))
    if not (street and city and postcode):
        words = "I need the street with its number, the town and the postcode to change the address."
        return Done(_TOOL, words, slots=proof.slots, offer_person=True)
    await fence.pass_or_raise(asked.turn)
    address = Address(street, city, postcode)
    try:
        order = await orders.change_address(order.number, address, asked.turn.id and f"{asked.turn.id}:address")
    except TooLate as late:
        return _too_late(order, slots, late.status)
    spelled = f"{address.street}, {address.postcode} {address.city}"
    words = f"Done: order {order.number} will go to {spelled}."
    return Done(_TOOL, words, facts=facts_of(order) | {"new address": spelled}, slots=slots)


def _too_late(order: Order, slots: dict[str, str | int | None], status: Status | None = None) -> Done:
    state = (status or order.status).value
    words = (
        f"I can't change the address of order {order.number} any more (status: {state}). "
        "A person from our team can tell you what is still possible."
    )
    return Done(_TOOL, words, facts=facts_of(order) | {"order status": state}, slots=slots, offer_person=True)
