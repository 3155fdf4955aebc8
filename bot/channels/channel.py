"""What a channel is: how a platform's webhooks are verified and read, and how a line is sent there. No I/O here.

One file for each platform implements `Channel`; the gate (`bot.channels.gate`), the intake and the sender do the rest
for all of them. See docs/adding-a-channel.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from handover.entries import Button
from handover.inboxes import Inbox
from handover.outcomes import SendResult


class EventKind(StrEnum):
    """What a platform tells us. The value is kept in the record."""

    MESSAGE = "message"
    POSTBACK = "postback"  # a button of ours was pressed
    EDIT = "edit"
    DELETE = "delete"
    REACTION = "reaction"
    ECHO = "echo"  # something was said in our name: by us, or by a person in the platform's own app
    DELIVERY = "delivery"
    READ = "read"
    STATUS = "status"  # the fate of one message of ours, by its id
    TYPING = "typing"
    SUBSCRIPTION = "subscription"  # blocked, unblocked, opted out: ``action`` is block or unblock
    REFERRAL = "referral"
    OPTIN = "optin"
    ACCOUNT_LINK = "account_link"
    HANDOVER = "handover"  # another app was given the conversation, or gave it to us
    STANDBY = "standby"  # the customer wrote while another app has the conversation
    POLICY = "policy"  # the platform warns or blocks us
    SYSTEM = "system"
    UNSUPPORTED = "unsupported"  # something the platform does not let us see
    UNKNOWN = "unknown"  # something we do not know: kept, and shown as such
    ERROR = "error"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Attachment:
    """``kind``: image, video, audio, file, sticker, location, contact, share, story, order, poll, other.

    ``url`` or ``ref`` (an id to ask the platform for) tells where the bytes are; ``text`` what can be said without
    them, a location's "52.37,4.89" or a contact's name. ``keep`` False: the platform forbids us to keep the bytes.
    """

    kind: str
    url: str | None = None
    ref: str | None = None
    name: str | None = None
    media_type: str | None = None
    text: str | None = None
    keep: bool = True


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened on a platform.

    ``account`` is the platform's id of our side, "" when the webhook's address alone names the inbox. ``person`` is
    the customer's id there; ``aliases`` other ids of the same person. ``key`` makes the event the same when it comes
    again; where the platform gives none it is derived. ``at`` is the platform's time. ``reply_due``: may be answered.
    ``target`` and ``targets`` name messages by the platform's ids. ``status``: sent, delivered, read or failed;
    ``correlation`` is the key we gave with our send and got back; ``code`` and ``note`` say why something failed.
    ``payload`` is what a pressed button carries, and the ``ref`` of a referral or an opt-in.
    ``watermark``: everything of ours up to this moment. ``thread`` must come back with each send (a topic, a business
    connection). ``raw`` is this event as the platform wrote it, for people to look at.
    """

    kind: EventKind
    key: str
    account: str = ""
    person: str | None = None
    aliases: tuple[str, ...] = ()
    at: datetime | None = None
    customer: bool = True
    reply_due: bool = False
    id: str | None = None
    text: str | None = None
    payload: str | None = None
    name: str | None = None
    language: str | None = None
    attachments: tuple[Attachment, ...] = ()
    reply_to: str | None = None
    target: str | None = None
    targets: tuple[str, ...] = ()
    action: str | None = None
    emoji: str | None = None
    status: str | None = None
    code: str | None = None
    note: str | None = None
    correlation: str | None = None
    watermark: datetime | None = None
    app: str | None = None  # who said an echo: the id of the platform's app, when it tells
    human: bool = False  # a person said it in the platform's own app, for certain
    thread: str | None = None
    group: bool = False  # more people than the customer read it: kept and shown, never answered
    author: str | None = None  # in a group, the id of who said it; ``person`` is the group there
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A webhook as it came. ``headers`` have lower-case names; ``url`` is the public one, from configuration."""

    body: bytes
    headers: Mapping[str, str]
    query: Mapping[str, str]
    url: str = ""


@dataclass(frozen=True, slots=True)
class Handshake:
    """What to answer when a platform asks whether the address is ours. ``inbox`` False: not ours, answer 403."""

    ours: bool
    body: str = ""
    media_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line that is one send. ``number`` counts from 0; ``key`` is the same at every try.

    ``by_human``: an agent wrote it. ``template`` (WhatsApp): {name, language, parameters}. ``thread`` as in `Event`.
    """

    key: str
    number: int
    text: str
    buttons: tuple[Button, ...] = ()
    by_human: bool = False
    late: bool = False  # outside the usual window, inside the one for people
    template: Mapping[str, Any] | None = None
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """An HTTP request to a platform, without its host. ``base`` names the base URL, e.g. ``graph``, ``telegram``.

    ``json`` or ``form`` is the body. Secrets may stand in ``path`` and ``headers``: neither is ever logged.
    ``what`` says for people what a request that prepares a platform does.
    """

    base: str
    path: str
    method: str = "POST"
    json: Mapping[str, Any] | None = None
    form: Sequence[tuple[str, str]] | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    what: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a platform answered to a `Call`. ``json`` is None when the body is not JSON."""

    status: int
    headers: Mapping[str, str]
    json: Any
    text: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where bytes are: an https address, or ``{base}:/path`` under a configured base URL. ``headers`` to fetch with."""

    address: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No answer came. ``written``: the request may have reached the platform."""

    written: bool
    why: str


@dataclass(frozen=True, slots=True)
class Field:
    """Something an inbox of a channel needs to be told when it is made. ``secret`` ones are never shown again."""

    name: str
    label: str
    help: str
    secret: bool = False
    required: bool = True


@dataclass(frozen=True, slots=True)
class Ability:
    """What a channel can do, for the sender and for the console.

    ``account`` says how `handover.inboxes.Inbox.account` is called there and where people find it.
    ``limit`` is the longest text of one send, in ``unit``: ``characters`` (code points), ``utf16`` or ``bytes``.
    ``window`` is how long after the customer's last message we may write; ``human_window`` how long a person may.
    ``per_second`` is how fast an inbox may send, ``burst`` how many at once (None: a second's worth);
    ``person_seconds`` the least pause between sends to one person.
    ``button_limit``: the longest text of a send with buttons, where that is shorter than ``limit``.
    ``echoes``: what we send comes back as an event, ``correlates``: with our own key in it. ``idempotent``: the same
    key twice is one message, so an unknown outcome may be sent again.
    """

    title: str
    limit: int
    unit: str
    fields: tuple[Field, ...]
    account: Field = Field("account", "Account", "The platform's own id of what this inbox answers as.")
    window: timedelta | None = None
    human_window: timedelta | None = None
    templates: bool = False
    buttons: int = 0
    button_title: int = 20
    button_limit: int | None = None
    per_second: float = 10.0
    burst: int | None = None
    person_seconds: float = 0.0
    echoes: bool = False
    correlates: bool = False
    idempotent: bool = False
    typing: bool = False
    seen: bool = False
    receipts: frozenset[str] = frozenset()  # of {"delivered", "read"}
    media_hosts: tuple[str, ...] = ()  # host names whose files may be fetched; ".x.com" means every host under x.com
    experimental: bool = False


class Channel(Protocol):
    """A platform, as pure functions of what it sends and answers. Every method is total for any input it can get."""

    name: str
    ability: Ability
    bases: Mapping[str, str]  # the platform's own base URLs, by the names that `Call.base` and `Place` use

    def handshake(self, inbox: Inbox, asked: Arrived) -> Handshake:
        """Answer a GET (or another proof of address) for ``inbox``."""
        ...

    def verify(self, inbox: Inbox, arrived: Arrived) -> bool:
        """Does ``inbox``'s secret vouch for these bytes? Constant time; False for anything malformed; never raises."""
        ...

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        """The events of a verified webhook, in its order. Raises BadInput only when nothing in it can be read.

        An unknown kind is an UNKNOWN event; a broken one an ERROR event beside its neighbours.
        """
        ...

    def send(self, inbox: Inbox, person: str, part: Part) -> Call:
        """The request that sends one part."""
        ...

    def result(self, answer: Answer | Unanswered) -> SendResult:
        """What came of `send`."""
        ...

    def typing(self, inbox: Inbox, person: str, *, thread: str | None = None, last: str | None = None) -> Call | None:
        """The request that shows that we write (and have seen ``last``), or None when the platform has nothing."""
        ...

    def seen(self, inbox: Inbox, person: str, last: str) -> Call | None:
        """The request that marks ``last``, the customer's newest message, as seen; None when there is nothing."""
        ...

    def locate(self, inbox: Inbox, attachment: Attachment) -> Call | Place | None:
        """The request that turns ``attachment.ref`` into a place to fetch from, or that place when it is known already.

        None when ``url`` is it.
        """
        ...

    def located(self, inbox: Inbox, answer: Answer) -> tuple[str, Mapping[str, str]] | None:
        """The address and headers, as in `Place`, that the answer to `locate` gives; None when there is none."""
        ...

    def check(self, inbox: Inbox) -> Call | None:
        """A harmless request that shows whether our access works."""
        ...

    def prepare(self, inbox: Inbox, webhook: str) -> Sequence[Call]:
        """Requests that set the platform up: where to send webhooks, the way to a person in its own form."""
        ...
