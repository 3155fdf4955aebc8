"""The index leaves out the rules that name another action or intent, and no other; what Rasa does is asked of Rasa."""

import json
from typing import Any

from bot.rasa_store.rule_index import RuleIndex


def rule(**parts: Any) -> str:
    return json.dumps([parts])


def state(action: str | None, intent: str | None = None) -> dict[str, dict[str, Any]]:
    there = {"prev_action": {"action_name": action}} if action else {}
    return {**there, **({"user": {"intent": intent}} if intent else {})}


HI = rule(prev_action={"action_name": "action_listen"}, user={"intent": "hi"})
BYE = rule(prev_action={"action_name": "action_listen"}, user={"intent": "bye"})
DONE = rule(prev_action={"action_name": "utter_hi"})
BEGINS = rule(user={"intent": "hi"})
UNSAID = rule(prev_action={"action_name": "action_listen"}, user={"intent": "should_not_be_set"})


def test_only_rules_with_the_names_of_the_moment_or_none_are_left() -> None:
    index = RuleIndex([HI, BYE, DONE, BEGINS])
    assert index.candidates(state("action_listen", "hi")) == {HI}
    assert index.candidates(state("utter_hi", "hi")) == {DONE}
    assert index.candidates(state("utter_bye", "hi")) == set()


def test_the_beginning_of_a_dialogue_belongs_to_the_rules_that_name_no_action() -> None:
    index = RuleIndex([HI, BEGINS])
    assert index.candidates(state(None)) == {BEGINS}


def test_what_must_not_be_there_is_left_for_rasa_to_judge() -> None:
    index = RuleIndex([HI, UNSAID])
    assert index.candidates(state("action_listen")) == {UNSAID}
    assert index.candidates(state("action_listen", "hi")) == {HI, UNSAID}
    assert index.reads_words


def test_rules_that_all_name_an_intent_speak_for_no_words() -> None:
    assert not RuleIndex([HI, BYE, DONE, BEGINS]).reads_words
    assert RuleIndex([rule(prev_action={"action_name": "action_listen"}, user={"text": "hi"})]).reads_words
