"""A scene for the pages: one conversation on each platform, each with something of that platform's own to show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from handover.agent_parts import AgentPart
from handover.agents import OUTSIDE
from handover.conversation import Control
from handover.entries import AuthorKind
from handover.mark_frames import MediaPart
from handover.outcomes import DeliveryState
from tests.support.scripted_files import png
from tests.support.scripted_scenes import talk
from tests.support.scripted_service import ScriptedService
from tests.support.scripted_talk import Talk

OUTSIDER = AgentPart(id=OUTSIDE, name="A colleague outside", role="agent", availability="offline", capacity=0)
NAMES = {
    "messenger": "Rosa Vidal",
    "instagram": "Yuki Tanaka",
    "whatsapp": "Amadou Diallo",
    "telegram": "Lena Brandt",
    "x": "Casey Lin",
    "line": "Somchai Prasert",
}


def hours_ago(hours: float) -> datetime:
    return datetime.now(UTC) - timedelta(hours=hours)


def on_platform(service: ScriptedService, channel: str, *, hours: float = 2, agent: str | None = "agent1") -> Talk:
    """A conversation ``hours`` after the customer's words, held by ``agent`` or, with None, by the bot."""
    t = talk(service, f"c-{channel}", NAMES[channel])
    t.inbox = service.inboxes.at(f"{channel}.4f2a9c01", f"Tarn & Trail {channel}")
    t.customer_at = hours_ago(hours)
    service.customer(t, "Is the blue tent back in stock?", ago=hours * 3600)
    if agent is not None:
        service.moved(t, Control.HUMAN, agent=service.agents[agent])
    service.changed(t)
    return t


def every_platform(service: ScriptedService) -> None:
    """Each channel with one conversation."""
    deliveries(service, on_platform(service, "messenger", hours=20.8))
    on_platform(service, "instagram", hours=30)
    on_platform(service, "whatsapp", hours=25)
    marks(service, on_platform(service, "telegram"))
    on_platform(service, "x")
    outside(service, on_platform(service, "line", agent=None))


def deliveries(service: ScriptedService, t: Talk) -> None:
    """A line of ours in each state of its way."""
    trouble = {"note": "The customer has blocked the page.", "todo": "Answer by e-mail."}
    doubt = {"note": "The platform did not answer.", "todo": "Say on the page Not delivered whether it arrived."}
    for state in DeliveryState:
        entry = service.person(t, f"This one is {state}.", ago=60)
        more = {DeliveryState.FAILED: trouble, DeliveryState.UNKNOWN: doubt}.get(state, {})
        service.mark(t, entry.offset, delivery=state, **more)


def marks(service: ScriptedService, t: Talk) -> None:
    """Everything a platform may tell of a line."""
    edited = service.customer(t, "I meant the green one", ago=3000)
    service.mark(t, edited.offset, edited_at=hours_ago(0.8), text="I meant the green one, in size L")
    gone = service.customer(t, "my card is 4111 1111", ago=2900)
    service.mark(t, gone.offset, deleted=True, text="")
    reply = service.customer(t, "This one [picture]", ago=2800)
    service.files.kept["p1"] = ("image/png", png(240, 150))
    picture = MediaPart(id="p1", kind="image", state="here", media_type="image/png", size=9000)
    service.mark(t, reply.offset, reply_to=1, media=(picture,), reactions=(("us", "👍"),))
    files = service.customer(t, "[file: invoice.pdf] [video] [voice message]", ago=2700)
    service.files.kept["f1"] = ("application/pdf", b"%PDF-1.4 an invoice")
    service.mark(
        t,
        files.offset,
        media=(
            MediaPart(id="f1", kind="file", state="here", name="invoice.pdf", media_type="application/pdf", size=48211),
            MediaPart(id="v1", kind="video", state="refused", why="The file is larger than 16 MiB."),
            MediaPart(id="a1", kind="audio", state="waiting"),
        ),
    )
    late = service.customer(t, "Hello?", ago=60)
    service.mark(t, late.offset, late=True, sent_at=hours_ago(1.5))


def outside(service: ScriptedService, t: Talk) -> None:
    """Somebody answers in the platform's own app."""
    service.moved(t, Control.HUMAN, agent=OUTSIDER)
    service.say(t, AuthorKind.AGENT, "I have it here.", name="A colleague in LINE", ago=30)
