"""The desk's story, end to end on the embedded backend."""

from __future__ import annotations

from pathlib import Path

from handover.backends import open_backends
from handover.desk import CustomerMessage, open_desk
from handover.policy_settings import load_policy
from tests.support.hand_clock import HandClock


async def test_a_message_sent_twice_is_kept_once(tmp_path: Path) -> None:
    async with open_backends(f"sqlite+aiosqlite:///{tmp_path / 'record.db'}") as backends:
        desk = open_desk(backends, clock=HandClock(), policy=load_policy())
        customer = await desk.customers.new_customer(name="Ann")
        conversation = await desk.customers.start("web", customer.id, greeting="I am an automated assistant.")
        first = await desk.customers.record_customer_message(conversation.id, CustomerMessage("hello", "c1"))
        again = await desk.customers.record_customer_message(conversation.id, CustomerMessage("hello", "c1"))
        assert again.duplicate
        assert again.entry == first.entry
        assert len(await desk.reading.entries(conversation.id)) == 2
