"""Writes docs/protocol.md from the models of both sockets: `python -m bot.protocol`. A test keeps it true."""

from __future__ import annotations

import sys
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import TypeAdapter

from bot import frames as customer_frames
from handover import agent_frames, errors
from handover.frames import Frame

PAGE = Path(__file__).resolve().parent.parent / "docs" / "protocol.md"

_OPENING = """\
# The sockets, frame by frame

This page is generated from the models by `python -m bot.protocol`. Do not edit it.

Every frame is one JSON object in a text frame, at most 64 KiB, with a `type`. Unknown fields and unknown types are
refused. Times are ISO 8601 in UTC. Fields that are absent from a frame have the default shown here. The HTTP side is
described by `/openapi.json`.

## How a connection goes

1. The page opens the socket. Its `Origin` must be, letter by letter, one of PUBLIC_ORIGINS; a client without an
   Origin is no browser and may go on. The agents' socket also wants the login cookie, then only from the service's
   own pages, or `Authorization: Bearer <token>`. A refused handshake answers with an HTTP status and the error.
2. `hello` within five seconds, with the last offset (or feed number) the page has.
3. `welcome`, then everything that was missed and a `heartbeat`, then live. Entries come once each and in order of
   their offsets. What the sender itself said comes back as an entry with its `client_id`: that is the
   acknowledgement, it is in the record.
4. A frame that cannot be accepted is answered with `error` and the connection goes on. Too many of them, binary frames,
   frames that are too large, or a flood close it.
5. A `heartbeat` comes about every twenty seconds: a page that has heard nothing for longer says `hello` again, and
   gives up a connection that does not answer.
6. Whoever loses the connection connects again and says `hello` with its last offset. Saying the same `client_id`
   again is safe. A process that stops says `error` with code `moving` and closes with 1012: connect again at once.
7. Who reads too slowly is closed with 4408 once 256 frames or 1 MiB wait for it, and resumes like any other.
8. A console's lists are told of every change by a whole row, `conversation`. Quiet changes (a new line, a time) may
   come a tenth of a second later, gathered in `conversations`; rows come in any order, and the one with the higher
   `feed` is the newer. What a console has for certain is the `feed` of the last `heartbeat`: a row's own number says
   nothing of the rows before it, and must not be named in `hello`.

A customer's token names the customer and nothing else. A token that is forged, expired or meant for something else
is answered with `not_signed_in` (4401), a conversation that is not this customer's with `not_found` (4404): forget
both and say `hello` without them.
"""


def page() -> str:
    """The whole page as Markdown."""
    parts = [_OPENING, "## Errors\n", "One shape everywhere: `{code, message, detail?}`.\n", _errors()]
    parts.append("## Customers: `WS /ws/customer`\n")
    parts.append("### What the page sends\n")
    parts += [_frame(one) for one in _members(customer_frames.CustomerSends)]
    parts.append("### What the page receives\n")
    parts += [_frame(one) for one in _members(customer_frames.CustomerReceives)]
    parts.append("## Agents: `WS /ws/agent`\n")
    parts.append("### What the console sends\n")
    parts += [_frame(one) for one in _members(agent_frames.AgentSends)]
    parts.append("### What the console receives\n")
    parts += [_frame(one) for one in _members(agent_frames.AgentReceives)]
    return "\n".join(parts).rstrip() + "\n"


def _members(union: Any) -> list[type[Frame]]:
    """The frame classes of a union, annotated or not."""
    if get_origin(union) not in (Union, UnionType):
        union = get_args(union)[0]
    return list(get_args(union))


def _frame(model: type[Frame]) -> str:
    schema = TypeAdapter(model).json_schema(mode="validation")
    kind = model.model_fields["type"]
    name = get_args(kind.annotation)[0]
    lines = [f"#### `{name}`\n"]
    # pydantic hands a model without words of its own its base's: those say nothing about this one.
    doc = model.__dict__.get("__doc__") or ""
    if doc.strip():
        lines.append(" ".join(doc.split()) + "\n")
    fields = {key: part for key, part in schema["properties"].items() if key != "type"}
    if not fields:
        return "\n".join([*lines, "No fields.\n"])
    lines += ["| field | type | |", "|---|---|---|"]
    required = schema.get("required", [])
    for key, part in fields.items():
        needed = "required" if key in required else f"default `{_default(part)}`"
        lines.append(f"| `{key}` | {_type(part, schema.get('$defs', {}))} | {needed} |")
    return "\n".join(lines) + "\n"


def _default(part: dict[str, Any]) -> str:
    value = part.get("default")
    return {None: "null", True: "true", False: "false"}.get(value, str(value)) if not isinstance(value, list) else "[]"


def _type(part: dict[str, Any], defs: dict[str, Any]) -> str:
    if "$ref" in part:
        return _type(defs[part["$ref"].rsplit("/", 1)[1]], defs)
    if "anyOf" in part:
        return " or ".join(_type(one, defs) for one in part["anyOf"])
    if "const" in part or "enum" in part:
        return ", ".join(f'"{one}"' for one in part.get("enum", [part.get("const")]))
    if part.get("type") == "array":
        return f"list of {_type(part.get('items', {}), defs)}"
    if "properties" in part:
        return "{" + ", ".join(f"{key}: {_type(one, defs)}" for key, one in part["properties"].items()) + "}"
    limits = [f"{word} {part[key]}" for key, word in _LIMITS.items() if key in part]
    kind = part.get("format") or part.get("type", "anything")
    return f"{kind} ({', '.join(limits)})" if limits else str(kind)


_LIMITS = {"minLength": "at least", "maxLength": "at most", "minimum": "from", "maximum": "to"}


def _errors() -> str:
    lines = ["| code | HTTP | close | when |", "|---|---|---|---|"]
    for error in _family(errors.SwitchboardError):
        words = _WHEN.get(error.code) or " ".join((error.__doc__ or "").split())
        lines.append(f"| `{error.code}` | {error.http_status} | {error.close_code} | {words} |")
    return "\n".join(lines) + "\n"


_WHEN = {
    "internal": "our fault; it has been logged",
    "stale_view": "the agent had not seen the latest entries; `missed` carries them",
    "bad_input": "what was sent does not parse",
    "too_large": "more than is read",
    "not_signed_in": "no valid cookie, bearer or visitor token",
    "forbidden": "signed in, but not for this; or a page of another site",
    "not_yours": "another agent has it",
    "not_found": "there is no such thing, or it is not yours to see",
    "too_many": "a limit; `retry_after` in seconds",
    "illegal_move": "the conversation is not in a state that allows it",
    "taken": "somebody else won; `detail.taken_by` names who",
    "fenced": "the epoch moved on; what was tried has no effect",
    "fell_behind": "too slow for its queue, or to say hello; connect again and resume",
    "busy": "too many wait for the bot; nothing was kept: send the same again after `retry_after` seconds",
    "moving": "this process stops; connect again after `retry_after` seconds, another one has everything",
    "unavailable": "something we need is down; try again later",
}


def _family(error: type[errors.SwitchboardError]) -> list[type[errors.SwitchboardError]]:
    children = [one for child in error.__subclasses__() for one in _family(child)]
    return [one for one in [error, *children] if one.__module__ == errors.__name__]


def main() -> int:
    """Write the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
