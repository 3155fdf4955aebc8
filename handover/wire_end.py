"""What the server's end of a socket can do beside ASGI; a server that offers it sends fewer tasks about."""

from __future__ import annotations

from typing import Protocol

# Where it is found among the extensions of a socket's scope, see `handover.sockets.Socket`.
WIRE = "switchboard.wire"


class WireEnd(Protocol):
    def send_now(self, text: str) -> bool:
        """Send ``text`` unless it would have to wait; whether it was sent."""
        ...

    def probe(self) -> None:
        """Called every so often: pings a peer that was silent, and hangs up on one that did not answer the ping."""
        ...
