"""What the scripted service knows of customers beside their conversations: ids of platforms, and joins."""

from __future__ import annotations

from dataclasses import dataclass, field

from handover.contacts_api import DeedPart, IdentityPart
from handover.errors import SwitchboardError


@dataclass
class Contacts:
    """``identities`` are by customer; ``looked_for`` are the searches that came; ``refusing`` answers the next deed."""

    identities: dict[str, list[IdentityPart]] = field(default_factory=dict)
    deeds: list[DeedPart] = field(default_factory=list)
    looked_for: list[str] = field(default_factory=list)
    refusing: SwitchboardError | None = None

    def identity(self, customer: str, inbox: str, external_id: str, name: str | None = None, **more: bool) -> None:
        channel = inbox.partition(".")[0]
        part = IdentityPart(inbox=inbox, channel=channel, external_id=external_id, name=name, **more)
        self.identities.setdefault(customer, []).append(part)
