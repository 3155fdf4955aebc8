"""Button payloads that a page may hold but not make: signed, and good in one conversation only.

A button of the dialogue carries a command (``/intent{...}``). The page gets it signed; a payload that we did not
sign, or signed for another conversation, is refused. Two reserved words are plain, because every page may say them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from handover.entries import Button, ConversationId
from handover.errors import BadInput

ASK_FOR_HUMAN = "ask_for_human"
STOP_WAITING = "stop_waiting"
RESERVED = frozenset({ASK_FOR_HUMAN, STOP_WAITING})

_VERSION = "b1"
_MAC_BYTES = 16  # 128 bits: nobody guesses it, and the payload stays short
_MAX = 2_000  # what a frame may carry


def sign(secret: bytes, conversation: ConversationId, payload: str) -> str:
    """``payload`` as the page may have it: url-safe text. Raises ValueError when it would not fit a frame."""
    body = base64.urlsafe_b64encode(payload.encode()).rstrip(b"=").decode()
    signed = f"{_VERSION}.{body}.{_mac(secret, conversation, body)}"
    if len(signed) > _MAX:
        raise ValueError(f"a button payload of {len(payload)} characters is too long")
    return signed


def verify(secret: bytes, conversation: ConversationId, signed: str) -> str:
    """The payload that `sign` was given, or a reserved word itself.

    Raises BadInput for anything else: forged, changed, cut, or made for another conversation.
    """
    if signed in RESERVED:
        return signed
    version, _, rest = signed.partition(".")
    body, _, mac = rest.partition(".")
    try:
        genuine = hmac.compare_digest(mac.encode(), _mac(secret, conversation, body).encode())
        if len(signed) > _MAX or version != _VERSION or not genuine:
            raise BadInput("This button is not from this conversation.")
        return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()
    except (binascii.Error, UnicodeError) as broken:
        raise BadInput("This button is not from this conversation.") from broken


def sign_buttons(secret: bytes, conversation: ConversationId, buttons: tuple[Button, ...]) -> tuple[Button, ...]:
    """The same buttons with payloads that a page may have; reserved words stay plain."""
    return tuple(
        button if button.payload in RESERVED else Button(button.title, sign(secret, conversation, button.payload))
        for button in buttons
    )


def _mac(secret: bytes, conversation: ConversationId, body: str) -> str:
    message = f"switchboard button {_VERSION}\n{len(conversation)}:{conversation}\n{body}".encode()
    digest = hmac.digest(secret, message, hashlib.sha256)[:_MAC_BYTES]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
