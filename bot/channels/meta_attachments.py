"""What hangs on a message of Messenger or Instagram: files to fetch, and what can only be told in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.channels.channel import Attachment
from bot.channels.reading import Broken, list_in, object_in, words_in

_FILES = frozenset({"image", "video", "audio", "file"})
_SHARES = frozenset({"share", "ig_post", "ig_reel", "reel", "post"})  # somebody's public post, sent on
_STORIES = frozenset({"story_mention", "ig_story", "story"})  # gone after a day, and not to be kept: Platform Terms


def attachments_of(message: Mapping[str, Any]) -> tuple[Attachment, ...]:
    """The attachments of a message, in order. An attachment of no known shape is told as such; none is left out."""
    return tuple(_attachment(one) for one in list_in(message, "attachments"))


def _attachment(one: Any) -> Attachment:
    if not isinstance(one, dict):
        raise Broken("an attachment is not an object")
    kind = words_in(one, "type") or "other"
    payload = object_in(one, "payload")
    url, title = words_in(payload, "url"), words_in(one, "title") or words_in(payload, "title")
    if payload.get("sticker_id") is not None:
        return Attachment("sticker", url=url)
    if kind in _FILES:
        return Attachment(kind, url=url, name=words_in(payload, "name"))
    if kind == "location":
        return Attachment("location", text=_place(object_in(payload, "coordinates")), name=title)
    return _told(kind, url, title, words_in(one, "URL") or words_in(one, "url"))


def _told(kind: str, url: str | None, title: str | None, address: str | None) -> Attachment:
    """What is shown in words, because the bytes are somebody else's, not to be kept, or not to be had."""
    if kind == "fallback":  # a link with a preview: its address is something to read, not a file
        return Attachment("share", text=" ".join(word for word in (title, address or url) if word) or None)
    if kind in _SHARES:
        return Attachment("share", url=url, text=title)
    if kind in _STORIES:
        return Attachment("story", url=url, text="a story that mentions us", keep=False)
    if kind == "ephemeral":
        return Attachment("other", text="a picture that disappears, which apps are not shown", keep=False)
    return Attachment("other", url=url, text=title or kind)


def _place(coordinates: Mapping[str, Any]) -> str | None:
    degrees = [coordinates.get("lat"), coordinates.get("long")]
    if any(isinstance(one, bool) or not isinstance(one, int | float) for one in degrees):
        return None
    return f"{degrees[0]},{degrees[1]}"


def story_answered(answered: Mapping[str, Any]) -> tuple[Attachment, ...]:
    """Our story that a message answers, as something to look at and not to keep."""
    story = object_in(answered, "story")
    if not story:
        return ()
    return (Attachment("story", url=words_in(story, "url"), text="an answer to our story", keep=False),)
