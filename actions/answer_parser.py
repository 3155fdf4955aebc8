"""Reads a model's answer while it streams: the customer's text on one side, citations and machine line on the other.

A model writes plain text with marks such as ``[delivery-costs]`` and ends with ``@@{"needs": "nothing"}``. Neither
may ever be seen by a customer, however the stream is cut into pieces; what is unreadable is taken the safe way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_MARK = re.compile(r"\[\s*([a-z0-9]+(?:-[a-z0-9]+)*(?:\s*[,;]\s*[a-z0-9]+(?:-[a-z0-9]+)*)*)\s*\]")
_MARK_START = re.compile(r"\[\s*[a-z0-9,;\s-]*\Z")
_LONGEST_MARK = 120
_NEEDS = re.compile(r"needs\W{1,6}(nothing|knowledge|human)", re.I)
# What starts the machine line: our own mark anywhere, or, when a model forgets it, JSON or a code fence on a new line.
_ANYWHERE = "@@"
_AT_LINE_START = ("```", '{"needs', '{ "needs', "{'needs", "needs:")


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer. ``cited`` are page ids, first mark first; ``well_formed``: the last line was there."""

    text: str
    cited: tuple[str, ...]
    needs: str
    well_formed: bool


@dataclass(slots=True)
class AnswerParser:
    """Feed pieces, get what may be shown now; `close` gives the rest and `answer` the whole."""

    _held: str = ""
    _shown: list[str] = field(default_factory=list)
    _trailer: str | None = None
    _cited: dict[str, None] = field(default_factory=dict)
    _line_start: bool = True

    def feed(self, piece: str) -> str:
        """The text that became certain with this piece; often empty."""
        if self._trailer is not None:
            self._trailer = (self._trailer + piece)[:500]
            return ""
        self._held += piece
        return self._release(final=False)

    @property
    def line_ended(self) -> bool:
        """Whether a line is over of which `feed` gave all but its end: what follows may yet swallow the line break."""
        blank = self._held[: len(self._held) - len(self._held.lstrip())]
        return "\n" in blank

    def close(self) -> str:
        """What is left when the stream has ended."""
        return self._release(final=True) if self._trailer is None else ""

    def answer(self) -> Answer:
        found = _NEEDS.search(self._trailer or "")
        needs = found[1].lower() if found else "nothing"
        return Answer("".join(self._shown).strip(), tuple(self._cited), needs, found is not None)

    def _release(self, *, final: bool) -> str:
        """Walk over what is held; stop where the next characters could still change its meaning."""
        out: list[str] = []
        text, at = self._held, 0
        while at < len(text):
            step = self._next(text, at, final=final)
            if step is None:
                break
            kept, at = step
            if kept:
                out.append(kept)
            if self._trailer is not None:
                at = len(text)
        self._held = text[at:]
        shown = "".join(out)
        if not self._shown:
            shown = shown.lstrip()
        if shown:
            self._shown.append(shown)
        return shown

    def _next(self, text: str, at: int, *, final: bool) -> tuple[str, int] | None:
        """What to show at ``at`` and where to go on, or None to wait for more."""
        rest = text[at:]
        blank = len(rest) - len(rest.lstrip())
        body = rest[blank:]
        if not body:
            return ("", len(text)) if final else None  # Blanks wait: a mark or the machine line may swallow them.
        line_start = "\n" in rest[:blank] or self._line_start
        verdict = self._special(body, line_start=line_start, final=final)
        if verdict is None:
            return None
        if verdict == 0:
            self._line_start = False
            return rest[: blank + 1], at + blank + 1
        return "", at + blank + verdict

    def _special(self, body: str, *, line_start: bool, final: bool) -> int | None:
        """How many characters of ``body`` are machine text (0: none), or None when that cannot be told yet."""
        starts = (_ANYWHERE, *_AT_LINE_START) if line_start else (_ANYWHERE,)
        for start in starts:
            if body.startswith(start):
                self._trailer = body[:500]
                return len(body)
            if not final and start.startswith(body):
                return None
        return self._mark(body, final=final) if body[0] == "[" else 0

    def _mark(self, body: str, *, final: bool) -> int | None:
        """The same for what starts with a bracket: a citation mark, a link, or just a bracket."""
        mark = _MARK.match(body)
        if mark is None:
            open_still = len(body) < _LONGEST_MARK and _MARK_START.match(body) is not None
            return (len(body) if final else None) if open_still else 0
        if mark.end() == len(body) and not final and mark.end() <= _LONGEST_MARK:
            return None  # A "(" may follow: then it is a link, not a mark.
        if mark.end() > _LONGEST_MARK or body[mark.end() :].startswith("("):
            return 0
        for page in re.split(r"[,;]", mark[1]):
            self._cited.setdefault(page.strip())
        return mark.end()
