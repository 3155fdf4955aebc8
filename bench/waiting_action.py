"""The shop's answering action in the bench: it takes WAIT_SECONDS (0.05) and says a line that names what was asked.

Rasa's own SDK serves it (``python -m rasa_sdk --actions bench.waiting_action``), for ours and for the control alike.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

from rasa_sdk import Action


class WaitingAction(Action):
    def name(self) -> str:
        """Under the name that the shop's rules call for most questions."""
        return "action_reply"

    async def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        await asyncio.sleep(float(os.environ.get("WAIT_SECONDS", "0.05")))
        dispatcher.utter_message(text=f"About {tracker.latest_message['text']!r}: it is all in hand.")
        return []
