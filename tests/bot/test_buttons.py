"""A button works in the conversation it was made for, and nobody else can make one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.buttons import ASK_FOR_HUMAN, sign, sign_buttons, verify
from handover.entries import Button, ConversationId
from handover.errors import BadInput

SECRET = b"a secret of this test"
HERE = ConversationId("here")
THERE = ConversationId("there")


@given(payload=st.text(max_size=300))
def test_a_signed_payload_comes_back_as_it_was(payload: str) -> None:
    assert verify(SECRET, HERE, sign(SECRET, HERE, payload)) == payload


@given(payload=st.text(max_size=100))
def test_a_button_of_another_conversation_is_refused(payload: str) -> None:
    with pytest.raises(BadInput):
        verify(SECRET, THERE, sign(SECRET, HERE, payload))


@given(payload=st.text(max_size=60), position=st.integers(0, 500), character=st.sampled_from("aZ0_-.="))
def test_a_button_changed_by_one_character_is_refused(payload: str, position: int, character: str) -> None:
    signed = sign(SECRET, HERE, payload)
    position %= len(signed)
    forged = signed[:position] + character + signed[position + 1 :]
    if forged != signed:
        with pytest.raises(BadInput):
            verify(SECRET, HERE, forged)


@given(forged=st.text(max_size=200))
def test_a_made_up_payload_is_refused(forged: str) -> None:
    if forged not in {"ask_for_human", "stop_waiting"}:
        with pytest.raises(BadInput):
            verify(SECRET, HERE, forged)


@pytest.mark.parametrize("command", ["/restart", "/human_handoff", "b1..", "b1", "b1.L3Jlc3RhcnQ.", "é.ß.ü", ""])
def test_a_command_typed_as_a_payload_is_refused(command: str) -> None:
    with pytest.raises(BadInput):
        verify(SECRET, HERE, command)


def test_another_secret_makes_another_button() -> None:
    with pytest.raises(BadInput):
        verify(b"another secret", HERE, sign(SECRET, HERE, "/affirm"))


def test_every_page_may_ask_for_a_person() -> None:
    assert verify(SECRET, HERE, ASK_FOR_HUMAN) == ASK_FOR_HUMAN
    buttons = sign_buttons(SECRET, HERE, (Button("Talk to a person", ASK_FOR_HUMAN), Button("Yes", "/affirm")))
    assert buttons[0].payload == ASK_FOR_HUMAN
    assert buttons[1].title == "Yes"
    assert verify(SECRET, HERE, buttons[1].payload) == "/affirm"


def test_a_payload_too_long_for_a_frame_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="too long"):
        sign(SECRET, HERE, "x" * 3_000)
