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
