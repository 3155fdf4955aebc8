"""Every platform, by the name that stands in its inboxes' ids. A new channel is one file and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.channels.channel import Channel
from bot.channels.instagram import Instagram
from bot.channels.line import Line
from bot.channels.messenger import Messenger
from bot.channels.telegram import Telegram
from bot.channels.whatsapp import WhatsApp
from bot.channels.x import X
from handover.errors import BadInput

CHANNELS: Mapping[str, Channel] = MappingProxyType(
    {
        channel.name: channel
        for channel in (
            Messenger(),
            Instagram(),
            WhatsApp(),
            Telegram(),
            X(),
            Line(),
        )
    }
)


def addresses_of(channels: Mapping[str, Channel], instead: Mapping[str, str]) -> dict[str, str]:
    """The base URL for each `Call.base`: the platforms' own, unless ``instead`` (PLATFORM_URLS) names another.

    Raises BadInput for a name that no channel uses.
    """
    own = {name: url for channel in channels.values() for name, url in channel.bases.items()}
    if unknown := sorted(set(instead) - set(own)):
        raise BadInput(f"PLATFORM_URLS: {', '.join(unknown)}: there are only {', '.join(sorted(own))}.")
    return own | dict(instead)
