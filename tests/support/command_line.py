"""`python -m bot.cli` for tests, each call a process of its own: forked from one that has imported everything already.

Importing takes seconds of processor time, what is asked for mostly none; a test makes many calls.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from bot.cli import app

Ended = subprocess.CompletedProcess[str]


async def call(*arguments: str, env: Mapping[str, str], stdin: str = "") -> Ended:
    """Run the command line with exactly this environment."""
    return await asyncio.to_thread(call_and_wait, *arguments, env=env, stdin=stdin)


def call_and_wait(*arguments: str, env: Mapping[str, str], stdin: str = "") -> Ended:
    """As `call`, where nothing else is to go on meanwhile."""
    with tempfile.TemporaryDirectory(prefix="command-line-") as folder:
        said = Path(folder)
        (said / "in").write_text(stdin, encoding="utf-8")
        code = _forks().ask({"arguments": arguments, "environment": dict(env), "folder": folder})
        out, err = ((said / name).read_text(encoding="utf-8") for name in ("out", "err"))
    return Ended(arguments, code, out, err)


class _Forks:
    """The process that forks, one for all tests of this one; it ends when its stdin is closed, so with this one."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.support.command_line"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._turn = threading.Lock()

    def ask(self, call: Mapping[str, Any]) -> int:
        """The exit code of a call, which has a line of its own."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._turn:
            self._process.stdin.write(json.dumps(call) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        assert answer, "the process that forks has ended"
        return int(answer)


@cache
def _forks() -> _Forks:
    return _Forks()


def _serve() -> None:
    """Fork for each line of stdin, wait for it, and tell its exit code."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _become(json.loads(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(call: Mapping[str, Any]) -> NoReturn:
    """Be the command: its environment, its streams, its exit code. An error that nobody caught is told on stderr."""
    os.environ.clear()
    os.environ.update(call["environment"])
    sys.argv = ["bot.cli", *call["arguments"]]
    for number, (name, mode) in enumerate({"in": "r", "out": "w", "err": "w"}.items()):
        with (Path(call["folder"]) / name).open(mode) as opened:
            os.dup2(opened.fileno(), number)
    code: object = 1
    try:
        app()
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    _serve()
