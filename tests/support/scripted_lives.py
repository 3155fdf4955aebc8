"""Which processes live, as a test says; implements `handover.ports.Lives`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field


@dataclass
class ScriptedLives:
    """``ended`` are the owners that are certainly gone; several processes of a test share the set."""

    owner: str = "this process"
    ended: set[str] = field(default_factory=set)

    async def gone(self, owners: Collection[str]) -> frozenset[str]:
        return frozenset(owners) & frozenset(self.ended)
