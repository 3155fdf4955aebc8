"""Instagram direct messages, in both flavours: Instagram Login, and Facebook Login through a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from bot.channels.channel import Ability, Answer, Attachment, Call, Event, Field, Part, Unanswered
from bot.channels.meta import SHOW_THE_WAY, TOLD_OF_EDITS, TOLD_OF_EVENTS, SignedByMeta, graph_call, of_account
from bot.channels.meta_events import messaging_events
from bot.channels.meta_messages import (
    LONGEST_TITLE,
    MOST_QUICK_REPLIES,
    account_profile,
    message_body,
    sender_action,
)
from bot.channels.meta_outcomes import graph_result, judge_messaging, messaging_id
from handover.inboxes import Inbox
from handover.outcomes import SendResult

# Meta refuses the whole list for one name that it does not know: what is newer is asked for by itself, and last.
SUBSCRIBED = (
    "messages,message_reactions,message_echoes,messaging_postbacks,messaging_seen,messaging_referral,"
    "messaging_handover,standby"
)
SUBSCRIBED_NEWER = f"{SUBSCRIBED},message_edit"
_FIELDS = (
    Field(
        "login",
        "Login",
        "instagram when the account was connected with Instagram Login (the usual way), facebook when through a page.",
        required=False,
    ),
    Field("app_secret", "App secret", "Meta's dashboard → your app → App settings → Basic → App secret.", secret=True),
    Field(
        "instagram_app_secret",
        "Instagram app secret",
        "With Instagram Login: dashboard → Instagram → API setup. Meta does not say which of the two signs webhooks; "
        "give both.",
        secret=True,
        required=False,
    ),
    Field(
        "access_token",
        "Access token",
        "With instagram_business_manage_messages (Instagram Login) or instagram_manage_messages and the page's token.",
        secret=True,
    ),
)


class Instagram(SignedByMeta):
    """See `bot.channels.channel.Channel`. The account is the professional account's id; a person has an IGSID.

    Our key does not go along with a send: no page of Meta says that Instagram takes it or gives it back.
    """

    name = "instagram"
    bases: Mapping[str, str] = {"instagram": "https://graph.instagram.com", "graph": "https://graph.facebook.com"}
    signing_secrets = ("app_secret", "instagram_app_secret")
    ability = Ability(
        title="Instagram",
        limit=1000,
        unit="bytes",
        fields=_FIELDS,
        account=Field(
            "account",
            "Account id",
            "Digits only: Meta's dashboard → Instagram → API setup shows it beside the account's name.",
        ),
        window=timedelta(hours=24),
        human_window=timedelta(days=7),
        buttons=MOST_QUICK_REPLIES,
        button_title=LONGEST_TITLE,
        per_second=40.0,  # Meta's pages say 100 and 300 a second; no account of ours needs more than a page
        echoes=True,
        typing=True,
        seen=True,
        receipts=frozenset({"read"}),
        media_hosts=(".cdninstagram.com", ".fbcdn.net", ".fbsbx.com"),
    )

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        return messaging_events(body, "instagram")

    def send(self, inbox: Inbox, person: str, part: Part) -> Call:
        return self._call(inbox, "messages", json=message_body(person, part, correlated=False))

    def result(self, answer: Answer | Unanswered) -> SendResult:
        return graph_result(answer, judge_messaging, messaging_id)

    def typing(self, inbox: Inbox, person: str, *, thread: str | None = None, last: str | None = None) -> Call | None:
        return self._call(inbox, "messages", json=sender_action(person, "typing_on"))

    def seen(self, inbox: Inbox, person: str, last: str) -> Call | None:
        return self._call(inbox, "messages", json=sender_action(person, "mark_seen"))

    def locate(self, inbox: Inbox, attachment: Attachment) -> Call | None:
        """None: an attachment comes with its address."""
        return None

    def located(self, inbox: Inbox, answer: Answer) -> tuple[str, Mapping[str, str]] | None:
        return None

    def check(self, inbox: Inbox) -> Call | None:
        """Whose token it is. With Instagram Login ``user_id`` must be the account; through a page, ``id``."""
        if _through_a_page(inbox):
            return graph_call(inbox, of_account(inbox), method="GET", fields="id,username")
        return graph_call(inbox, "me", base="instagram", method="GET", fields="user_id,username")

    def prepare(self, inbox: Inbox, webhook: str) -> Sequence[Call]:
        """Subscribe the account to its events; then the first questions and the menu with the way to a person.

        Where Meta sends webhooks is set in its dashboard for the whole app. Through a page, the page is subscribed to
        anything at all and the app's dashboard says to what of Instagram; else the last request adds edits, and may be
        refused where Meta does not offer them: nothing depends on it.
        """
        if _through_a_page(inbox):
            return (
                self._call(inbox, "subscribed_apps", TOLD_OF_EVENTS, json={"subscribed_fields": "messages"}),
                graph_call(
                    inbox, "me/messenger_profile", json=account_profile(), what=SHOW_THE_WAY, platform="instagram"
                ),
            )
        return (
            self._call(inbox, "subscribed_apps", TOLD_OF_EVENTS, json={"subscribed_fields": SUBSCRIBED}),
            self._call(inbox, "messenger_profile", SHOW_THE_WAY, json=account_profile()),
            self._call(inbox, "subscribed_apps", TOLD_OF_EDITS, json={"subscribed_fields": SUBSCRIBED_NEWER}),
        )

    def _call(self, inbox: Inbox, edge: str, what: str = "", *, json: Mapping[str, object]) -> Call:
        """A request about our account: by its id with Instagram Login, else about the token's own page."""
        if _through_a_page(inbox):
            return graph_call(inbox, f"me/{edge}", json=json, what=what)
        return graph_call(inbox, f"{of_account(inbox)}/{edge}", base="instagram", json=json, what=what)


def _through_a_page(inbox: Inbox) -> bool:
    return inbox.settings.get("login", "").strip().lower() == "facebook"
