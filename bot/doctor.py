"""What an installed Switchboard looks like from outside: each part it needs, whether it is well, and the fix.

It changes nothing and shows no secret. `tools/doctor.py` (`make doctor`) looks at a checkout before anything is
installed; this one looks at what is installed and maybe running, with the settings of the service.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bot.dialogue import DialogueFailed
from bot.health import actions_check, model_check, service_check
from bot.rasa_http import RasaHttp
from bot.repeats import open_repeats
from bot.rule_files import must_hold_embedder, read_rules
from bot.settings import Settings, read_settings
from handover.backends.live_in_process import in_process
from handover.backends.live_redis_wire import Lost, RedisAddress
from handover.backends.records_sql.engine import Engine, SqlRecords, make_engine
from handover.backends.records_sql.migrate import HEAD
from handover.backends.records_sql.on_sqlite import file_of
from handover.backends.records_sql.state import RecordState, state_of
from handover.errors import BadInput, SwitchboardError
from handover.topics import load_topics

# "note": customers are served, and somebody may want to know.
State = Literal["ok", "note", "broken"]

_PATIENCE_SECONDS = 5.0
_MODEL_SECONDS = 90
_LEAST_FREE_GB = 1.0  # below it a record that grows fills the disk within days
_MOST_SKEW_SECONDS = 2.0  # leases and deadlines are compared across clocks; the shortest of them last some seconds
_MIGRATE = "switchboard record migrate"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table. ``fix`` is empty where nothing is to be done."""

    what: str
    state: State
    found: str
    fix: str = ""


async def findings(*, ask_model: bool = False) -> list[Finding]:
    """The whole table. Nothing else is looked at while the settings cannot be read."""
    try:
        settings = read_settings()
        read_rules(settings)
        must_hold_embedder(settings)
        load_topics()
    except BadInput as wrong:
        lines = [line.strip() for line in wrong.message.splitlines() if not line.endswith(":")]
        return [Finding("settings", "broken", line, "docs/settings.md says what each may be") for line in lines]
    found = [Finding("settings", "ok", "readable")]
    found += [one async for one in _record(settings)]
    checks: list[Awaitable[Finding]] = [
        *([_redis(settings.redis_url)] if settings.redis_url else []),
        _said("service", service_check(_address(settings)), "start it: `make up`, or `python -m bot`", state="note"),
        _said("rasa", _rasa(settings), "start it with a model: `make up`, or docs/running.md"),
        _said("actions", actions_check(settings.actions_url), "start it: `make up`, or docs/running.md"),
        _model(settings, ask=ask_model),
    ]
    found += await asyncio.gather(*checks)
    return [*found, _embedder(settings), _disk(settings), _signing_key(settings)]


async def _said(what: str, check: Callable[[], Awaitable[str]], fix: str, *, state: State = "broken") -> Finding:
    """What ``check`` says, or ``state`` with why it failed."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return Finding(what, "ok", await check())
    except TimeoutError:
        why = f"no answer within {_PATIENCE_SECONDS:g} seconds"
    except (SwitchboardError, DialogueFailed) as failed:
        why = str(failed)
    except Exception as failed:  # the kind only: its text may hold an address with a password
        why = f"does not answer ({type(failed).__name__})"
    return Finding(what, state, why, fix)


async def _record(settings: Settings) -> AsyncIterator[Finding]:
    try:
        engine = make_engine(settings.database_url)
        try:
            state = await state_of(engine)
            yield _revision(state)
            if state.ahead is not None:
                yield _clock(state.ahead)
            if state.revision == HEAD:
                for finding in await _work(engine, settings):
                    yield finding
        finally:
            await engine.dispose()
    except SwitchboardError as error:
        yield Finding("record", "broken", error.message, "start the database, or mend DATABASE_URL")


def _revision(state: RecordState) -> Finding:
    if not state.writable:
        fix = "run as the account that owns it; SQLite's folder must be writable too, PostgreSQL's server no standby"
        return Finding("record", "broken", f"{state.kind}, which this account may not write", fix)
    if state.revision == HEAD:
        return Finding("record", "ok", f"{state.kind}, at revision {HEAD}")
    if state.revision is None:
        return Finding("record", "broken", f"{state.kind}, not made yet", f"start the service, or `{_MIGRATE}`")
    words = f"{state.kind}, at revision {state.revision}; this release needs {HEAD}"
    newer = state.revision > HEAD
    return Finding("record", "broken", words, "start the newer release that made it" if newer else f"`{_MIGRATE}`")


def _clock(ahead: float) -> Finding:
    words = f"the database is {abs(ahead):.2f} s {'ahead of' if ahead > 0 else 'behind'} this machine"
    if abs(ahead) <= _MOST_SKEW_SECONDS:
        return Finding("clocks", "ok", words)
    return Finding("clocks", "broken", words, "let both machines follow a time server")


async def _work(engine: Engine, settings: Settings) -> list[Finding]:
    """What waits for somebody: paused inboxes, and lines that could not be delivered."""
    async with SqlRecords(engine, in_process().live).reading() as tx:
        kept, backlog = [one.inbox for one in await tx.inboxes.all() if one.inbox.enabled], await tx.outbox.backlog()
    paused = [one for one in kept if one.paused_at is not None]
    found = [
        Finding("inbox", "broken", f"{one.id} is paused: {one.paused_why or 'by hand'}",
                f"mend it, then `switchboard inboxes resume {one.id}`")
        for one in paused
    ]  # fmt: skip
    if not paused:
        found.append(Finding("inboxes", "ok", f"{len(kept)} enabled, none paused" if kept else "only the website"))
    if kept and not (settings.secret_key or settings.secrets_keys or settings.secrets_file.is_file()):
        fix = "bring back SECRETS_KEYS or the key file; else put every inbox's secrets in again"
        found.append(Finding("inbox keys", "broken", "nothing opens the inboxes' secrets", fix))
    dead = f"{backlog.dead} lines could not be delivered" if backlog.dead else "nothing undelivered"
    fix = "`switchboard outbox list`, then retry, arrived or drop" if backlog.dead else ""
    found.append(Finding("outbox", "note" if backlog.dead else "ok", f"{dead}; {backlog.queued} waiting", fix))
    return found


async def _redis(url: str) -> Finding:
    try:
        async with RedisAddress(url).wire() as wire:
            await wire.ask(("PING",))
    except (Lost, BadInput, TimeoutError, OSError) as lost:
        why = lost.message if isinstance(lost, BadInput) else "does not answer"
        return Finding("redis", "broken", why, "start it, or mend REDIS_URL; replicas ask the record meanwhile")
    return Finding("redis", "ok", "answers")


def _address(settings: Settings) -> str:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    return f"http://{host}:{settings.port}"


def _rasa(settings: Settings) -> Callable[[], Awaitable[str]]:
    async def check() -> str:
        token = settings.rasa_token.get_secret_value() if settings.rasa_token else None
        try:
            rasa = RasaHttp(settings.rasa_url, token=token, anywhere=settings.rasa_anywhere)
        except ValueError as why:
            raise BadInput(f"{why} Or set RASA_ANYWHERE=true.") from why
        async with rasa:
            await rasa.ping()
        return "answers, with a model"

    return check


async def _model(settings: Settings, *, ask: bool) -> Finding:
    fix = "set OPENAI_API_KEY or OPENAI_BASE_URL, or LLM_PROVIDER=offline"
    check = model_check(
        settings.llm_provider, key=settings.openai_api_key is not None, base_url=settings.openai_base_url
    )
    found = await _said("language model", check, fix)
    if not ask or found.state == "broken" or found.found.startswith("offline"):
        return found
    provider = await asyncio.to_thread(_asked, settings)
    if provider == "openai":
        return Finding("language model", "ok", f"{found.found}; it has answered")
    fix = '`python -m actions.try_model "hello"` says more; mend key, address, name or quota'
    return Finding("language model", "broken", f"{found.found}; it gave no answer", fix)


def _asked(settings: Settings) -> str | None:
    """Has the actions' own code ask the model once, as they would; who wrote the answer."""
    given = {"LLM_PROVIDER": settings.llm_provider, "OPENAI_BASE_URL": settings.openai_base_url or ""}
    if settings.openai_api_key is not None:
        given["OPENAI_API_KEY"] = settings.openai_api_key.get_secret_value()
    command = [sys.executable, "-m", "actions.try_model", "How much is delivery?"]
    try:
        told = subprocess.run(
            command, env=os.environ | given, capture_output=True, text=True, timeout=_MODEL_SECONDS, check=True
        ).stdout
        evidence = json.loads(told[told.index("\n{") :])
    except (subprocess.SubprocessError, ValueError):
        return None
    return str(evidence.get("provider"))


def _embedder(settings: Settings) -> Finding:
    if str(settings.embedder_dir) == "none":
        return Finding("embedder", "ok", "none, as wished: repeats are told by words")
    if open_repeats(settings.embedder_dir).kind == "embedding":
        return Finding("embedder", "ok", str(settings.embedder_dir))
    return Finding("embedder", "note", f"not in {settings.embedder_dir}: repeats are told by words", "`make embedder`")


def _disk(settings: Settings) -> Finding:
    place = Path()
    if settings.database_url.startswith("sqlite"):
        place = file_of(make_engine(settings.database_url)).absolute().parent
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free / 1e9
    words = f"{free:.1f} GB free"
    if free >= _LEAST_FREE_GB:
        return Finding("disk", "ok", words)
    return Finding("disk", "broken", words, "free some space, or set RETENTION_DAYS (docs/running.md)")


def _signing_key(settings: Settings) -> Finding:
    if settings.secret_key is not None:
        return Finding("signing key", "ok", "SECRET_KEY")
    path = settings.secret_file
    if not path.is_file():
        return Finding("signing key", "note", f"{path} is made at the first start", "or set SECRET_KEY")
    if path.stat().st_mode & 0o077:
        return Finding("signing key", "broken", f"others can read {path}", f"chmod 600 {path}")
    return Finding("signing key", "ok", str(path))
