"""Answers that Meta's three platforms share: errors in Graph's shape, the check of a token, an object's path."""

from __future__ import annotations

import re

from tests.sim.accounts import Account
from tests.sim.calls import Asked, Refusal, Reply
from tests.sim.world import World

_PATH = re.compile(r"/v\d+\.\d+/([^/]+)(?:/([a-z_]+))?")


def graph_error(status: int, code: int, message: str, subcode: int | None = None) -> Reply:
    """An error as Graph API, "Handling errors", shows it."""
    error = {"message": f"(#{code}) {message}", "type": "OAuthException", "code": code, "fbtrace_id": "ASimulatedTrace"}
    return Reply(status, {"error": error if subcode is None else {**error, "error_subcode": subcode}})


def invalid(message: str) -> Reply:
    return graph_error(400, 100, message)


def spoken_for(world: World, asked: Asked, *channels: str) -> Account:
    """Whose token it is. Raises Refusal with Meta's 190."""
    account = world.accounts.by_token(asked.token, *channels)
    if account is None:
        reply = graph_error(401, 190, "Invalid OAuth access token - Cannot parse access token")
        raise Refusal(f"{asked.path}: no token, or nobody's", reply)
    return account


def node_and_edge(asked: Asked) -> tuple[str, str]:
    """``/v26.0/{node}/{edge}``; the edge "" without one. Raises Refusal."""
    found = _PATH.fullmatch(asked.path)
    if found is None:
        raise Refusal(f"{asked.method} {asked.path}: no such path", graph_error(400, 2500, "Unknown path components"))
    return found[1], found[2] or ""


def no_such(asked: Asked) -> Refusal:
    reply = graph_error(400, 100, "Unsupported request. Object does not exist or does not support this operation", 33)
    return Refusal(f"{asked.method} {asked.path}: no such object or edge", reply)
