"""A small real Rasa with rules only and a real action server beside it: trained into a folder, run on free ports."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.process_env import SERVING

ROOT = Path(__file__).resolve().parents[2]
_READY_SECONDS = 120
TOKEN = "tiny"  # what our own channel in this Rasa asks for

_CONFIG = """
recipe: default.v1
language: en
assistant_id: tiny
pipeline:
  - name: WhitespaceTokenizer
  - name: KeywordIntentClassifier
    case_sensitive: false
  - name: RegexEntityExtractor
  - name: FallbackClassifier
    threshold: 0.3
policies:
  - name: RulePolicy
    core_fallback_threshold: 0.3
    core_fallback_action_name: action_default_fallback
"""

_DOMAIN = """
version: "3.1"
intents: [hello, many, order, inform, paragraphs, person, silence, slots, wait]
entities: [order_number]
slots:
  order_number:
    type: text
    influence_conversation: false
    mappings: [{type: from_entity, entity: order_number}]
  email:
    type: text
    influence_conversation: false
    mappings:
      - type: from_text
        conditions: [{active_loop: order_form, requested_slot: email}]
  tried:
    type: text
    influence_conversation: false
    mappings: [{type: custom}]
forms:
  order_form:
    required_slots: [order_number, email]
responses:
  utter_hello: [{text: "Hello."}]
  utter_first: [{text: "First."}]
  utter_last: [{text: "Last."}]
  utter_paragraphs: [{text: "One.\\n\\nTwo."}]
  utter_ask_order_number: [{text: "Which order?"}]
  utter_ask_email: [{text: "Which address?"}]
  utter_order: [{text: "{order_number} of {email} is on its way."}]
actions: [action_try, action_person, action_nothing, action_wait, action_default_fallback]
session_config: {session_expiration_time: 60, carry_over_slots_to_new_session: true}
"""

_NLU = """
version: "3.1"
nlu:
  - {intent: hello, examples: "- hello\\n- good morning\\n"}
  - {intent: many, examples: "- many\\n- several\\n"}
  - {intent: order, examples: "- my order\\n- parcel\\n"}
  - {intent: inform, examples: "- it is\\n- the number\\n- number [TT-123456](order_number)\\n"}
  - {intent: paragraphs, examples: "- paragraphs\\n- long\\n"}
  - {intent: person, examples: "- a person\\n- a human\\n"}
  - {intent: silence, examples: "- silence\\n- quiet\\n"}
  - {intent: wait, examples: "- wait\\n- waits\\n"}
  - {intent: slots, examples: "- press\\n- pressed\\n"}
  - {regex: order_number, examples: "- TT-\\\\d{6}\\n"}
"""

_RULES = """
version: "3.1"
rules:
  - {rule: hello, steps: [{intent: hello}, {action: utter_hello}]}
  - {rule: many, steps: [{intent: many}, {action: utter_first}, {action: action_try}, {action: utter_last}]}
  - {rule: paragraphs, steps: [{intent: paragraphs}, {action: utter_paragraphs}]}
  - {rule: person, steps: [{intent: person}, {action: action_person}]}
  - {rule: silence, steps: [{intent: silence}, {action: action_nothing}]}
  - {rule: wait, steps: [{intent: wait}, {action: action_wait}]}
  - {rule: slots, steps: [{intent: slots}, {action: utter_first}]}
  - {rule: fallback, steps: [{intent: nlu_fallback}, {action: action_default_fallback}]}
  - {rule: order, steps: [{intent: order}, {action: order_form}, {active_loop: order_form}]}
  - rule: order given
    condition: [{active_loop: order_form}]
    steps: [{action: order_form}, {active_loop: null}, {slot_was_set: [{requested_slot: null}]}, {action: utter_order}]
"""

_CREDENTIALS = """
rest:
bot.rasa_store.turn_channel.TurnChannel:
"""

_ACTIONS = """
import asyncio
import itertools

from rasa_sdk import Action
from rasa_sdk.events import FollowupAction, SlotSet

COUNT = itertools.count(1)
WAITS = {"begun": 0, "let_go": 0}


class Try(Action):
    def name(self):
        return "action_try"

    def run(self, dispatcher, tracker, domain):
        turn = tracker.latest_message.get("metadata", {}).get("turn")
        facts = {"seen": str(turn), **{name: str(number) for name, number in WAITS.items()}}
        tool = {"switchboard": 1, "kind": "tool", "name": "try", "ok": True, "error": None, "facts": facts}
        dispatcher.utter_message(json_message=tool)
        return [SlotSet("tried", "yes")]


class Person(Action):
    def name(self):
        return "action_person"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(json_message={"switchboard": 1, "kind": "handover", "reason": "asked", "words": None})
        return []


class Nothing(Action):
    def name(self):
        return "action_nothing"

    def run(self, dispatcher, tracker, domain):
        return []


class Wait(Action):
    def name(self):
        return "action_wait"

    async def run(self, dispatcher, tracker, domain):
        WAITS["begun"] += 1
        try:
            await asyncio.Event().wait()
        finally:
            WAITS["let_go"] += 1


class Suggest(Action):
    def name(self):
        return "action_suggest"

    def run(self, dispatcher, tracker, domain):
        lines = tracker.latest_message["metadata"]["history"]
        text = f"You said: {lines[-1]['text']}"
        dispatcher.utter_message(json_message={"switchboard": 1, "kind": "copilot", "text": text, "citations": []})
        return []


class Fallback(Action):
    def name(self):
        return "action_default_fallback"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text=f"Pardon {next(COUNT)}?")
        return [FollowupAction(tracker.active_loop_name or "action_listen")]  # as actions.action_default_fallback
"""


def _environment() -> dict[str, str]:
    quiet = {"RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    ours = {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", "SANIC_HOST": "127.0.0.1", "RASA_TOKEN": TOKEN}
    return {**os.environ, **quiet, **SERVING, **ours}


def train(folder: Path) -> None:
    """Write the project into ``folder`` and train it there. Raises CalledProcessError with Rasa's words."""
    files = {"config.yml": _CONFIG, "domain.yml": _DOMAIN, "data/nlu.yml": _NLU, "data/rules.yml": _RULES}
    for name, content in {**files, "tiny_actions.py": _ACTIONS, "credentials.yml": _CREDENTIALS}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content.lstrip())
    python = ROOT / ".venv-rasa" / "bin" / "python"
    subprocess.run(
        [python, "-m", "rasa", "train", "--fixed-model-name", "tiny"],
        cwd=folder,
        env=_environment(),
        check=True,
        timeout=280,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def trained(folder: Path) -> bool:
    """Whether the project in ``folder`` has its model."""
    return (folder / "models" / "tiny.tar.gz").is_file()


@dataclass(frozen=True, slots=True)
class Addresses:
    rasa: str
    actions: str


_STORES = """
tracker_store: {{type: bot.rasa_store.tracker_store.FedTrackerStore{tracker}}}
lock_store: {{type: bot.rasa_store.lock_store.BriefLockStore{lock}}}
"""


@contextmanager
def running(folder: Path) -> Iterator[Addresses]:
    """Rasa and the action server on loopback; both are gone afterwards."""
    with running_actions(folder) as actions, running_rasa(folder, actions) as rasa:
        yield Addresses(rasa, actions)


@contextmanager
def running_actions(folder: Path) -> Iterator[str]:
    port = _free_port()
    command = [ROOT / ".venv/bin/python", "-m", "rasa_sdk", "--actions", "tiny_actions", "-p", str(port)]
    log = f"actions-{port}.log"
    with _process(folder, command, log) as process:
        _wait_for(f"http://127.0.0.1:{port}/health", process, folder / log)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running_rasa(folder: Path, actions: str, *, tracker: str = "", lock: str = "") -> Iterator[str]:
    """One Rasa; ``tracker`` and ``lock`` are addresses it shares with others."""
    port = _free_port()
    stores = _STORES.format(tracker=tracker and f", url: '{tracker}'", lock=lock and f", url: '{lock}'")
    (folder / f"endpoints-{port}.yml").write_text(f"action_endpoint: {{url: '{actions}/webhook'}}{stores}")
    log = f"rasa-{port}.log"
    command = [ROOT / ".venv-rasa/bin/python", "-m", "rasa", "run", "--enable-api", "-i", "127.0.0.1"]
    command += ["-p", str(port), "--endpoints", f"endpoints-{port}.yml"]
    with _process(folder, command, log) as process:
        _wait_for(f"http://127.0.0.1:{port}/status", process, folder / log)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _process(folder: Path, command: list[str | Path], log: str) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / log).open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=_environment(), stdout=output, stderr=output, start_new_session=True
        )
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(_READY_SECONDS * 5):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"{url} did not become ready:\n{log.read_text(errors='replace')[-3_000:]}")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
