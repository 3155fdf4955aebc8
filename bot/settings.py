"""Every setting of the service: its name, type, default and what it is for. Read from the environment and `.env`.

A value that cannot be honoured is an error at start that names the option. Secrets are masked when printed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

from dotenv import dotenv_values
from pydantic import AfterValidator, AliasGenerator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from bot.channel_settings import Address, ChannelSettings, http_address
from bot.log_lines import Form
from bot.refusals import naming
from bot.setting_kinds import email, exact_origins, proxies
from bot.setting_names import typos
from handover.errors import BadInput
from handover.inbox_cipher import Cipher
from handover.retention import Days

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Settings(ChannelSettings):
    """What an installation may choose. Field names in capitals are the names in the environment."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", frozen=True, alias_generator=AliasGenerator(validation_alias=str.upper),
        populate_by_name=True, env_ignore_empty=True,
    )  # fmt: skip

    host: str = Field("127.0.0.1", min_length=1, description="Address the service listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port the service listens on.")
    public_origins: Annotated[tuple[str, ...], NoDecode, AfterValidator(exact_origins)] = Field(
        (), description="Origins (scheme://host[:port], comma separated) of the service and of sites with the widget."
    )
    forwarded_allow_ips: Annotated[str, AfterValidator(proxies)] = Field(
        "127.0.0.1", description="Proxies, comma separated, whose X-Forwarded-For and X-Forwarded-Proto are believed."
    )
    database_url: str = Field(
        "sqlite+aiosqlite:///var/switchboard.db", min_length=1, description="Where the record is kept."
    )
    redis_url: str | None = Field(None, description="Redis, by which several replicas hear each other.")
    rasa_url: str = Field("http://127.0.0.1:5005", description="Where Rasa answers.")
    rasa_token: SecretStr | None = Field(None, description="Rasa's auth token, when it was started with one.")
    actions_url: str = Field("http://127.0.0.1:5055", description="Where the action server answers.")
    service_url: str | None = Field(None, description="Where the action server reaches this service.")
    rasa_anywhere: bool = Field(False, description="Allow a RASA_URL that is not on a loopback or private address.")
    internal_token: SecretStr | None = Field(
        None, description="Shared with the action server; without it replies do not stream and tools are not fenced."
    )
    secret_key: SecretStr | None = Field(
        None,
        description="Signs visitor tokens and buttons (32+ characters); by default one is kept in SECRET_FILE.",
    )
    secret_file: Path = Field(Path("var/secret_key"), description="Where the random secret key is kept.")
    demo: bool = Field(False, description="Make two demo agents and a few fictional past conversations.")
    demo_password: SecretStr | None = Field(
        None, description="Password of the accounts made at first start; by default a random one printed once."
    )
    admin_email: Annotated[str, AfterValidator(email)] = Field(
        "admin@example.com", description="E-mail address of the admin made at first start."
    )
    company_name: str = Field("Tarn & Trail", min_length=1, max_length=80, description="Company the bot speaks for.")
    assistant_name: str = Field("Juniper", min_length=1, max_length=80, description="Name of the bot.")
    greeting: str = Field(
        "Hi, I'm {assistant}, the automated assistant of {company}. I'm an AI, not a person; "
        "ask me anything, or ask for a person at any time.",
        min_length=1, max_length=1_000, description="First entry of a conversation; it must say that an AI speaks.",
    )  # fmt: skip
    disclosure: str = Field(
        "Automated assistant (AI). You can ask for a person at any time.",
        min_length=1, max_length=200, description="Line above the conversation; it must say that an AI speaks.",
    )  # fmt: skip
    turn_seconds: float = Field(15, gt=2, le=120, description="How long one bot turn may take, in seconds.")
    turns_at_once: int = Field(32, ge=1, le=1_000, description="Bot turns under way at once in one process.")
    turns_waiting_seconds: float = Field(
        10,
        gt=0,
        le=120,
        description="Longest line before the bot in a rush, seconds; one that stays is kept to a fifth.",
    )
    burst_usual: float = Field(0.7, ge=0, le=10, description="Seconds the bot waits for more words, usually.")
    burst_fragment: float = Field(1.6, ge=0, le=10, description="Seconds it waits after a fragment.")
    burst_cut: float = Field(2.5, ge=0, le=10, description="Seconds it waits after a sentence that breaks off.")
    burst_typing: float = Field(2.5, ge=0, le=10, description="Seconds it waits after the last sign of typing.")
    burst_cap: float = Field(
        6.0, ge=0, le=30, description="Longest wait in all, in seconds, from the first message on."
    )
    profile_fields: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Fields of a customer's profile, comma separated, that the bot may be told."
    )
    repeat_similarity: float = Field(
        0.72, gt=0, le=1, description="From what cosine similarity on two messages count as the same question."
    )
    embedder_dir: Path = Field(Path("var/minilm"), description="Folder of the exported sentence embedder.")
    policy_file: Path = Field(Path("data/policy/policy.yml"), description="Thresholds of the handover policy.")
    calendar_file: Path = Field(Path("data/policy/calendar.yml"), description="When the desk is staffed by plan.")
    visitor_days: int = Field(180, ge=1, le=730, description="How long a visitor is remembered, in days.")
    login_hours: float = Field(12, gt=0, le=720, description="How long an agent stays signed in, in hours.")
    tries_per_email: int = Field(10, ge=1, description="Failed sign-ins per e-mail address in 15 minutes.")
    tries_per_address: int = Field(30, ge=1, description="Failed sign-ins per network address in 15 minutes.")
    hello_seconds: float = Field(5, gt=0, le=60, description="How long a new socket may stay silent, in seconds.")
    socket_max_bytes: int = Field(65_536, ge=1_024, le=1_048_576, description="Largest frame and request, in bytes.")
    frames_per_second: float = Field(10, gt=0, description="Frames per second one socket may send for long.")
    frames_burst: int = Field(40, ge=1, description="Frames one socket may send at once.")
    socket_strikes: int = Field(20, ge=1, description="Refused frames after which a socket is closed.")
    send_seconds: float = Field(10, gt=0, description="Seconds a page may leave a frame unread before it is closed.")
    strangers_per_address: int = Field(20, ge=1, description="Sockets per network address that have not said hello.")
    strangers_total: int = Field(1_000, ge=1, description="Sockets in all that have not said hello.")
    sockets_per_person: int = Field(20, ge=1, description="Sockets one customer or one agent may have open.")
    sockets_per_address: int = Field(500, ge=1, description="Sockets per network address that have said hello.")
    sockets_total: int = Field(20_000, ge=1, description="Sockets in all that have said hello.")
    person_frames_per_second: float = Field(20, gt=0, description="Frames per second one customer may send for long.")
    person_frames_burst: int = Field(120, ge=1, description="Frames one customer may send at once, on all pages.")
    visitors_per_minute: float = Field(60, gt=0, description="New visitors per minute from one network address.")
    recheck_seconds: float = Field(30, gt=0, description="Seconds between two looks at the record for anything missed.")
    shutdown_seconds: int = Field(10, ge=2, description="How long the service may take to stop, in seconds.")
    retention_days: float | None = Field(
        None, gt=0, description="Days after which resolved conversations are removed, with all of them; unset: never."
    )
    media_days: float | None = Field(
        None, gt=0, description="Days after which files that customers sent are removed; unset: with the conversation."
    )
    outbox_days: float | None = Field(90, ge=8, description="Days in which it is known how a line went to a platform.")
    login_days: float | None = Field(30, gt=0, description="Days in which ended logins and tries to sign in are kept.")
    llm_provider: str = Field(
        "auto", pattern="^(auto|openai|offline)$", description="What the action server answers with (shown in /readyz)."
    )
    openai_api_key: SecretStr | None = Field(None, description="The action server's key; shown only as set or not.")
    openai_base_url: str | None = Field(None, description="The action server's model address (shown in /readyz).")
    log_format: Form = Field("text", description="text: lines for eyes; json: one object a line, for collectors.")
    otel_exporter_otlp_endpoint: Address | None = Field(
        None, description="OpenTelemetry collector (OTLP over HTTP) that gets traces of turns; none: no traces."
    )
    otel_exporter_otlp_protocol: str = Field("http/protobuf", description="How it is spoken to; there is no other.")

    @field_validator("public_origins", "profile_fields", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("rasa_url", "actions_url", "service_url", "openai_base_url")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        return http_address(value) if value else value

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 32:
            raise ValueError("must have at least 32 characters")
        return value

    @field_validator("demo_password")
    @classmethod
    def _a_password(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 8:
            raise ValueError("must have at least 8 characters")
        return value

    @model_validator(mode="after")
    def _together(self) -> Settings:
        if self.llm_provider == "openai" and not (self.openai_api_key or self.openai_base_url):
            raise ValueError("LLM_PROVIDER is openai: set OPENAI_API_KEY or OPENAI_BASE_URL, or LLM_PROVIDER=offline")
        if self.burst_cap < self.burst_usual:
            raise ValueError("BURST_CAP must not be below BURST_USUAL")
        if self.redis_url and self.secret_key is None:
            raise ValueError("SECRET_KEY must be set when REDIS_URL is: all replicas must sign with the same key")
        if self.otel_exporter_otlp_endpoint and self.otel_exporter_otlp_protocol != "http/protobuf":
            raise ValueError("OTEL_EXPORTER_OTLP_PROTOCOL may only be http/protobuf")
        if set(self.otel_exporter_otlp_endpoint or "") & set("?#"):
            raise ValueError("OTEL_EXPORTER_OTLP_ENDPOINT must be an address that /v1/traces can be put after")
        try:
            self.greeting_text()
        except (KeyError, IndexError, ValueError) as why:
            raise ValueError("GREETING may only use {assistant} and {company}") from why
        return self

    def greeting_text(self) -> str:
        """The greeting with the names filled in."""
        return self.greeting.format(assistant=self.assistant_name, company=self.company_name)

    def public_address(self) -> str:
        """What platforms call this service by, without a slash at the end: the setting, else its own address."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return self.public_url or f"http://{host}:{self.port}"

    def origins(self) -> frozenset[str]:
        """Origins whose pages may open sockets: the settings', or the service's own address."""
        if self.public_origins:
            return frozenset(self.public_origins)
        own = _LOOPBACK[:2] if self.host in (*_LOOPBACK, "0.0.0.0", "::") else (self.host,)
        return frozenset(f"http://{host}:{self.port}" for host in own)

    def retention(self) -> Days:
        """How long each kind is kept."""
        return Days(
            conversations=self.retention_days, media=self.media_days, outbox=self.outbox_days,
            logins=self.login_days, keys=self.channel_key_days, asides=self.channel_aside_days,
        )  # fmt: skip

    def inbox_cipher(self) -> Cipher:
        """What opens inboxes' secrets: SECRETS_KEYS, then a key made from SECRET_KEY, else one kept in a file.

        Raises BadInput for keys that are none.
        """
        given = self.secrets_keys.get_secret_value() if self.secrets_keys else ""
        keys = [key.strip() for key in given.split(",") if key.strip()]
        if self.secret_key is not None:
            # Replicas have SECRET_KEY in common anyway, and what was sealed before SECRETS_KEYS was set still opens.
            made = hmac.digest(self.secret_key.get_secret_value().encode(), b"secrets of inboxes", hashlib.sha256)
            keys.append(base64.urlsafe_b64encode(made).decode())
        if not keys and self.secrets_file.is_file():
            with naming("SECRETS_FILE"):
                kept = self.secrets_file.read_text().replace(",", " ").split()
            try:
                Cipher(kept or ["nothing"])
            except BadInput as wrong:
                fix = "Bring the file back from a copy, or delete it and put every inbox's secrets in again."
                raise BadInput(f"SECRETS_FILE: {self.secrets_file} holds no key. {fix}") from wrong
        return Cipher(keys, file=self.secrets_file)

    def signing_secret(self) -> bytes:
        """The key that signs visitor tokens and buttons; made and kept on first use when none is set."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value().encode()
        path = self.secret_file
        with naming("SECRET_FILE"):
            path.parent.mkdir(parents=True, exist_ok=True)
            with (
                suppress(FileExistsError),
                open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file,
            ):
                file.write(secrets.token_urlsafe(48))
            kept = path.read_text().strip()
        if len(kept) < 32:
            raise BadInput(f"{path} holds no usable secret key. Delete it, or set SECRET_KEY.")
        return kept.encode()


def read_settings(**given: Any) -> Settings:
    """Settings from the environment; ``given`` wins. Raises BadInput with one line per option that is wrong."""
    wrong = typos((*os.environ, *_written(given)), (name.upper() for name in Settings.model_fields))
    settings = None
    try:
        settings = Settings(**given)
    except ValidationError as error:
        wrong = [*map(_told, error.errors()), *wrong]
    if settings is None or wrong:
        raise BadInput("These settings cannot be used:\n  " + "\n  ".join(wrong))
    return settings


def _written(given: dict[str, Any]) -> list[str]:
    """The names in the file that settings are read from, too."""
    file = given.get("_env_file", Settings.model_config.get("env_file"))
    return [] if file is None else [name for name in dotenv_values(file) if name]


def _told(error: Any) -> str:
    """One thing that is wrong: the option, what it must be, and what it is for."""
    words = str(error["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
    option, *within = map(str, error["loc"]) if error["loc"] else ("",)
    field = Settings.model_fields.get(option.lower())
    if field is None:
        return words
    name = ".".join((option.upper(), *within))
    usual = "" if field.default in (None, ()) or "{" in str(field.default) else f" Usually {field.default}."
    return f"{name}: {words}. {field.description}{usual}"


def as_lines(settings: Settings) -> list[str]:
    """One line per setting: name, value (secrets masked), what it is for."""
    lines = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        shown = ",".join(value) if isinstance(value, tuple) else str(value)
        if "://" in shown and "@" in shown:
            shown = f"{shown.split('://', 1)[0]}://**********@{shown.rsplit('@', 1)[1]}"
        lines.append(f"{name.upper()}={shown}  # {field.description}")
    return lines
