"""The files that an installation names in its settings: policy and calendar are read, the embedder is looked for."""

from __future__ import annotations

from bot.refusals import naming
from bot.settings import Settings
from handover.calendar import Calendars
from handover.calendar_file import load_calendars
from handover.errors import BadInput
from handover.policy_settings import PolicySettings, load_policy


def read_rules(settings: Settings) -> tuple[PolicySettings, Calendars]:
    """Policy, with one name for the bot wherever it is shown, and calendars. Raises BadInput naming the option."""
    with naming("POLICY_FILE"):
        policy = load_policy(settings.policy_file)
    with naming("CALENDAR_FILE"):
        calendars = load_calendars(settings.calendar_file)
    words = policy.words.model_copy(update={"bot_name": settings.assistant_name})
    return policy.model_copy(update={"words": words}), calendars


def must_hold_embedder(settings: Settings) -> None:
    """Without one repeats are told by words; but who names a folder means what is in it, and `none` none.

    Raises BadInput naming the option.
    """
    folder = settings.embedder_dir
    if "embedder_dir" in settings.model_fields_set and str(folder) != "none" and not (folder / "model.onnx").is_file():
        raise BadInput(
            f"EMBEDDER_DIR: {folder} holds no exported embedder. Run `make embedder`, or unset it; "
            "EMBEDDER_DIR=none tells repeats by words."
        )
