"""Topics that are a person's by rule are found, and words that only look like them are left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from handover.errors import BadInput
from handover.policy_settings import load_policy
from handover.topics import load_topics, topics_of

TOPICS = load_topics()
POLICY = load_policy()

FOUND = [
    ("legal_threat", "You will hear from my lawyer"),
    ("legal_threat", "I will take you to court if I do not get my money"),
    ("legal_threat", "I'm going to sue you"),
    ("legal_threat", "this is a breach of contract"),
    ("legal_threat", "I'll report you to trading standards"),
    ("legal_threat", "My solicitor will be in touch"),
    ("legal_threat", "I am considering legal action"),
    ("legal_threat", "see you in small claims court"),
    ("safety_issue", "Your stove caught fire in my tent"),
    ("safety_issue", "the gas is leaking from the cartridge"),
    ("safety_issue", "the canister exploded"),
    ("safety_issue", "I burned my hand, the handle melted and burnt my fingers"),
    ("safety_issue", "The carabiner snapped while I was climbing"),
    ("safety_issue", "my son was injured when the pole broke"),
    ("safety_issue", "is there a product recall for this stove"),
    ("safety_issue", "I am in the hospital because of your harness"),
    ("press_inquiry", "I am a journalist from the Daily Post"),
    ("press_inquiry", "I'm writing an article about outdoor shops"),
    ("press_inquiry", "who is your press contact?"),
    ("press_inquiry", "We would like a statement from your company"),
    ("bereavement", "My husband passed away and he had an order with you"),
    ("bereavement", "it was ordered by my late father"),
    ("bereavement", "I lost my mother last week and cannot go on the trip"),
    ("bereavement", "I am the executor of the estate"),
    ("bereavement", "The account holder is deceased"),
]

NOT_FOUND = """
Do you have a legal size tent pole bag?
Is it legal to wild camp in Norway?
Which pressure cooker fits my stove?
What is the issue with my order?
The tissue pack is missing
Do you have a French press for camping?
Press the button to start?
My headlamp died after two days
the battery just died
Is the fire sale still on?
Which stove is best for a camp fire?
My flight case is at court street 5
I live next to the hospital, can you deliver there?
Can I pursue a refund?
How do I stop the tent from leaking?
My tent is leaking
Is the jacket safe for children?
Your prices exploded!
I lost my son's backpack, can I order a strap?
I lost my order number
The article is out of stock
I read your article about boots
Can you write a description of the product?
I would kill for that jacket
Is the rope certified for climbing?
My backpack strap broke
sue is my name
Where can I see court shoes
are fuel canisters allowed on planes
The lamp is not bright enough when hiking
How late are you open?
my late order
""".strip().splitlines()


@pytest.mark.parametrize(("topic", "text"), FOUND)
def test_a_topic_for_people_is_found_in_the_words(topic: str, text: str) -> None:
    assert topic in topics_of(text, None, 0.0, TOPICS, POLICY)


@pytest.mark.parametrize("text", NOT_FOUND)
def test_words_that_only_look_like_a_topic_are_left_alone(text: str) -> None:
    assert topics_of(text, None, 0.0, TOPICS, POLICY) == ()


def test_a_sure_intent_makes_a_topic_and_an_unsure_one_does_not() -> None:
    assert topics_of("hm", "bereavement", 0.9, TOPICS, POLICY) == ("bereavement",)
    assert topics_of("hm", "bereavement", 0.3, TOPICS, POLICY) == ()


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("press:\n  patterns: ['(']\n", "press"),
        ("press:\n  pattern: [x]\n", "pattern"),
        ("- x\n", "by name"),
        ("a: [", "not YAML"),
        ("press: 3\n", "press"),
    ],
)
def test_a_wrong_topics_file_is_refused_and_the_place_is_named(tmp_path: Path, body: str, named: str) -> None:
    path = tmp_path / "topics.yml"
    path.write_text(body)
    with pytest.raises(BadInput, match=named.replace("(", "\\(")):
        load_topics(path)


def test_a_missing_topics_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="missing"):
        load_topics(tmp_path / "none.yml")
