"""What a platform answered to a request that checks or prepares an inbox, in words for admins. Pure.

Platforms repeat what they were given, a refused access token too: no secret of the inbox leaves in these words.
Sources for the members that are read: the platforms' pages for the requests of `Channel.check` and `Channel.prepare`
(Graph API "User" and "Phone number", Telegram "WebhookInfo", X "users/me", LINE "Get bot info" and "Test webhook").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from bot.channels.channel import Answer, Channel, Unanswered
from handover.inboxes import Inbox
from handover.outcomes import Outcome

_LONGEST = 500  # characters of what is shown
_SECRET_LIKE = re.compile(r"[A-Za-z0-9_|\-]{25,}")  # a piece of a token is longer than any word
_IDS = ("user_id", "id", "userId")  # Instagram has both: the first is the account
_NAMES = ("name", "username", "verified_name", "display_phone_number", "displayName")
_LATER = "Try again in a few minutes."
_COMPARE = "Compare what was put in here with the platform's own pages, and the permissions of the access."
_NOT_NOW = {Outcome.RETRY, Outcome.RETRY_AFTER, Outcome.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Said:
    """``what`` was asked, whether the platform agreed, what it said and what a person may do about it ("": nothing)."""

    ok: bool
    what: str
    words: str
    todo: str = ""


def checked(channel: Channel, inbox: Inbox, answer: Answer | Unanswered, webhook: str) -> Said:
    """What came of `Channel.check`. ``webhook`` is our address, for platforms that say where theirs go."""
    return _clean(inbox, _checked(channel, inbox, answer, webhook))


def prepared(channel: Channel, inbox: Inbox, what: str, answer: Answer | Unanswered) -> Said:
    """What came of one request of `Channel.prepare`."""
    title = channel.ability.title
    if isinstance(answer, Unanswered) or not _agreed(answer):
        return _clean(inbox, _refused(channel, what, answer))
    given = _texts(_told(answer), _IDS)
    return _clean(inbox, Said(True, what, f"Done. {title} calls it {given[0]}." if given else "Done."))


def _checked(channel: Channel, inbox: Inbox, answer: Answer | Unanswered, webhook: str) -> Said:
    what, title = "Check access", channel.ability.title
    if isinstance(answer, Unanswered) or not _agreed(answer):
        return _refused(channel, what, answer)
    told = _told(answer)
    ids, names = _texts(told, _IDS), ", ".join(_texts(told, _NAMES))
    if ids and inbox.account not in ids:
        named = f" ({names})" if names else ""
        words = f"{title} accepts our access, but as {ids[0]}{named}, and the inbox says {inbox.account}."
        label = channel.ability.account.label
        return Said(False, what, words, f"Put {ids[0]} into “{label}”, or give access of {inbox.account}.")
    words = f"{title} accepts our access{f' as {names}' if names else ''}."
    if isinstance(quality := told.get("quality_rating"), str):
        words += f" Its rating there is {quality}."
    return _where(Said(True, what, words), told, title, webhook)


def _where(said: Said, told: Mapping[str, Any], title: str, webhook: str) -> Said:
    """With what Telegram tells beside: where it sends webhooks, how many wait, and what went wrong last."""
    if isinstance(waiting := told.get("pending_update_count"), int) and waiting:
        said = replace(said, words=f"{said.words} {waiting} of its webhooks wait to be taken.")
    if isinstance(trouble := told.get("last_error_message"), str) and trouble:
        said = replace(said, words=f"{said.words} The last that failed: {trouble}.")
    if isinstance(place := told.get("url"), str) and place != webhook:
        found = f"It sends webhooks to {place}, not here" if place else "It does not send us webhooks yet"
        return replace(said, words=f"{said.words} {found}.", todo=f"Set up {title} from here.")
    return said


def _refused(channel: Channel, what: str, answer: Answer | Unanswered) -> Said:
    title = channel.ability.title
    if isinstance(answer, Unanswered):
        words = f"{title} {'did not answer' if answer.written else 'could not be reached'} ({answer.why})."
        return Said(False, what, words, "See whether this service reaches the internet, then try again.")
    result, said = channel.result(answer), _own_words(answer)
    if _told(answer).get("success") is False:
        return Said(False, what, f"{title} says no: {said}", "See whether our webhook address is reached from outside.")
    if result.outcome is Outcome.FINAL_ACCOUNT:
        # What was said of a message is said of the access alone here: none was sent.
        return Said(
            False, what, _SECRET_LIKE.sub("…", result.note), result.todo.replace("; the message goes out then.", ".")
        )
    if result.outcome in _NOT_NOW and not 200 <= answer.status < 300:
        return Said(False, what, f"{title} could not say: {said}", _LATER)
    return Said(False, what, f"{title} refused: {said}", _COMPARE)


def _agreed(answer: Answer) -> bool:
    """Telegram and Meta say no with any status: the body counts too."""
    told = answer.json
    if not 200 <= answer.status < 300 or not isinstance(told, Mapping):
        return False
    return not told.get("error") and told.get("ok", True) is True and told.get("success", True) is not False


def _told(answer: Answer) -> Mapping[str, Any]:
    """What an answer is about: Telegram has it in ``result``, X in ``data``."""
    whole = answer.json if isinstance(answer.json, Mapping) else {}
    for inside in ("result", "data"):
        if isinstance(found := whole.get(inside), Mapping):
            return found
    return whole


def _own_words(answer: Answer) -> str:
    """What the platform itself says of a refusal, without what could be a piece of a token."""
    whole = answer.json if isinstance(answer.json, Mapping) else {}
    error = whole.get("error")
    places: list[Any] = [error.get("message") if isinstance(error, Mapping) else error]
    places += [whole.get(key) for key in ("description", "detail", "message", "title", "reason")]
    found = next((words for words in places if isinstance(words, str) and words.strip()), "")
    return _SECRET_LIKE.sub("…", found) or f"HTTP {answer.status}, without a reason that we can read."


def _texts(told: Mapping[str, Any], keys: tuple[str, ...]) -> list[str]:
    return [str(told[key]) for key in keys if isinstance(told.get(key), str | int) and told[key]]


def _clean(inbox: Inbox, said: Said) -> Said:
    """Without any secret of the inbox, as it is or as it stands in an address, and without what cannot be seen."""
    return replace(said, words=_hidden(inbox, said.words), todo=_hidden(inbox, said.todo))


def _hidden(inbox: Inbox, words: str) -> str:
    for secret in inbox.secrets.values():
        for form in {secret, quote(secret), quote(secret, safe="")}:
            words = words.replace(form, "…")
    return "".join(c if c.isprintable() else " " for c in words)[:_LONGEST].strip()
