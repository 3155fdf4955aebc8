"""WhatsApp through Meta's Cloud API: our numbers and the people who write to them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

from bot.channels.channel import Ability, Answer, Attachment, Call, Event, Field, Part, Unanswered
from bot.channels.meta import (
    SHOW_THE_WAY,
    TALK_TO_A_PERSON,
    TOLD_OF_EVENTS,
    SignedByMeta,
    graph_call,
    of_account,
    one_step,
)
from bot.channels.meta_outcomes import graph_result
from bot.channels.whatsapp_events import whatsapp_events
from bot.channels.whatsapp_messages import (
    LONGEST_TEXT,
    LONGEST_TITLE,
    LONGEST_WITH_BUTTONS,
    MOST_ROWS,
    read_mark,
    whatsapp_body,
)
from bot.channels.whatsapp_outcomes import judge_whatsapp, whatsapp_id
from handover.inboxes import Inbox
from handover.outcomes import SendResult

_MEDIA_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_FIELDS = (
    Field("app_secret", "App secret", "Meta's dashboard → your app → App settings → Basic → App secret.", secret=True),
    Field(
        "access_token",
        "Access token",
        "Of a system user, not expiring, with whatsapp_business_messaging and whatsapp_business_management.",
        secret=True,
    ),
    Field(
        "business_account",
        "WhatsApp business account id",
        "WhatsApp Manager → settings. With it the inbox subscribes our app to the account's messages by itself.",
        required=False,
    ),
)


class WhatsApp(SignedByMeta):
    """See `bot.channels.channel.Channel`. The account is the phone number's id.

    A person is known by their number (``wa_id``) or, when they have a username, by a business-scoped id.
    """

    name = "whatsapp"
    bases: Mapping[str, str] = {"graph": "https://graph.facebook.com"}
    ability = Ability(
        title="WhatsApp",
        limit=LONGEST_TEXT,
        unit="characters",
        fields=_FIELDS,
        account=Field(
            "account",
            "Phone number id",
            "Digits only, and not the phone number: Meta's dashboard → WhatsApp → API setup.",
        ),
        window=timedelta(hours=24),
        templates=True,
        buttons=MOST_ROWS,
        button_title=LONGEST_TITLE,
        button_limit=LONGEST_WITH_BUTTONS,
        per_second=20.0,  # 80 a number in and out together, 20 beside the phone app: Cloud API, "Throughput"
        person_seconds=1.0,  # one in 6 s on average, 45 borrowed ahead: its own refusal says when it was too much
        correlates=True,
        typing=True,
        seen=True,
        receipts=frozenset({"delivered", "read"}),
        media_hosts=("lookaside.fbsbx.com", ".fbcdn.net", ".whatsapp.net"),
    )

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        return whatsapp_events(body)

    def send(self, inbox: Inbox, person: str, part: Part) -> Call:
        return graph_call(inbox, f"{of_account(inbox)}/messages", json=whatsapp_body(person, part))

    def result(self, answer: Answer | Unanswered) -> SendResult:
        return graph_result(answer, judge_whatsapp, whatsapp_id)

    def typing(self, inbox: Inbox, person: str, *, thread: str | None = None, last: str | None = None) -> Call | None:
        """The dots come only together with the ticks, so None before the customer has written anything."""
        if not last:
            return None
        return graph_call(inbox, f"{of_account(inbox)}/messages", json=read_mark(last, typing=True))

    def seen(self, inbox: Inbox, person: str, last: str) -> Call | None:
        return graph_call(inbox, f"{of_account(inbox)}/messages", json=read_mark(last, typing=False))

    def locate(self, inbox: Inbox, attachment: Attachment) -> Call | None:
        """Where a file is, by its id; the answer's address is good for some minutes."""
        if attachment.ref is None or not _MEDIA_ID.fullmatch(attachment.ref):
            return None
        return graph_call(inbox, attachment.ref, method="GET", phone_number_id=inbox.account)

    def located(self, inbox: Inbox, answer: Answer) -> tuple[str, Mapping[str, str]] | None:
        """The address takes our token too; it is for the allow-listed hosts of Meta alone."""
        url = answer.json.get("url") if isinstance(answer.json, dict) else None
        if not 200 <= answer.status < 300 or not isinstance(url, str) or not url:
            return None
        return url, {"Authorization": f"Bearer {inbox.secrets.get('access_token', '')}"}

    def check(self, inbox: Inbox) -> Call | None:
        """The number as WhatsApp knows it: its name, and how good Meta thinks its messages are."""
        fields = "id,display_phone_number,verified_name,quality_rating"
        return graph_call(inbox, of_account(inbox), method="GET", fields=fields)

    def prepare(self, inbox: Inbox, webhook: str) -> Sequence[Call]:
        """Subscribe the business account, point this number at our webhook address, and offer the way to a person.

        Meta asks the address at once. Sources: Cloud API "Webhook overrides" and "Conversational components".
        """
        account = of_account(inbox)
        where = {"override_callback_uri": webhook, "verify_token": inbox.settings.get("verify_token", "")}
        calls = [
            graph_call(
                inbox, account, json={"webhook_configuration": where}, what="Have this number's webhooks sent to us"
            ),
            graph_call(
                inbox,
                f"{account}/conversational_automation",
                json={"prompts": [TALK_TO_A_PERSON]},
                what=SHOW_THE_WAY,
            ),
        ]
        if business := inbox.settings.get("business_account", "").strip():
            calls.insert(0, graph_call(inbox, f"{one_step(business)}/subscribed_apps", what=TOLD_OF_EVENTS))
        return tuple(calls)
