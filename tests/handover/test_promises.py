"""A promise of a person is found in a reply; an offer, a question or a refusal is none."""

from __future__ import annotations

import pytest

from handover.promises import promises_in, promises_transfer

TRANSFERS = """
I'll transfer you to a colleague now.
Let me connect you with a human agent.
I am passing you on to our support team.
I will hand you over to a person.
One of our agents will be with you shortly.
A colleague will take over from here.
Someone will get back to you.
You will be connected in a moment.
I'm escalating this to a specialist.
Sure — I’ll put you through to somebody.
Transferring you to an agent.
I have forwarded this to our customer service.
""".strip().splitlines()

NO_TRANSFERS = """
I can't transfer you to a person.
I cannot connect you with an agent, I am sorry.
Would you like me to transfer you to a colleague?
If you like, I can connect you with a person.
You can ask for a person at any time.
I am an automated assistant, not a person.
Our team is based in Leeds.
Shall I hand you over to a colleague?
Just say so and I will connect you with a person.
I won't pass you to an agent without asking.
You can transfer the tent to another bag.
Connect the hose to the stove.
Our customer service is open from 9 to 5.
I will check your order.
Let me know if I should transfer you to an agent.
A person of average height fits in.
""".strip().splitlines()

LATER = """
I'll send you a label by e-mail.
We will refund the amount within five days.
You will receive a confirmation.
I will check with the warehouse.
We'll get back to you tomorrow.
I will make sure the parcel leaves today.
""".strip().splitlines()

NO_PROMISES = """
Refunds take five days.
I can't refund this.
I will not be able to cancel the order.
Would you like me to check?
The tent weighs 2 kg.
You can return it within 30 days.
If you send a photo, we will look at it.
""".strip().splitlines()


@pytest.mark.parametrize("text", TRANSFERS)
def test_a_promised_transfer_is_found(text: str) -> None:
    assert promises_transfer(text)


@pytest.mark.parametrize("text", NO_TRANSFERS)
def test_no_transfer_is_seen_where_none_is_promised(text: str) -> None:
    assert not promises_transfer(text)


@pytest.mark.parametrize("text", LATER + TRANSFERS)
def test_a_promise_is_kept_for_the_packet(text: str) -> None:
    assert promises_in("Hello. " + text) == [text.replace("’", "'")]


@pytest.mark.parametrize("text", NO_PROMISES)
def test_what_is_no_promise_is_not_kept(text: str) -> None:
    assert promises_in(text) == []
