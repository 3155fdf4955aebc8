"""Settings of the channels that push: how webhooks are taken, how inboxes' secrets are kept, where platforms answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode


def http_address(value: str) -> str:
    """``value`` without a slash at the end. Raises ValueError when it is no http(s) address."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:  # a bad port raises by itself
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
    platform_urls: Annotated[dict[str, Address], NoDecode] = Field(
        {}, description="Where platforms answer instead of at home: name=url, comma separated (docs/channels)."
    )

    @field_validator("platform_urls", mode="before")
    @classmethod
    def _pairs(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [part.strip().partition("=") for part in value.split(",") if part.strip()]
        if any(not (name and equals) for name, equals, _ in pairs):
            raise ValueError("must be pairs such as telegram=http://127.0.0.1:8081")
        return {name.strip(): url.strip() for name, _, url in pairs}
