"""`switchboard inboxes`: made with secrets from the environment or stdin, checked at a platform, re-sealed."""

from __future__ import annotations

import os
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from handover.inbox_cipher import new_key
from tests.support.command_line import Ended, call
from tests.support.desk_world import fresh_record
from tests.support.serving import serving

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
MAKE = ("add", "telegram", "--name", "Shop bot", "--account", "110201543")


class Here:
    """A record of its own and what the environment says beside."""

    def __init__(self, folder: Path, url: str) -> None:
        self.environment = os.environ | {
            "DATABASE_URL": url,
            "SECRETS_FILE": str(folder / "inbox_key"),
            "PUBLIC_URL": "https://help.example",
            "COLUMNS": "200",
        }

    async def run(self, *arguments: str, stdin: str = "", **more: str) -> Ended:
        return await call("inboxes", *arguments, env=self.environment | more, stdin=stdin)


async def here(folder: Path) -> Here:
    return Here(folder, await fresh_record(folder))


async def test_an_inbox_is_made_listed_paused_and_resumed_and_its_secret_is_said_nowhere(tmp_path: Path) -> None:
    cli = await here(tmp_path)
    made = await cli.run(*MAKE, INBOX_BOT_TOKEN=TOKEN)
    assert (made.returncode, made.stderr) == (0, "")
    inbox = made.stdout.splitlines()[0]
    assert f"https://help.example/webhooks/telegram/{inbox.removeprefix('telegram.')}" in made.stdout
    paused = await cli.run("pause", inbox)
    listed = await cli.run("list")
    assert "paused: Paused by the command line." in listed.stdout
    assert (await cli.run("resume", inbox)).stdout == f"{inbox}: resumed.\n"
    shown = "".join(one.stdout + one.stderr for one in (made, paused, listed, await cli.run("list")))
    assert "never heard" in shown
    assert TOKEN not in shown


async def test_a_secret_may_be_a_line_of_stdin_and_keys_are_changed(tmp_path: Path) -> None:
    cli = await here(tmp_path)
    old, new = (await cli.run("new-key")).stdout.strip(), new_key()
    made = await cli.run(*MAKE, stdin=f"{TOKEN}\n", SECRETS_KEYS=old)
    assert made.returncode == 0, made.stderr
    refused = await cli.run("rotate-keys", SECRETS_KEYS=new)
    assert (refused.returncode, "None of the keys" in refused.stderr) == (1, True)
    done = await cli.run("rotate-keys", SECRETS_KEYS=f"{new},{old}")
    assert done.stdout == "1 inboxes are sealed with the first key.\n"
    assert "Its secrets" not in (await cli.run("list", SECRETS_KEYS=new)).stdout
    assert "Its secrets cannot be read" in (await cli.run("list", SECRETS_KEYS=old)).stdout


async def test_a_platform_is_asked_and_its_answer_is_told(tmp_path: Path) -> None:
    asked: list[str] = []

    async def told(request: Request) -> Response:
        asked.append(request.url.path)
        if request.url.path == f"/bot{TOKEN}/getWebhookInfo":
            return JSONResponse({"ok": True, "result": {"url": "", "pending_update_count": 0}})
        return JSONResponse({"ok": False, "error_code": 401, "description": "Unauthorized"}, 401)

    cli = await here(tmp_path)
    inbox = (await cli.run(*MAKE, INBOX_BOT_TOKEN=TOKEN)).stdout.splitlines()[0]
    app = Starlette(routes=[Route("/{path:path}", told, methods=["POST"])])
    async with serving(lambda port: app) as address:
        checked = await cli.run("check", inbox, PLATFORM_URLS=f"telegram=http://{address}")
        prepared = await cli.run("prepare", inbox, PLATFORM_URLS=f"telegram=http://{address}")
    away = await cli.run("check", inbox, PLATFORM_URLS=f"telegram=http://{address}")
    assert (checked.returncode, checked.stdout[:4]) == (0, "ok  ")
    assert "It does not send us webhooks yet." in checked.stdout
    assert (prepared.returncode, prepared.stdout.count("FAIL")) == (1, 3)
    assert "@BotFather" in prepared.stdout
    assert (away.returncode, "could not be reached" in away.stdout) == (1, True)
    assert [path.rpartition("/")[2] for path in asked] == [
        *("getWebhookInfo", "setWebhook", "setMyCommands", "setMyDescription"),
    ]
    for one in (checked, prepared, away):
        assert TOKEN not in one.stdout + one.stderr


async def test_mistakes_are_told_in_a_sentence(tmp_path: Path) -> None:
    cli = await here(tmp_path)
    for words, arguments in (
        ("There is no channel fax", ("add", "fax", "--name", "F", "--account", "1")),
        ("Bot token is missing.", MAKE),
        ("--set wants name=value", (*MAKE, "--set", "greeting")),
        ("There is no such inbox.", ("check", "telegram.ffffffff")),
        ("There is no such inbox.", ("pause", "web")),
    ):
        refused = await cli.run(*arguments)
        assert refused.returncode == 1
        assert words in refused.stderr
        assert "Traceback" not in refused.stderr
