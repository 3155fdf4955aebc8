"""Settings of the channels that push: how webhooks are taken, how inboxes' secrets are kept, where platforms answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings


def http_address(value: str) -> str:
    """``value`` without a slash at the end. Raises ValueError when it is no http(s) address."""
    if urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname:
        raise ValueError("must be an http or https address")
    return value.rstrip("/")


Address = Annotated[str, AfterValidator(http_address)]


class ChannelSettings(BaseSettings):
    """A part of `bot.settings.Settings`. An address is a base URL that the platform's own paths are put after."""

    public_url: Address | None = Field(
        None, description="Address by which platforms reach this service, as in https://help.example; never guessed."
    )
    webhook_max_bytes: int = Field(
        3_145_728, ge=65_536, le=16_777_216, description="Largest webhook, in bytes; WhatsApp sends up to 3 MB."
    )
    channel_hold_seconds: float = Field(
        1.0, ge=0, le=10, description="Seconds a platform's event waits for earlier ones that come late."
    )
    channel_key_days: int = Field(
        30, ge=8, le=365, description="Days in which a platform's event is known again; they repeat for 7."
    )
    channel_aside_days: int = Field(14, ge=1, le=365, description="Days in which what no one could use is kept.")
    handshakes_per_minute: float = Field(
        10, gt=0, le=600, description="Handshakes of platforms that one network address may ask for in a minute."
    )
    secrets_keys: SecretStr | None = Field(
        None,
        description="Keys that seal inboxes' secrets, newest first, comma separated; else made from SECRET_KEY.",
    )
    secrets_file: Path = Field(Path("var/inbox_key"), description="Where that key is kept when neither is set.")
    graph_url: Address = Field("https://graph.facebook.com", description="Where Messenger and WhatsApp answer.")
    instagram_url: Address = Field("https://graph.instagram.com", description="Where Instagram answers.")
    telegram_url: Address = Field("https://api.telegram.org", description="Where Telegram's Bot API answers.")
    telegram_file_url: Address = Field("https://api.telegram.org", description="Where Telegram's files are.")
    x_url: Address = Field("https://api.x.com", description="Where X answers.")
    line_url: Address = Field("https://api.line.me", description="Where LINE answers.")
    line_data_url: Address = Field("https://api-data.line.me", description="Where LINE's files are.")

    def platform_addresses(self) -> dict[str, str]:
        """The base URL for each `bot.channels.channel.Call.base`."""
        return {
            "graph": self.graph_url,
            "instagram": self.instagram_url,
            "telegram": self.telegram_url,
            "telegram_file": self.telegram_file_url,
            "x": self.x_url,
            "line": self.line_url,
            "line_data": self.line_data_url,
        }
