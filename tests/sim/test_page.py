"""The simulator's page and its introduction, as somebody who tries the product by hand meets them."""

from __future__ import annotations

import httpx2

from tests.sim.__main__ import introduction
from tests.sim.accounts import CHANNELS, demo_inbox
from tests.sim.driver import simulating
from tests.sim.page import page_of
from tests.sim.product_side import PEOPLE, send
from tests.sim.receiving import receiving


def test_write_as_a_customer_and_see_what_arrived() -> None:
    inboxes = [demo_inbox(channel) for channel in CHANNELS]
    with simulating(*inboxes, page=page_of) as simulator, receiving(*inboxes) as receiver:
        simulator.serve(receiver.url)
        with httpx2.Client(base_url=simulator.url, trust_env=False, verify=False) as browser:
            assert "Simulated platforms" in browser.get("/").text
            for channel in CHANNELS:
                told = {"channel": channel, "kind": "text", "person": PEOPLE[channel], "text": "Hi"}
                hook = f"/webhooks/{channel}/51u1a700"
                assert browser.post("/tell", json=told | {"hook": hook}).json()["answered"] == [200]
            send(simulator, demo_inbox("line"), PEOPLE["line"], "Hello")
            shown = browser.get("/calls").json()
            refused = browser.post("/tell", json={"channel": "x", "kind": "block", "person": "1"})
            nobody = browser.get("/nothing").status_code

    assert {event.person for event in receiver.events} == set(PEOPLE.values())
    assert [(one["channel"], one["text"], one["status"]) for one in shown["calls"]] == [("line", "Hello", 200)]
    assert (shown["violations"], refused.status_code, nobody) == ([], 400, 404)


def test_the_introduction_names_every_setting_and_account() -> None:
    with simulating() as simulator:
        said = introduction(simulator)

        for name, value in simulator.environment.items():
            assert f"{name}={value}" in said
        for channel in CHANNELS:
            assert demo_inbox(channel).account in said
