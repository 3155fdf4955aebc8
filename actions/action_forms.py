"""The validation actions of the three forms, and the question which item to return: shells over `order_forms`."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import FormValidationAction
from rasa_sdk.types import DomainDict

from actions.asked import asked_from
from actions.identity import MOST_TRIES
from actions.order_forms import read_answer, settle, with_slots
from actions.shop import the_shop
from actions.shop.port import Shop, ShopDown
from actions.tool import PERSON_BUTTON, TOOL_SECONDS
from actions.tracing import traced

# After so many unusable answers in one form the re-ask carries a way out.
_MISSES_BEFORE_OFFER = 2


class ShopForm(FormValidationAction, ABC):
    """Reads all new answers first, then proves the pair once: so a message with both facts counts as one try."""

    def __init__(self, shop: Shop | None = None, seconds: float = TOOL_SECONDS) -> None:
        self._shop, self._seconds = shop, seconds

    @abstractmethod
    def name(self) -> str:
        """validate_ and the form's name."""

    @traced
    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        return list(await super().run(dispatcher, tracker, domain))

    async def get_validation_events(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        required = list(self.domain_slots(domain))
        asked, slots, hints = asked_from(tracker), dict[str, Any](), list[str]()
        for slot, value in tracker.slots_to_validate().items():
            if slot in required and value is not None:
                slots[slot], hint = read_answer(slot, value)
                hints += [hint] if hint else []
        if not slots:
            # Any slot given back here would tell Rasa that the form was answered, and an interruption would be lost.
            return [SlotSet("requested_slot", None)] if asked.tries >= MOST_TRIES else []
        asked = with_slots(asked, slots)
        shop = self._shop or the_shop()
        more, said = await settle(shop.orders, asked, required, seconds=self._seconds)
        misses = int(asked.slots.get("form_misses") or 0) + 1 if hints or said else 0
        for sentence in hints + said:
            offer = misses >= _MISSES_BEFORE_OFFER and sentence == (hints + said)[-1]
            dispatcher.utter_message(text=sentence, buttons=[PERSON_BUTTON] if offer else None)
        return [SlotSet(name, value) for name, value in {**slots, **more, "form_misses": misses}.items()]


class ValidateOrderStatusForm(ShopForm):
    def name(self) -> str:
        return "validate_order_status_form"


class ValidateReturnRequestForm(ShopForm):
    def name(self) -> str:
        return "validate_return_request_form"


class ValidateAddressChangeForm(ShopForm):
    def name(self) -> str:
        return "validate_address_change_form"


class ActionAskProduct(Action):
    """Asks which item to return, with the items of the proved order as buttons."""

    def __init__(self, shop: Shop | None = None, seconds: float = TOOL_SECONDS) -> None:
        self._shop, self._seconds = shop, seconds

    def name(self) -> str:
        return "action_ask_product"

    @traced
    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        asked = asked_from(tracker)
        number, email = asked.slot("order_number"), asked.slot("email")
        order = None
        if asked.slot("identity") == "order_verified" and number and email:
            try:
                async with asyncio.timeout(self._seconds):
                    order = await (self._shop or the_shop()).orders.find(number, email)
            except (TimeoutError, ShopDown):
                order = None
        items = order.items if order else ()
        buttons = [{"title": line.name, "payload": f'/inform{{"product": "{line.sku}"}}'} for line in items]
        dispatcher.utter_message(text="Which item would you like to return?", buttons=buttons or None)
        return []


class ActionLeaveForm(Action):
    """Says that nothing was changed, and forgets half an address or half a return. Who the customer is stays known."""

    def name(self) -> str:
        return "action_leave_form"

    @traced
    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        dispatcher.utter_message(response="utter_form_left")
        forgotten = ("product", "return_reason", "street", "city", "postcode")
        return [*(SlotSet(name, None) for name in forgotten), SlotSet("form_misses", 0)]
