"""What the bot can say and do about one order: its state, its refund, cancelling it. Plain functions over the port."""

from __future__ import annotations

from datetime import date

from actions.asked import Asked, Done
from actions.fence import Fence
from actions.identity import prove, refusal
from actions.shop.port import Order, Orders, Return, ReturnStatus, Status, TooLate


def euros(cents: int) -> str:
    return f"€{cents / 100:,.2f}"


def spoken(day: date) -> str:
    """ "Tuesday 3 November", without a year: orders are recent."""
    return f"{day:%A} {day.day} {day:%B}"


def listed(order: Order) -> str:
    return ", ".join(f"{line.quantity} × {line.name}" if line.quantity > 1 else line.name for line in order.items)


def facts_of(order: Order) -> dict[str, str]:
    """For the agent's packet; only ever of an order whose identity is proved."""
    facts = {
        "order": order.number,
        "order status": order.status.value,
        "items": listed(order),
        "total": euros(order.cents),
        "placed": order.placed.isoformat(),
    }
    if order.delivered:
        facts["delivered"] = order.delivered.isoformat()
    elif order.expected:
        facts["expected"] = order.expected.isoformat()
    return facts


def describe(order: Order) -> str:
    """The order's state in words a customer can use."""
    start = f"Order {order.number} ({listed(order)})"
    expected = f" It should arrive around {spoken(order.expected)}." if order.expected else ""
    track = f" You can follow it here: {order.tracking}" if order.tracking else ""
    match order.status:
        case Status.RECEIVED:
            return f"{start} has been received and will be packed soon.{expected}"
        case Status.PACKING:
            return f"{start} is being packed.{expected}"
        case Status.SENT:
            day = f" on {spoken(order.sent)}" if order.sent else ""
            return f"{start} was sent{day} with {order.carrier or 'our carrier'}.{expected}{track}"
        case Status.DELIVERED:
            day = f" on {spoken(order.delivered)}" if order.delivered else ""
            return f"{start} was delivered{day}.{track}"
        case Status.CANCELLED:
            return f"{start} was cancelled."


async def order_status(orders: Orders, asked: Asked) -> Done:
    proof = await prove(orders, asked)
    if proof.order is None:
        return refusal("order_status", proof)
    slots = {**proof.slots, "last_topic": "order_status"}
    return Done("order_status", describe(proof.order), facts=facts_of(proof.order), slots=slots)


def describe_return(back: Return) -> str:
    what = f"Return {back.number} ({back.item}, {euros(back.cents)})"
    match back.status:
        case ReturnStatus.REGISTERED:
            return (
                f"{what} is registered, and the parcel has not reached us yet. The refund follows once it is checked."
            )
        case ReturnStatus.ARRIVED:
            return f"{what} has arrived and is being checked. The refund is sent when that is done."
        case ReturnStatus.REFUNDED:
            day = f" on {spoken(back.refunded)}" if back.refunded else ""
            return f"{what} was refunded{day}, to the way you paid."


async def refund_status(orders: Orders, asked: Asked) -> Done:
    proof = await prove(orders, asked)
    if proof.order is None:
        return refusal("refund_status", proof)
    order, backs = proof.order, await orders.returns_of(proof.order.number)
    slots = {**proof.slots, "last_topic": "refund_status"}
    facts = facts_of(order) | {f"return {back.number}": f"{back.item}: {back.status.value}" for back in backs}
    if backs:
        return Done("refund_status", " ".join(map(describe_return, backs)), facts=facts, slots=slots)
    if order.status is Status.CANCELLED:
        words = f"Order {order.number} was cancelled. I can't see the refund itself; a person can check it for you."
        return Done("refund_status", words, facts=facts, slots=slots, offer_person=True)
    words = f"There is no return for order {order.number} in our system, so no refund is on its way."
    return Done("refund_status", words, facts=facts, slots=slots, offer_person=True)


async def cancel_order(orders: Orders, fence: Fence, asked: Asked) -> Done:
    """Asks first, and cancels only on a yes to that very question; offers a person when it is too late."""
    proof = await prove(orders, asked)
    order = proof.order
    if order is None:
        return refusal("cancel_order", proof)
    slots = {**proof.slots, "last_topic": "cancel_order"}
    if order.status is Status.CANCELLED:
        return Done("cancel_order", f"Order {order.number} is cancelled.", facts=facts_of(order), slots=slots)
    if order.status is not Status.RECEIVED:
        return _too_late(order, slots)
    if asked.slot("pending_offer") != "cancel" or asked.intent != "affirm":
        question = f"Shall I cancel order {order.number} ({listed(order)}, {euros(order.cents)})? This can't be undone."
        slots["pending_offer"] = "cancel"
        buttons = (("Yes, cancel it", "/affirm"), ("No, keep it", "/deny"))
        return Done("cancel_order", question, facts=facts_of(order), slots=slots, buttons=buttons)
    await fence.pass_or_raise(asked.turn)
    try:
        order = await orders.cancel(order.number, asked.turn.id and f"{asked.turn.id}:cancel")
    except TooLate:
        return _too_late(order, slots)
    words = f"Done: order {order.number} is cancelled. The money goes back to the way you paid."
    return Done("cancel_order", words, facts=facts_of(order), slots=slots)


def _too_late(order: Order, slots: dict[str, str | int | None]) -> Done:
    words = (
        f"Order {order.number} can't be cancelled any more: it is past the point where I can stop it "
        f"(status: {order.status.value}). You can return it after delivery, or talk to a person."
    )
    return Done("cancel_order", words, facts=facts_of(order), slots=slots, offer_person=True)
