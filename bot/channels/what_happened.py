"""An event that nobody answers, in words that an agent understands."""

from __future__ import annotations

from bot.channels.channel import Event, EventKind

_WORDS = {
    EventKind.REFERRAL: "The customer came from elsewhere",
    EventKind.OPTIN: "The customer agreed to something",
    EventKind.ACCOUNT_LINK: "The customer linked or unlinked an account",
    EventKind.HANDOVER: "The platform says who answers this conversation",
    EventKind.POLICY: "The platform warns us",
    EventKind.SYSTEM: "The platform says",
    EventKind.UNSUPPORTED: "Something cannot be shown here",
    EventKind.UNKNOWN: "Something happened on the platform that we do not know",
}
_HANDOVER = {
    "take": "Another app took this conversation: the bot is silent until it comes back.",
    "pass": "Another app passed this conversation to us.",
    "request": "Another app asks for this conversation.",
}


def in_words(event: Event) -> str:
    """One sentence; what the platform itself said stands behind the colon."""
    if event.kind is EventKind.HANDOVER and event.action in _HANDOVER:
        return _HANDOVER[event.action]
    what = _WORDS.get(event.kind, "Something happened on the platform")
    more = event.note or event.text or event.action
    return f"{what}: {more[:500]}" if more else f"{what}."
