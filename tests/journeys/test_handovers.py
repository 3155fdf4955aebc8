"""Between bot and people over the real sockets: taken, handed back, taken again, left alone, and never two voices."""

from __future__ import annotations

import signal

import pytest

from tests.support.model_in_thread import read_slowly
from tests.support.people import Customer, Frame, Stranger
from tests.support.people_at_the_desk import Agent, empty_desk, hired
from tests.support.record import wait_for_turn
from tests.support.stack import PASSWORD, Stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

QUESTION = "How long do I have to return boots that do not fit?"
ROUNDS = (
    ("I have put a new pair aside for you, courier Moosbrugger comes on Thursday.", "New pair goes out on Thursday."),
    (
        "The courier lost it, I have asked Zeppelin Logistics to trace the parcel.",
        "Zeppelin Logistics traces the parcel.",
    ),
    ("It was found in Graz and arrives on Saturday.", "Parcel was found in Graz, arrives on Saturday."),
)
ASKED_AFTERWARDS = (
    "What did your colleague arrange for me?",
    "Who looks for my parcel now, what did she say?",
    "Where was it found, what did your colleague tell you?",
)


def offered(stack: Stack, customer: Customer, agent: Agent, after: int = 0) -> Frame:
    """The customer presses the button, and the agent's console rings."""
    customer.asks_for_a_person()
    return agent.sees_offer(customer.conversation, after)


def with_a_person(stack: Stack, customer: Customer, agent: Agent) -> Frame:
    row = agent.accepts(offered(stack, customer, agent))
    customer.sees_control("human")
    return row


def test_three_handovers_in_one_conversation_each_packet_tells_what_people_settled_before(stack: Stack) -> None:
    with Customer(stack.url) as customer, hired(stack.url, "Nell", PASSWORD) as nell:
        epoch = 0
        for number, (words, outcome) in enumerate(ROUNDS):
            offer = offered(stack, customer, nell, after=epoch)
            settled = [back["outcome"] for back in offer["packet"]["hand_backs"]]
            assert settled == [each for _, each in ROUNDS[:number]]
            taken = nell.accepts(offer)
            nell.says(customer.conversation, words)
            customer.hears("agent", words)
            epoch = nell.hands_back(customer.conversation, taken["epoch"], outcome)["epoch"]
            customer.hears("system", "Nell has left")
            asked = len(stack.model.replies)
            customer.says(ASKED_AFTERWARDS[number])
            customer.hears("bot", outcome)
            prompt = stack.model.waits_for_reply(asked)
            assert all(said in prompt for said, _ in ROUNDS[: number + 1])
            assert outcome in prompt


def test_a_take_in_the_middle_of_an_answer_silences_the_bot_and_stops_the_model(stack: Stack) -> None:
    with Customer(stack.url) as customer, hired(stack.url, "Omar", PASSWORD) as omar:
        dropped = stack.model.dropped
        stack.model.then(read_slowly)
        row = omar.sees_row(customer.conversation, "bot")
        customer.says(QUESTION)
        customer.waits_for("the bot writing", lambda frame: frame["type"] == "delta")
        omar.opens(customer.conversation)
        omar.sends(type="take", conversation=customer.conversation, epoch=row["epoch"])
        omar.sees_row(customer.conversation, "human")
        customer.sees_control("human")
        stack.model.let_go()
        stack.model.waits_for_dropped(dropped + 1)
        omar.sees_line(customer.conversation, QUESTION)
        omar.says(customer.conversation, "Omar here, I have your question.")
        before = len(customer.frames)
        customer.hears("agent", "Omar here")
        since = [f for f in customer.frames[before:] if f["type"] in ("entry", "delta")]
        assert [f["author"]["kind"] for f in since] == ["agent"]
        assert [line["text"] for line in customer.lines("bot")] == [customer.lines("bot")[0]["text"]]  # the greeting


def test_an_answer_that_comes_after_the_take_is_kept_as_a_draft_for_the_agent(stack: Stack) -> None:
    with Customer(stack.url) as customer, hired(stack.url, "Pia", PASSWORD) as pia:
        row = pia.sees_row(customer.conversation, "bot")
        pia.opens(customer.conversation)
        greeting = customer.hears("bot")
        stack.children["actions"].kill(signal.SIGSTOP)
        try:
            customer.says("where is my order?")
            pia.sees_line(customer.conversation, "where is my order?")
            wait_for_turn(stack.record, customer.conversation)
            pia.sends(type="take", conversation=customer.conversation, epoch=row["epoch"])
            customer.sees_control("human")
        finally:
            stack.children["actions"].kill(signal.SIGCONT)
        draft = pia.has_seen("the late reply", lambda frame: frame["type"] == "draft")
        assert draft["origin"] == "late_reply"
        assert draft["text"]
        pia.says(customer.conversation, "I am looking for it.")
        customer.hears("agent", "I am looking for it.")
        assert customer.lines("bot") == [greeting]


def test_two_agents_reach_for_one_offer_one_wins_and_the_other_is_told_who(stack: Stack) -> None:
    with (
        Customer(stack.url) as customer,
        hired(stack.url, "Quinn", PASSWORD) as quinn,
        hired(stack.url, "Rosa", PASSWORD) as rosa,
    ):
        offer = offered(stack, customer, quinn)
        rosa.sees_offer(customer.conversation)
        for agent in (quinn, rosa):
            agent.sends(type="accept", conversation=customer.conversation, epoch=offer["epoch"])
        rows = [agent.sees_row(customer.conversation, "human") for agent in (quinn, rosa)]
        winner = rows[0]["agent"]["name"]
        assert rows[1]["agent"]["name"] == winner
        loser = rosa if winner == "Quinn" else quinn
        refusal = loser.has_seen("the refusal", lambda frame: frame["type"] == "error")
        assert refusal["code"] == "taken"
        assert refusal["detail"]["taken_by"] == winner
        assert customer.sees_control("human")["agent"] == winner


def test_when_nobody_is_there_it_says_so_and_a_message_left_is_found_by_the_next_agent(stack: Stack) -> None:
    empty_desk(stack.url)
    with Customer(stack.url) as customer:
        customer.says("hello there")
        customer.hears("bot")
        assert customer.asks_for_a_person()["waiting"]["desk_open"] is False
        customer.has_seen("the words", lambda frame: "Nobody is at the desk right now" in frame.get("text", ""))
        customer.wishes("leave_message", email="anna.berg@example.com", text="Please write to me about my tent.")
        customer.hears("system", "anna.berg@example.com")
        customer.sees_control("nobody")
        with hired(stack.url, "Sven", PASSWORD) as sven:
            row = sven.sees_row(customer.conversation, "nobody")
            assert row["customer"]["email"] == "anna.berg@example.com"
            sven.opens(customer.conversation)
            sven.sees_line(customer.conversation, "hello there")
            sven.sees_line(customer.conversation, "Please write to me about my tent.")


def test_a_customer_who_stops_waiting_is_with_the_bot_again(stack: Stack) -> None:
    with Customer(stack.url) as customer, hired(stack.url, "Tess", PASSWORD) as tess:
        offered(stack, customer, tess)
        customer.wishes("stop_waiting")
        customer.sees_control("bot")
        gone = tess.has_seen("the offer going away", lambda frame: frame["type"] == "offer_gone")
        assert gone["conversation"] == customer.conversation
        customer.says(QUESTION)
        customer.hears("bot", "30 days")


def test_words_written_on_a_stale_view_bounce_with_what_was_missed(stack: Stack) -> None:
    with Customer(stack.url) as customer, hired(stack.url, "Uma", PASSWORD) as uma:
        with_a_person(stack, customer, uma)
        customer.says("Size 42 please.")
        seen = uma.sees_line(customer.conversation, "Size 42")["offset"]
        customer.says("No, wait: 43.")
        uma.sends(type="say", conversation=customer.conversation, client_id="stale", text="42 it is.", seen=seen)
        bounced = uma.is_refused("stale_view")
        assert [entry["text"] for entry in bounced["missed"]] == ["No, wait: 43."]
        uma.sees_line(customer.conversation, "No, wait: 43.")
        uma.says(customer.conversation, "43 it is.")
        customer.hears("agent", "43 it is.")
        assert [line["text"] for line in customer.lines("agent")] == ["43 it is."]


def test_a_stranger_cannot_read_another_customers_conversation(stack: Stack) -> None:
    with Customer(stack.url) as customer, Customer(stack.url) as other:
        customer.says("my secret is TT-482913")
        mine, token = customer.conversation, other.welcome["token"]
        tries = (
            ({"token": token, "conversation": mine}, "not_found"),
            ({"conversation": mine}, "not_found"),
            ({"token": token[:-4] + "AAAA", "conversation": mine}, "not_signed_in"),
            ({"token": f"{customer.welcome['token']}x", "conversation": mine}, "not_signed_in"),
        )
        for hello, code in tries:
            with Stranger(stack.url) as stranger:
                stranger.sends(type="hello", after=0, **hello)
                stranger.is_refused(code)
                assert [frame["type"] for frame in stranger.frames] == ["error"]
