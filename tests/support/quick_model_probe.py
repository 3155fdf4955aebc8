"""Runs inside Rasa's environment: a model as Rasa runs it and as `bot.rasa_store.quick_model` does; prints JSON.

Over random dialogues of the model's own intents, actions, slots and forms; and over random rules and states.
"""

from __future__ import annotations

import json
import logging
import random
import sys
from typing import Any

from rasa.core.channels.channel import UserMessage
from rasa.core.policies.rule_policy import RULES
from rasa.core.policies.rule_policy import RulePolicy as StockRulePolicy
from rasa.core.processor import MessageProcessor
from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER
from rasa.shared.core import events
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.log_utils import configure_structlog

from bot.rasa_store.quick_model import QuickGraphRunner, RulePolicy, events_of, quicken
from bot.rasa_store.rule_index import RuleIndex

CHANCE = random.Random(7)
DIALOGUES = 60


class Loaded:
    """What `quicken` needs of a processor."""

    def __init__(self, model: str) -> None:
        _, self.metadata, self.graph_runner = MessageProcessor._load_model(model)
        self.domain: Domain = self.metadata.domain


def a_dialogue(domain: Domain, predict: Any) -> list[events.Event]:
    """Some turns; the actions are the model's own, now and then another one."""
    said: list[events.Event] = [events.ActionExecuted("action_session_start"), events.SessionStarted()]
    said.append(events.ActionExecuted("action_listen"))
    for _ in range(CHANCE.randrange(1, 5)):
        intent = CHANCE.choice(sorted(domain.intents))
        said.append(events.UserUttered(f"words of {intent}", {"name": intent, "confidence": 0.9}))
        for _ in range(CHANCE.randrange(4)):
            tracker = DialogueStateTracker.from_events("c", said, domain.slots)
            action = domain.action_names_or_texts[predict(tracker).max_confidence_index]
            if CHANCE.random() < 0.2:
                action = CHANCE.choice(domain.action_names_or_texts)
            said.append(events.ActionExecuted(action))
            if action in domain.form_names:
                said.append(events.ActiveLoop(action if CHANCE.random() < 0.7 else None))
                said.append(
                    events.SlotSet("requested_slot", CHANCE.choice([None, *domain.required_slots_for_form(action)]))
                )
            if CHANCE.random() < 0.1:
                said.append(events.ActionExecutionRejected(action))
            if action == "action_listen":
                break
    return said


def predictions(loaded: Loaded) -> dict[str, Any]:
    stock = loaded.graph_runner
    quicken(loaded)
    quick, target = loaded.graph_runner, loaded.metadata.core_target

    def by(runner: Any, tracker: DialogueStateTracker) -> Any:
        return runner.run(inputs={PLACEHOLDER_TRACKER: tracker}, targets=[target])[target]

    differing, asked, chosen = 0, 0, set()
    for _ in range(DIALOGUES):
        said = a_dialogue(loaded.domain, lambda tracker: by(stock, tracker))
        for end in range(3, len(said) + 1):
            tracker = DialogueStateTracker.from_events("c", said[:end], loaded.domain.slots)
            one, other = by(stock, tracker), by(quick, tracker)
            asked += 1
            chosen.add(one.max_confidence_index)
            differing += vars(one) != vars(other)
    again = quick
    quicken(loaded)
    return {
        "kind": type(quick).__name__, "kept": loaded.graph_runner is again, "stock": type(stock).__name__,
        "asked": asked, "differing": differing, "chosen": len(chosen),
    }  # fmt: skip


def understood(loaded: Loaded) -> list[bool]:
    quick, target = loaded.graph_runner, loaded.metadata.nlu_target
    assert isinstance(quick, QuickGraphRunner)
    stock = MessageProcessor._load_model(sys.argv[1])[2]

    def by(runner: Any, text: str) -> Any:
        inputs = {PLACEHOLDER_MESSAGE: [UserMessage(text)], PLACEHOLDER_TRACKER: None}
        return runner.run(inputs=inputs, targets=[target])[target][0].as_dict(only_output_properties=True)

    return [by(stock, text) == by(quick, text) for text in ("hello", "number TT-123456", "", "/many", "qwertz")]


def a_state(names: list[str], *, rule: bool) -> dict[str, Any]:
    def value() -> Any:
        return CHANCE.choice([*names, *(["should_not_be_set", [0.0, 1.0]] if rule else [(0.0, 1.0)])])

    parts = {"prev_action": "action_name", "user": "intent", "active_loop": "name", "slots": "wish"}
    state = {part: {name: value()} for part, name in parts.items() if CHANCE.random() < 0.6}
    if CHANCE.random() < 0.2:
        state["user"] = {"text": value()}
    return state


def possible_rules() -> int:
    """How many times our policy found other rules possible than Rasa's, out of 2,000."""
    names, differing = ["a", "b", "c"], 0
    for _ in range(40):
        rules = {json.dumps([a_state(names, rule=True) for _ in range(CHANCE.randrange(1, 3))]): "a" for _ in range(40)}
        stock = StockRulePolicy.__new__(StockRulePolicy)
        stock.lookup = {RULES: rules}
        quick = RulePolicy.like(stock)
        for _ in range(50):
            states = [a_state(names, rule=False) for _ in range(CHANCE.randrange(4))]
            differing += stock._get_possible_keys(rules, states) != quick._get_possible_keys(rules, states)
    return differing


def same_events(loaded: Loaded) -> bool:
    said = a_dialogue(loaded.domain, lambda tracker: loaded.graph_runner.run(
        inputs={PLACEHOLDER_TRACKER: tracker}, targets=[loaded.metadata.core_target])[loaded.metadata.core_target]
    )  # fmt: skip
    given = [event.as_dict() for event in said]
    given += [{"event": "agent", "text": "x"}, {"event": "pause"}, {"event": "topic"}, {"no": "event"}]
    return events_of(given) == events.deserialise_events(given[:-2])


def unknown_event() -> str:
    try:
        events_of([{"event": "nobody knows"}])
    except ValueError as refused:
        return str(refused)
    return ""


def main() -> None:
    configure_structlog(logging.WARNING)
    loaded = Loaded(sys.argv[1])
    report = {"predictions": predictions(loaded), "understood": understood(loaded), "events": same_events(loaded)}
    words = [RuleIndex([json.dumps([{"prev_action": {"action_name": "action_listen"}, "user": user}])]).reads_words
             for user in ({"intent": "a"}, {"text": "a"})]  # fmt: skip
    print(json.dumps({**report, "other_rules": possible_rules(), "unknown": unknown_event(), "words": words}))


if __name__ == "__main__":
    main()
