"""Marks: small things a process of the service says about its screens, and knows of the screens of the others.

A mark lives as long as its process says it again; nothing here is written down, so nothing can be left behind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

import structlog
from pydantic import BaseModel, ValidationError

from handover.entries import AgentId

log = structlog.get_logger(__name__)

BEAT_SECONDS = 10.0  # how often a process says all its marks again
EXPIRY_SECONDS = 30.0  # a process that has said nothing for so long has no marks any more
PASSING_SECONDS = 6.0  # a passing mark is said once
_LONG_AWAY = 5.0  # who did not run for so long may have missed what others said


class Mark(NamedTuple):
    """``agent`` does ``kind`` with ``subject``: "here" with nothing, "viewing" or "typing" with a conversation."""

    kind: str
    subject: str
    agent: AgentId


class _Said(BaseModel):
    """What one process tells the others. ``all`` replaces what was known of its lasting marks."""

    all: tuple[Mark, ...] | None = None
    put: Mark | None = None
    passing: Mark | None = None
    drop: Mark | None = None
    ask: bool = False  # the others shall say all their marks
    bye: bool = False  # this process ends


class _Held(NamedTuple):
    until: float
    lasting: bool


class Marks:
    """The marks of this process and, heard of, of the others. ``say`` carries a text to all other processes.

    ``now`` gives seconds that only rise.
    """

    def __init__(self, now: Callable[[], float], say: Callable[[str], None] = lambda text: None) -> None:
        self._now = now
        self._say = say
        self._own: set[Mark] = set()
        self._others: defaultdict[tuple[str, str], dict[tuple[str, AgentId], _Held]] = defaultdict(dict)
        self._listeners: defaultdict[str, list[Callable[[str], None]]] = defaultdict(list)
        self._said_all_at = float("-inf")
        self._ticked_at = now()

    def put(self, mark: Mark) -> None:
        """This process says ``mark`` until it drops it or ends."""
        if mark not in self._own:
            self._own.add(mark)
            self._tell(_Said(put=mark))

    def passing(self, mark: Mark) -> None:
        """The others hold ``mark`` for some seconds; it is not held here."""
        self._tell(_Said(passing=mark))

    def drop(self, mark: Mark) -> None:
        """``mark`` holds no more, whether it was put or passing."""
        self._own.discard(mark)
        self._tell(_Said(drop=mark))

    def own(self, kind: str, subject: str = "") -> frozenset[AgentId]:
        """Whom this process itself has marked."""
        return frozenset(mark.agent for mark in self._own if (mark.kind, mark.subject) == (kind, subject))

    def others(self, kind: str, subject: str = "") -> frozenset[AgentId]:
        """Whom other processes have marked."""
        now = self._now()
        held = self._others.get((kind, subject), {})
        return frozenset(agent for (_, agent), mark in held.items() if mark.until > now)

    def on_change(self, kind: str, listener: Callable[[str], None]) -> None:
        """Call ``listener`` with the subject when marks of ``kind`` that other processes hold have changed."""
        self._listeners[kind].append(listener)

    def hear(self, owner: str, text: str) -> None:
        """What the process ``owner`` said. Nonsense is logged and left alone."""
        try:
            said = _Said.model_validate_json(text)
        except ValidationError:
            log.warning("marks_not_understood", owner=owner, size=len(text))
            return
        changed: set[tuple[str, str]] = set()
        if said.all is not None:
            changed |= self._forget(owner, keep=frozenset(said.all))
            for mark in said.all:
                changed |= self._hold(owner, mark, lasting=True)
        if said.put is not None:
            changed |= self._hold(owner, said.put, lasting=True)
        if said.passing is not None:
            changed |= self._hold(owner, said.passing, lasting=False)
        if said.drop is not None:
            changed |= self._lose(owner, said.drop)
        if said.bye:
            changed |= self._forget(owner, keep=frozenset(), passing=True)
        self._notify(changed)
        if said.ask:
            self.say_all()

    def say_all(self, *, ask: bool = False) -> None:
        """Say every lasting mark of this process, and ``ask`` the others for theirs."""
        self._said_all_at = self._now()
        self._tell(_Said(all=tuple(sorted(self._own)), ask=ask))

    def leave(self) -> None:
        """This process ends in good order: the others need not wait for its marks to expire."""
        self._tell(_Said(bye=True))

    def tick(self) -> None:
        """To be called about every second: says all marks when that is due, and forgets those that ran out."""
        now = self._now()
        away = now - self._ticked_at > _LONG_AWAY
        self._ticked_at = now
        if away or now - self._said_all_at >= BEAT_SECONDS:
            self.say_all(ask=away)
        self._notify(self._run_out(now))

    def _run_out(self, now: float) -> set[tuple[str, str]]:
        changed = set()
        for key, who, held in list(self._each()):
            if held.until <= now:
                self._remove(key, who)
                changed.add(key)
        return changed

    def _hold(self, owner: str, mark: Mark, *, lasting: bool) -> set[tuple[str, str]]:
        # A passing mark is told each time: screens forget it by themselves.
        key, who = (mark.kind, mark.subject), (owner, mark.agent)
        known = who in self._others[key]
        seconds = EXPIRY_SECONDS if lasting else PASSING_SECONDS
        self._others[key][who] = _Held(self._now() + seconds, lasting)
        return set() if known and lasting else {key}

    def _lose(self, owner: str, mark: Mark) -> set[tuple[str, str]]:
        key = (mark.kind, mark.subject)
        if (owner, mark.agent) not in self._others.get(key, {}):
            return set()
        self._remove(key, (owner, mark.agent))
        return {key}

    def _forget(self, owner: str, *, keep: frozenset[Mark], passing: bool = False) -> set[tuple[str, str]]:
        changed = set()
        for key, who, held in list(self._each()):
            if who[0] == owner and (held.lasting or passing) and Mark(*key, who[1]) not in keep:
                self._remove(key, who)
                changed.add(key)
        return changed

    def _each(self) -> Iterator[tuple[tuple[str, str], tuple[str, AgentId], _Held]]:
        for key, held in self._others.items():
            for who, mark in held.items():
                yield key, who, mark

    def _remove(self, key: tuple[str, str], who: tuple[str, AgentId]) -> None:
        del self._others[key][who]
        if not self._others[key]:
            del self._others[key]

    def _notify(self, changed: set[tuple[str, str]]) -> None:
        for kind, subject in sorted(changed):
            for listener in self._listeners.get(kind, ()):
                listener(subject)

    def _tell(self, said: _Said) -> None:
        self._say(said.model_dump_json(exclude_defaults=True))


class MarkedPresence:
    """Which agents have a console open, in any process; implements `handover.ports.Presence`."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks

    async def mark(self, agent: AgentId, here: bool) -> None:
        mark = Mark("here", "", agent)
        if here:
            self._marks.put(mark)
        else:
            self._marks.drop(mark)

    async def here(self) -> frozenset[AgentId]:
        return self._marks.own("here") | self._marks.others("here")
