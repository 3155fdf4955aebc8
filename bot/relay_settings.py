"""What an installation may choose about the path of a message; the service's settings fill it in."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.bursts import BurstSettings
from bot.settings import Settings
from handover.policy_settings import PolicySettings


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """Times in seconds.

    ``turn_seconds``: from taking up a turn to its recorded outcome. ``reserve``: of these, what is kept for weighing
    and recording. ``retry_needs``: a failed turn is tried once more when at least this is left. ``turns_at_once``:
    over all conversations. ``turns_waiting_seconds``: with a longer line before the bot, words that would need one more
    turn are refused before they are recorded; `bot.admission` keeps a line that stays to a fifth. ``supersedes``:
    so often a newer message makes the bot begin again; then it answers what it has. ``watch_every``: between two looks
    of the watchdog. ``glance_every``: a turn under way looks in the record whether the customer has said more through
    another process.
    """

    policy: PolicySettings
    turn_seconds: float = 15.0
    reserve: float = 0.5
    retry_needs: float = 3.0
    turns_at_once: int = 32
    turns_waiting_seconds: float = 10.0
    supersedes: int = 2
    watch_every: float = 1.0
    glance_every: float = 1.0
    burst: BurstSettings = field(default_factory=BurstSettings)
    language: str = "en"
    profile_fields: tuple[str, ...] = ()

    @property
    def place_seconds(self) -> float:
        """Who has been in the line for so long is given to people: the line was estimated wrongly, or turns hang."""
        return max(self.turn_seconds, 1.5 * self.turns_waiting_seconds)

    @property
    def forgotten_after(self) -> float:
        """An unanswered message this old waits for nobody: its window has passed."""
        return self.burst.cap + 2.0


def relay_settings_of(settings: Settings, policy: PolicySettings) -> RelaySettings:
    """What the service's settings say about it."""
    burst = BurstSettings(
        usual=settings.burst_usual,
        fragment=settings.burst_fragment,
        cut=settings.burst_cut,
        typing=settings.burst_typing,
        cap=settings.burst_cap,
    )
    return RelaySettings(
        policy=policy,
        turn_seconds=settings.turn_seconds,
        turns_at_once=settings.turns_at_once,
        turns_waiting_seconds=settings.turns_waiting_seconds,
        burst=burst,
        profile_fields=settings.profile_fields,
    )
