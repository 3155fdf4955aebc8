"""Lets a streaming reply through sentence by sentence: what invents a fact never reaches the customer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from actions.claims import CheckedSentence, Checker

_ENDS = re.compile(r"[.!?…][\"'”’)]*\s+(?=[\"'“‘(]*[A-Z0-9€*\-])|\n+")
_WHOLE = re.compile(r"[.!?…][\"'”’)]*\s*\Z")
_SHORT = ("e.g.", "i.e.", "approx.", "no.", "incl.", "max.", "min.", "mr.", "mrs.", "dr.", "st.")


@dataclass(slots=True)
class SentenceGate:
    """Feed clean text, get checked text. ``checked`` are the claims so far, ``held_back`` the sentences refused."""

    checker: Checker
    checked: list[CheckedSentence] = field(default_factory=list)
    held_back: list[str] = field(default_factory=list)
    _buffer: str = ""
    _passed: list[str] = field(default_factory=list)

    def feed(self, text: str, *, line_ended: bool = False) -> str:
        """The text that passed with this piece: whole sentences. ``line_ended``: a new line begins after it."""
        self._buffer += text
        out, start = [], 0
        for end in _ENDS.finditer(self._buffer):
            segment = self._buffer[start : end.end()]
            if segment.strip().lower().endswith(_SHORT) or not segment.strip():
                continue
            out.append(self._judge(segment))
            start = end.end()
        self._buffer = self._buffer[start:]
        if line_ended and _WHOLE.search(self._buffer) and not self._buffer.strip().lower().endswith(_SHORT):
            out.append(self._judge(self._buffer))
            self._buffer = ""
        return self._pass("".join(out))

    def close(self, *, whole: bool = True) -> str:
        """The rest. ``whole`` False: the stream was cut for length, so an unfinished last sentence is dropped."""
        rest, self._buffer = self._buffer, ""
        if not whole and not _WHOLE.search(rest):
            return ""
        return self._pass(self._judge(rest)) if rest.strip() else ""

    @property
    def text(self) -> str:
        return "".join(self._passed).strip()

    def _judge(self, segment: str) -> str:
        verdict = self.checker.check(segment.strip().lstrip("*- "))
        if verdict is None:
            return segment
        self.checked.append(verdict)
        if verdict.refused:
            self.held_back.append(verdict.sentence)
            return ""
        return segment

    def _pass(self, text: str) -> str:
        if text:
            self._passed.append(text)
        return text
