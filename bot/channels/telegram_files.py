"""The files and things in a message of Telegram, as attachments. Source: Telegram Bot API 10.1, "Message".

A file is named by ``file_id``; where its bytes are must be asked (`getFile`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.channels.channel import Attachment
from bot.channels.reading import Broken, id_in, list_in, object_in, objects_in, words_in

_FILES = {
    "animation": "video",
    "video": "video",
    "video_note": "video",
    "voice": "audio",
    "audio": "audio",
    "document": "file",
    "sticker": "sticker",
}
_OTHERS = ("story", "dice", "game", "invoice", "paid_media", "checklist", "giveaway")


def attachments_of(message: Mapping[str, Any]) -> tuple[Attachment, ...]:
    """What a message brings besides its words. Raises Broken when one of them cannot be read."""
    found: list[Attachment] = []
    if sizes := list_in(message, "photo"):
        found.append(_photo(sizes))
    for name, kind in _FILES.items():
        # An animation comes with a document of the same file, for programs that know no animations.
        if message.get(name) is not None and not (name == "document" and message.get("animation") is not None):
            found.append(_file(object_in(message, name), kind))
    found.extend(_things(message))
    return tuple(found)


def _photo(sizes: list[Any]) -> Attachment:
    """The largest of the sizes of one photo."""
    usable = [size for size in sizes if isinstance(size, dict) and id_in(size, "file_id")]
    if not usable:
        raise Broken("photo has no size that can be fetched")
    return Attachment("image", ref=id_in(max(usable, key=_area), "file_id"), media_type="image/jpeg")


def _area(size: Mapping[str, Any]) -> int:
    width, height = size.get("width"), size.get("height")
    return width * height if isinstance(width, int) and isinstance(height, int) else 0


def _file(described: Mapping[str, Any], kind: str) -> Attachment:
    return Attachment(
        kind,
        ref=id_in(described, "file_id"),
        name=words_in(described, "file_name") or words_in(described, "title"),
        media_type=words_in(described, "mime_type"),
        text=words_in(described, "emoji"),
    )


def _things(message: Mapping[str, Any]) -> list[Attachment]:
    found: list[Attachment] = []
    if message.get("location") is not None:
        place, venue = object_in(message, "location"), object_in(message, "venue")
        found.append(Attachment("location", name=words_in(venue, "title"), text=_coordinates(place)))
    if message.get("contact") is not None:
        card = object_in(message, "contact")
        words = [words_in(card, name) for name in ("first_name", "last_name")]
        name = " ".join(word for word in words if word)
        found.append(Attachment("contact", name=name or None, text=id_in(card, "phone_number")))
    if message.get("poll") is not None:
        asked = object_in(message, "poll")
        options = [words_in(option, "text") or "" for option in objects_in(asked, "options")]
        found.append(Attachment("poll", name=words_in(asked, "question"), text=" / ".join(options) or None))
    found.extend(Attachment("other", name=name) for name in _OTHERS if message.get(name) is not None)
    return found


def _coordinates(place: Mapping[str, Any]) -> str:
    """``latitude,longitude``; some senders write them as text."""
    return ",".join(_number(place.get(name), name) for name in ("latitude", "longitude"))


def _number(value: Any, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)) > 30:
        raise Broken(f"{name} is not a number")
    try:
        return f"{float(value):.6f}".rstrip("0").rstrip(".")
    except (ValueError, OverflowError):
        raise Broken(f"{name} is not a number") from None
