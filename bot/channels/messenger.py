"""Facebook Messenger: pages and the people who write to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from bot.channels.channel import Ability, Answer, Attachment, Call, Event, Field, Part, Unanswered
from bot.channels.meta import SHOW_THE_WAY, TOLD_OF_EDITS, TOLD_OF_EVENTS, SignedByMeta, graph_call, of_account
from bot.channels.meta_events import messaging_events
from bot.channels.meta_messages import (
    LONGEST_TITLE,
    MOST_QUICK_REPLIES,
    message_body,
    page_profile,
    sender_action,
)
from bot.channels.meta_outcomes import graph_result, judge_messaging, messaging_id
from handover.inboxes import Inbox
from handover.outcomes import SendResult

# Meta refuses the whole list for one name that it does not know: what is newer is asked for by itself, and last.
SUBSCRIBED = (
    "messages,message_reactions,message_deliveries,message_reads,message_echoes,messaging_postbacks,messaging_optins,"
    "messaging_referrals,messaging_account_linking,messaging_handovers,messaging_policy_enforcement,standby"
)
SUBSCRIBED_NEWER = f"{SUBSCRIBED},message_edits"
_FIELDS = (
    Field("app_secret", "App secret", "Meta's dashboard → your app → App settings → Basic → App secret.", secret=True),
    Field(
        "access_token",
        "Page access token",
        "Made from a system user's token that does not expire, with pages_messaging and pages_manage_metadata.",
        secret=True,
    ),
)


class Messenger(SignedByMeta):
    """See `bot.channels.channel.Channel`. The account is the page's id; a person is known by their PSID."""

    name = "messenger"
    bases: Mapping[str, str] = {"graph": "https://graph.facebook.com"}
    ability = Ability(
        title="Facebook Messenger",
        limit=2000,
        unit="characters",
        fields=_FIELDS,
        account=Field(
            "account",
            "Page id",
            "Digits only: the page → About → Page transparency, or Meta Business Suite → Settings → Pages.",
        ),
        window=timedelta(hours=24),
        human_window=timedelta(days=7),
        buttons=MOST_QUICK_REPLIES,
        button_title=LONGEST_TITLE,
        per_second=40.0,  # the Send API takes 300, but a page's inbox chokes above 40: Meta, "Rate limits"
        echoes=True,
        correlates=True,
        typing=True,
        seen=True,
        receipts=frozenset({"delivered", "read"}),
        media_hosts=(".fbcdn.net", ".fbsbx.com"),
    )

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        return messaging_events(body, "page")

    def send(self, inbox: Inbox, person: str, part: Part) -> Call:
        return graph_call(inbox, f"{of_account(inbox)}/messages", json=message_body(person, part, correlated=True))

    def result(self, answer: Answer | Unanswered) -> SendResult:
        return graph_result(answer, judge_messaging, messaging_id)

    def typing(self, inbox: Inbox, person: str, *, thread: str | None = None, last: str | None = None) -> Call | None:
        """The three dots, for about 20 seconds or until our message."""
        return graph_call(inbox, f"{of_account(inbox)}/messages", json=sender_action(person, "typing_on"))

    def seen(self, inbox: Inbox, person: str, last: str) -> Call | None:
        return graph_call(inbox, f"{of_account(inbox)}/messages", json=sender_action(person, "mark_seen"))

    def locate(self, inbox: Inbox, attachment: Attachment) -> Call | None:
        """None: an attachment comes with its address."""
        return None

    def located(self, inbox: Inbox, answer: Answer) -> tuple[str, Mapping[str, str]] | None:
        return None

    def check(self, inbox: Inbox) -> Call | None:
        """Whose token it is: the answer's id must be the page's."""
        return graph_call(inbox, "me", method="GET", fields="id,name")

    def prepare(self, inbox: Inbox, webhook: str) -> Sequence[Call]:
        """Subscribe the page to its events; then the greeting, the first button and the menu with the way to a person.

        Where Meta sends webhooks is set in its dashboard for the whole app. The last request adds edits, and may be
        refused where Meta does not offer them: nothing depends on it.
        """
        return (
            self._subscribe(inbox, SUBSCRIBED, TOLD_OF_EVENTS),
            graph_call(inbox, "me/messenger_profile", json=page_profile(), what=SHOW_THE_WAY),
            self._subscribe(inbox, SUBSCRIBED_NEWER, TOLD_OF_EDITS),
        )

    def _subscribe(self, inbox: Inbox, fields: str, what: str) -> Call:
        place = f"{of_account(inbox)}/subscribed_apps"
        return graph_call(inbox, place, json={"subscribed_fields": fields}, what=what)
