"""A collector sees each turn as one trace, with nobody's words in it; without an address there is nothing at all."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import structlog

from bot.app import create_app
from bot.log_lines import log_plainly
from bot.settings import read_settings
from bot.trace_export import must_sample
from bot.tracing import Traces, open_traces
from handover.accounts import Passwords
from handover.errors import BadInput
from tests.support.otlp_collector import collecting
from tests.support.scripted_rasa import OUR_CHANNEL, WEBHOOK, ScriptedRasa, Step, at_once, fed, says, tracker
from tests.support.service import NoCopilot
from tests.support.serving import serving
from tests.support.talking import page

ROOT = Path(__file__).resolve().parents[2]
WORDS = "My parcel never came to Elmstreet 4"
REPLY = "It is on its way."
WORDS_TO = (OUR_CHANNEL, WEBHOOK)
TOKENS = {"secret_key": "k" * 40, "internal_token": "inner-token-of-a-test", "rasa_token": "token-of-rasa"}
TRACKER = "/conversations/{id}/tracker"


@pytest.fixture
def _log_as_it_was() -> Iterator[None]:
    yield
    structlog.reset_defaults()


async def a_conversation(rasa: ScriptedRasa, folder: Path, endpoint: str | None) -> str:
    """The whole service over ``rasa``: one question, one answer. Returns the conversation.

    At first Rasa fails, then it has no channel of ours, so that the turn goes by its own doors.
    """
    chosen = {
        "database_url": f"sqlite+aiosqlite:///{folder / 'record.db'}", "rasa_url": rasa.url, "burst_usual": 0.0,
        "burst_fragment": 0.0, "burst_cut": 0.0, "embedder_dir": folder / "no-embedder",
        "secrets_file": folder / "inbox_key", "demo_password": "correct horse", **TOKENS,
    }  # fmt: skip
    settings = read_settings(_env_file=None, otel_exporter_otlp_endpoint=endpoint, **chosen)

    async with (
        serving(lambda port: create_app(
            settings.model_copy(update={"port": port}), copilot=NoCopilot(), passwords=Passwords(memory_kib=64)
        )) as address,
        page(address, "/ws/customer") as customer,
    ):  # fmt: skip
        await customer.says(type="hello")
        here = str((await customer.hears("welcome"))["conversation"])
        rasa.then(Step("GET", "/status", content=b'{"model_file": "m.tar.gz"}'))
        async with httpx2.AsyncClient(base_url=f"http://{address}", trust_env=False) as http:
            assert (await http.get("/readyz")).json()["parts"]["rasa"]["ok"]
        rasa.then(at_once(status=500), at_once(status=404), fed(here), says({"text": REPLY}), tracker(here))
        await customer.says(type="say", client_id="m1", text=WORDS)
        await customer.hears("entry", lambda entry: entry["author"]["kind"] == "bot" and entry["text"] == REPLY)
    return here


@pytest.mark.usefixtures("_log_as_it_was")
async def test_a_turn_is_one_trace_with_its_requests_to_rasa_below_each_try(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log_plainly()
    async with collecting() as collector, ScriptedRasa([]) as rasa:
        here = await a_conversation(rasa, tmp_path, collector.url)
        await collector.until("bot turn")
    [turn], [first, second] = collector.named("bot turn"), collector.named("dialogue")
    assert (turn.parent, turn.service, turn.error) == ("", "switchboard-service", False)
    assert collector.below(turn) == ["dialogue", "dialogue", "weigh", "record"]
    facts = {name.removeprefix("switchboard."): value for name, value in turn.facts.items()}
    assert (facts["conversation"], facts["epoch"], facts["channel"]) == (here, 1, "web")
    assert (facts["outcome"], facts["decision"]) == ("committed", "answer")
    assert (first.error, first.facts["switchboard.attempt"], first.facts["error.type"]) == (True, 1, "down")
    assert (second.error, second.facts["switchboard.attempt"]) == (False, 2)
    whole, put, post, get = f"POST {OUR_CHANNEL}", f"PUT {TRACKER}/events", f"POST {WEBHOOK}", f"GET {TRACKER}"
    assert (collector.below(first), collector.below(second)) == ([whole], [whole, put, post, get])
    assert all(span.asks for name in (whole, put, post, get) for span in collector.named(name))
    assert {span.trace for span in collector.spans} == {turn.trace}  # /readyz, which pings Rasa, makes none

    handed = [call.body["metadata"]["traceparent"].split("-") for call in rasa.calls if call.path in WORDS_TO]
    asked = [*collector.named(whole), *collector.named(post)]
    assert [(trace, span) for _, trace, span, _ in handed] == [(turn.trace, one.id) for one in asked]
    [line] = [line for line in capsys.readouterr().out.splitlines() if "dialogue_failed" in line]
    assert f"trace_id={turn.trace}" in line
    assert collector.holds(WORDS, "Elmstreet", REPLY, "127.0.0.1", *TOKENS.values()) == []
    assert collector.holds(here) == [here]


@pytest.mark.usefixtures("_log_as_it_was")
async def test_without_an_address_nothing_is_exported_and_the_log_has_a_line_of_the_turn_without_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log_plainly("json")
    async with collecting() as collector, ScriptedRasa([]) as rasa:
        here = await a_conversation(rasa, tmp_path, None)
    said = capsys.readouterr()
    lines = [json.loads(line) for line in said.out.splitlines() if line.startswith("{")]
    [turn] = [line for line in lines if line["event"] == "turn"]
    [failed] = [line for line in lines if line["event"] == "dialogue_failed"]
    expected = {"conversation": here, "outcome": "committed", "decision": "answer", "channel": "web", "level": "info"}
    assert turn.items() >= expected.items()
    assert turn["seconds"] >= 0
    assert (failed["conversation"], failed["turn"]) == (here, turn["turn"])
    assert not any(words in text for text in said for words in (WORDS, "Elmstreet", REPLY, *TOKENS.values()))
    assert collector.spans == []
    assert not any("traceparent" in call.body["metadata"] for call in rasa.calls if call.path in WORDS_TO)


def test_without_an_address_what_exports_is_never_imported() -> None:
    program = (
        "import sys\n"
        "from bot.app import create_app\n"
        "from bot.settings import read_settings\n"
        "create_app(read_settings(_env_file=None, otel_exporter_otlp_endpoint=None))\n"
        "import actions.copilot, actions.llm, actions.reply, actions.wiring, actions.tracing\n"
        "actions.tracing.open_traces(None)\n"
        "print([n for n in sys.modules if n.startswith(('opentelemetry.sdk.trace', 'opentelemetry.exporter'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


async def test_what_breaks_inside_a_span_is_named_by_its_kind_and_passes_through() -> None:
    async with collecting() as collector:
        traces = open_traces(collector.url)
        with pytest.raises(RuntimeError), traces.span("outer"), traces.span("inner", {"left.out": None}):
            raise RuntimeError(WORDS)
        await traces.close()
        await collector.until("outer", "inner")
    [inner], [outer] = collector.named("inner"), collector.named("outer")
    assert (inner.parent, inner.error, inner.facts) == (outer.id, True, {"error.type": "RuntimeError"})
    assert collector.holds(WORDS) == []


async def test_a_collector_that_is_away_harms_nobody() -> None:
    traces = open_traces("http://127.0.0.1:9")  # nobody listens there
    with traces.turn({}) as mark:
        assert mark.traceparent() is not None
    await traces.close()


@pytest.mark.parametrize(
    ("name", "value"), [("OTEL_TRACES_SAMPLER", "sometimes"), ("OTEL_TRACES_SAMPLER_ARG", "often")]
)
def test_a_sampler_that_there_is_not_is_named(name: str, value: str) -> None:
    given = {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}
    must_sample(given)
    with pytest.raises(ValueError, match=name):
        must_sample(given | {name: value})


def test_a_span_that_is_off_has_no_trace() -> None:
    with Traces().turn({"switchboard.turn": "t1"}) as mark:
        mark.failed("down")
        assert mark.traceparent() is None


@pytest.mark.parametrize("value", ["collector:4318", "grpc://collector:4317", "http://collector:99999", "http://c?x=1"])
def test_an_address_that_is_none_is_named_at_the_start(value: str) -> None:
    with pytest.raises(BadInput, match="OTEL_EXPORTER_OTLP_ENDPOINT"):
        read_settings(_env_file=None, otel_exporter_otlp_endpoint=value)


def test_another_protocol_is_named_at_the_start_but_only_when_traces_are_wanted() -> None:
    read_settings(_env_file=None, otel_exporter_otlp_protocol="grpc")
    with pytest.raises(BadInput, match="OTEL_EXPORTER_OTLP_PROTOCOL"):
        read_settings(_env_file=None, otel_exporter_otlp_endpoint="http://c:4318", otel_exporter_otlp_protocol="grpc")


def test_an_exporter_that_is_missing_is_named_at_the_start() -> None:
    with pytest.raises(BadInput, match=r"OTEL_EXPORTER_OTLP_ENDPOINT.*no_such_package"):
        open_traces("http://collector:4318", exporter="no_such_package.exporter")
