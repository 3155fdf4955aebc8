"""Which of a model's rules can speak for a moment of the dialogue at all: an index over what they ask of it. Pure.

Rasa's RulePolicy judges every rule anew for every prediction: 650 of the shop's, three times a turn, 5 ms. Nearly all
name the action just done and the customer's intent, and no other moment is theirs; so only the few with the right names
are left to be judged by Rasa's own code.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

State = Mapping[str, Mapping[str, Any]]
_UNSAID = "should_not_be_set"  # Rasa's word for what must not be there
_LISTENS = "action_listen"  # after it the customer speaks
_Names = tuple[str | None, str | None]


class RuleIndex:
    """``keys`` are rules as RulePolicy keeps them: JSON of the states they ask for, the newest last."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._by_names: dict[_Names, list[str]] = defaultdict(list)
        self._beginnings: list[str] = []  # of those Rasa asks nothing but whether the dialogue begins, too
        for key in keys:
            newest = json.loads(key)[-1]
            if newest.get("prev_action"):
                self._by_names[_asked(newest, "prev_action", "action_name"), _asked(newest, "user", "intent")].append(
                    key
                )
            else:
                self._beginnings.append(key)

    @property
    def reads_words(self) -> bool:
        """Whether any rule could speak for a customer's words whose intent nobody has told."""
        return any(self._by_names.get(names) for names in ((_LISTENS, None), (None, None)))

    def candidates(self, newest: State) -> set[str]:
        """The rules that Rasa would not turn down for ``newest`` alone, and a few that it would."""
        if not newest.get("prev_action"):
            return set(self._beginnings)
        action, intent = _there(newest, "prev_action", "action_name"), _there(newest, "user", "intent")
        found: set[str] = set()
        for names in {(action, intent), (action, None), (None, intent), (None, None)}:
            found.update(self._by_names.get(names, ()))
        return found


def _asked(state: State, part: str, name: str) -> str | None:
    """The value that a rule wants there; None when any will do, or when that is not for an index to say."""
    value = state.get(part, {}).get(name)
    return value if isinstance(value, str) and value and value != _UNSAID else None


def _there(state: State, part: str, name: str) -> str | None:
    value = state.get(part, {}).get(name)
    return value if isinstance(value, str) else None
