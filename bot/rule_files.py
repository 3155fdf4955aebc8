"""The files that decide who answers and when, as an installation names them in its settings: policy and calendar."""

from __future__ import annotations

from bot.refusals import naming
from bot.settings import Settings
from handover.calendar import Calendars
from handover.calendar_file import load_calendars
from handover.policy_settings import PolicySettings, load_policy


def read_rules(settings: Settings) -> tuple[PolicySettings, Calendars]:
    """Policy, with one name for the bot wherever it is shown, and calendars. Raises BadInput naming the option."""
    with naming("POLICY_FILE"):
        policy = load_policy(settings.policy_file)
    with naming("CALENDAR_FILE"):
        calendars = load_calendars(settings.calendar_file)
    words = policy.words.model_copy(update={"bot_name": settings.assistant_name})
    return policy.model_copy(update={"words": words}), calendars
