"""Whatever was said and is taken back, a packet, a decision and a draft hold it no more, and nothing else is lost."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from handover.forgetting import Forgetting
from handover.packet import LONGEST

GONE = "\u2205"  # stands in nobody's words here


@given(st.text(min_size=1, max_size=3 * LONGEST).filter(lambda text: text.strip() != ""), st.text(max_size=30))
def test_a_packet_holds_neither_the_words_nor_their_beginning(before: str, other: str) -> None:
    cut = before if len(before) <= LONGEST else before[: LONGEST - 1].rstrip() + "…"
    packet = {
        "reason": "asked",
        "evidence": [{"offset": 2, "text": cut}, {"offset": 3, "text": other}],
        "tried": [],
        "facts": [{"name": "said", "value": before, "said_by": "customer", "offset": 2}],
        "goal": cut,
        "suggested_reply": f"You wrote: “{cut}” I am looking into it.",
        "summary": f"The customer says {before}",
        "hand_backs": [],
    }
    after = Forgetting(2, before, GONE, deleted=True).packet(packet)
    assert (after["goal"], after["suggested_reply"], after["summary"], after["facts"]) == (None, "", None, [])
    assert after["evidence"] == [{"offset": 2, "text": GONE}, {"offset": 3, "text": other}]
    assert (after["reason"], after["hand_backs"]) == ("asked", [])
    json.dumps(after)


def test_a_decision_and_a_draft_lose_the_words_and_keep_the_rest() -> None:
    what = Forgetting(2, "order TT-482913 please", GONE, deleted=True)
    assert what.evidence({"text": "hello\norder TT-482913 please", "intent": "order_status"}) == {
        "text": f"hello\n{GONE}",
        "intent": "order_status",
    }
    assert what.slots({"order_number": "TT-482913", "identity": "verified"}) == {"identity": "verified"}
    assert what.words("You wrote: order TT-482913 please.") == ""
    assert what.words("Hello.") == "Hello."
