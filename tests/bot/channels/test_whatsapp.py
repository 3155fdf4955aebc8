"""WhatsApp: what each fixture means, who is who in a batch, and that nothing spoilt harms a neighbour."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.channel import Attachment, Event, EventKind
from bot.channels.whatsapp import WhatsApp
from handover.errors import BadInput
from tests.support.spoilt_json import faults_of_ours, fixture, patient, ruined, spoilt, webhooks, written

WHATSAPP = WhatsApp()
SHOWN = {
    "image": "image",
    "voice_note": "audio",
    "audio_file": "audio",
    "video_caption_forwarded": "video",
    "document_pdf": "file",
    "sticker_static": "sticker",
    "location_current": "location",
    "order": "order",
}


def parse(value: Any) -> list[Event]:
    return WHATSAPP.parse(written(value), {})


def only(name: str) -> Event:
    [event] = parse(fixture("whatsapp", name))
    return event


def value_of(name: str) -> Any:
    return fixture("whatsapp", name)["entry"][0]["changes"][0]["value"]


def envelope(*values: Any, field: str = "messages") -> Any:
    changes = [{"field": field, "value": value} for value in values]
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}


def telling(message: dict[str, Any]) -> Event:
    value = value_of("text")
    value["messages"] = [{"from": "972987654321", "id": "wamid.x", "timestamp": "1697043223", **message}]
    [event] = parse(envelope(value))
    return event


def test_a_message_is_known_by_its_own_id_and_belongs_to_the_number_it_came_to() -> None:
    event = only("text")
    assert (event.kind, event.key, event.id, event.account) == (
        *(EventKind.MESSAGE, "wamid.fx_text"),
        *("wamid.fx_text", "1122334455667"),
    )
    assert (event.person, event.aliases, event.name) == (
        *("972987654321", ("US.13491208655302741918",)),
        "Test Name",
    )
    assert event.at == datetime(2023, 10, 11, 16, 53, 43, tzinfo=UTC)
    assert (event.text, event.reply_due) == ("Body Text", True)


def test_people_are_matched_by_their_ids_and_never_by_their_place() -> None:
    assert [
        (event.person, event.name) for event in parse(fixture("whatsapp", "batch_two_people_contacts_swapped"))
    ] == [
        ("15005550010", "Ana"),
        ("15005550012", "Grace"),
    ]
    value = value_of("batch_two_people_contacts_swapped")
    value["contacts"] = [{"profile": {"name": "Somebody else"}, "wa_id": "1"}]
    assert [event.name for event in parse(envelope(value))] == [None, None]


def test_a_person_with_a_username_has_no_number() -> None:
    event = only("bsuid_only_text")
    assert (event.person, event.aliases, event.name) == ("US.90000000000000000001", (), "Ana")


@pytest.mark.parametrize(("name", "kind"), sorted(SHOWN.items()))
def test_files_places_and_orders_are_told_by_what_they_are(name: str, kind: str) -> None:
    event = only(name)
    assert (event.kind, [one.kind for one in event.attachments]) == (EventKind.MESSAGE, [kind])
    assert event.reply_due == (kind != "sticker")


def test_a_file_is_asked_for_by_its_id_even_when_an_address_stands_beside_it() -> None:
    assert only("document_pdf").attachments == (
        Attachment("file", ref="1234567890987654321", name="filename.pdf", media_type="application/pdf"),
    )
    assert only("document_pdf").text == "caption"
    [image] = only("image_with_url").attachments
    assert (image.ref, image.url) == ("65463453", None)
    assert [only(name).attachments[0].text for name in ("voice_note", "audio_file")] == ["a voice message", None]
    assert only("location_place").attachments[0] == Attachment(
        "location", name="Facebook HQ, 1 Hacker Way, Menlo Park, CA 94025", text="37.4611978,-122.2164385"
    )
    assert only("order").attachments[0].text == "3 × HAMBURGER, 2 × FRENCH_FRIES, 2 × SODA"
    assert [one.name for one in only("contacts_three").attachments] == ["Chandler Bing", "Monica", "Rachel Green"]


def test_buttons_rows_and_forms_come_back_with_their_payload() -> None:
    for name in ("button_reply", "list_reply", "template_quick_reply"):
        assert (only(name).text, only(name).payload) == ("title", "callback_data")
    assert '"delivery_rating":"4"' in (only("flow_completion").payload or "")


def test_edits_revocations_and_reactions_name_the_message_they_change() -> None:
    edit, gone = only("user_edit_text"), only("user_revoke")
    assert (edit.kind, edit.target, edit.text, edit.reply_due) == (
        *(EventKind.EDIT, "wamid.ho_join"),
        *("same person, edited", False),
    )
    assert (gone.kind, gone.target) == (EventKind.DELETE, "wamid.ho_join")
    assert (only("reaction").emoji, only("reaction").action) == ("😮", "react")
    assert (only("reaction_removed_empty_emoji").emoji, only("reaction_removed_empty_emoji").action) == (
        None,
        "unreact",
    )


def test_a_person_in_the_phone_app_is_a_person_for_certain() -> None:
    echo = only("smb_echo_text_human")
    assert (echo.kind, echo.human, echo.customer, echo.person, echo.aliases) == (
        *(EventKind.ECHO, True, False),
        *("15005550010", ("US.90000000000000000001",)),
    )
    value = value_of("smb_echo_text_human")
    value["message_echoes"][0] |= {"type": "revoke", "revoke": {"original_message_id": "wamid.1"}}
    [taken_back] = parse(envelope(value, field="smb_message_echoes"))
    assert (taken_back.kind, taken_back.customer, taken_back.target) == (EventKind.DELETE, False, "wamid.1")


def test_the_states_of_one_message_are_four_events_and_played_is_read() -> None:
    states = [only(f"status_{name}") for name in ("sent", "delivered", "read", "played")]
    assert [event.status for event in states] == ["sent", "delivered", "read", "read"]
    assert {event.target for event in states} == {"wamid.fx_out1"}
    assert len({event.key for event in states}) == 4
    assert only("status_sent_with_callback_data").correlation == "some data"


def test_a_failed_state_says_why_and_what_to_do() -> None:
    value = value_of("status_failed")
    del value["contacts"]
    value["statuses"][0]["errors"][0]["code"] = 131047
    [event] = parse(envelope(value))
    assert (event.status, event.code, event.person) == ("failed", "131047", "972987654321")
    assert event.note == (
        "More than 24 hours since the customer wrote: WhatsApp takes only templates. (Meta error 131047) "
        "Send a template, or wait until the customer writes again."
    )


def test_a_new_number_is_another_id_of_the_same_person() -> None:
    event = only("system_phone_number_change")
    assert (event.kind, event.person, event.aliases) == (EventKind.SYSTEM, "972987654321", ("972912345678",))
    assert only("system_identity_change").action == "customer_identity_changed"
    renewed = telling({"type": "system", "system": {"type": "user_changed_user_id", "user_id": "US.77"}})
    assert "US.77" in renewed.aliases


def test_what_whatsapp_does_not_pass_on_is_told_as_such() -> None:
    assert only("unsupported").kind is EventKind.UNSUPPORTED
    first = telling({"type": "unsupported", "errors": [{"code": 131060}]})
    assert "send it again" in (first.note or "")
    unknown = telling({"type": "hologram", "hologram": {}})
    assert (unknown.kind, unknown.person, unknown.note) == (EventKind.UNKNOWN, "972987654321", "hologram")
    assert telling({"type": "request_welcome"}).action == "request_welcome"


def test_a_group_is_kept_and_not_answered() -> None:
    event = telling({"type": "text", "text": {"body": "hello all"}, "group_id": "g1"})
    assert (event.group, event.reply_due, event.text) == (True, False, "hello all")


def test_errors_calls_preferences_and_warnings_are_events_too() -> None:
    bare = {"metadata": {"phone_number_id": "5"}}
    error = {"code": 130429, "title": "Rate limit hit"}
    [broken] = parse(envelope({**bare, "errors": [error]}))
    assert (broken.kind, broken.code, broken.account, broken.note) == (EventKind.ERROR, "130429", "5", "Rate limit hit")
    [called] = parse(envelope({**bare, "calls": [{"id": "c1", "from": "1", "event": "connect"}]}, field="calls"))
    assert (called.kind, called.action, called.person) == (EventKind.SYSTEM, "call", "1")
    wish = {"wa_id": "1", "value": "stop", "category": "marketing_messages"}
    [preference] = parse(envelope({**bare, "user_preferences": [wish]}, field="user_preferences"))
    assert (preference.kind, preference.action) == (EventKind.SYSTEM, "stop")
    [warning] = parse(envelope({"event": "DISABLED_UPDATE"}, field="account_update"))
    assert (warning.kind, warning.note) == (EventKind.POLICY, "account_update DISABLED_UPDATE")
    assert [event.kind for event in parse(envelope(bare, field="history"))] == [EventKind.IGNORE]
    assert [event.kind for event in parse(envelope(bare, field="weather"))] == [EventKind.UNKNOWN]


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ({"type": "text"}, "a message of type text without its text"),
        ({"type": "text", "text": {"body": 5}}, "body is not text"),
        ({"type": "location", "location": {"latitude": "north"}}, "a location without its degrees"),
        ({"type": "contacts", "contacts": [5]}, "a contact is not an object"),
        ({"type": "revoke", "revoke": {"x": 1}}, "it does not say which message it is about"),
        ({"type": "text", "text": {"body": "x"}, "from": None}, "a message that names nobody"),
    ],
)
def test_a_broken_message_says_what_is_wrong_with_it(message: dict[str, Any], why: str) -> None:
    event = telling(message)
    assert (event.kind, event.note, event.reply_due) == (EventKind.ERROR, why, False)
    assert event.raw["id"] == "wamid.x"


def test_what_is_broken_around_the_messages_is_told_too() -> None:
    for broken in ({"statuses": [5]}, {"statuses": [{"id": "wamid.1"}]}, {"messages": 5}, {"message_echoes": [{}]}):
        assert [event.kind for event in parse(envelope(broken))] == [EventKind.ERROR]
    for entry in (5, {}, {"changes": [5]}):
        assert [event.kind for event in parse({"entry": [entry]})] == [EventKind.ERROR]


def test_our_own_number_is_no_customer_even_when_an_echo_is_broken() -> None:
    value = value_of("smb_echo_text_human")
    value["message_echoes"][0]["text"] = 5
    [event] = parse(envelope(value))
    assert (event.kind, event.person) == (EventKind.ERROR, None)


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"entry":5}', b'{"object":"page","entry":[]}'])
def test_what_holds_no_events_is_refused(body: bytes) -> None:
    with pytest.raises(BadInput):
        WHATSAPP.parse(body, {})


@pytest.mark.parametrize("name", sorted(webhooks("whatsapp")))
def test_whatever_is_wrong_with_one_item_its_neighbours_are_read(name: str) -> None:
    """Neighbours in the same list, and in the changes before and after."""
    whole = value_of(name)
    [kind] = {"messages", "statuses", "message_echoes"} & whole.keys()
    text = value_of("bsuid_only_text")
    for item in whole[kind]:
        for wrong in spoilt(item):
            value = {**whole, "messages": [*text["messages"], wrong] if kind == "messages" else text["messages"]}
            if kind != "messages":
                value[kind] = [wrong]
            first, second, broken, last = parse(envelope(text, value, text))
            assert {first.id, second.id, last.id} == {"wamid.ho_bsuid"}
            assert broken.key
            assert not faults_of_ours([second, broken])


@pytest.mark.parametrize("name", sorted(webhooks("whatsapp")))
def test_whatever_is_wrong_with_a_change_the_next_one_is_read(name: str) -> None:
    text = value_of("bsuid_only_text")
    for wrong in spoilt(fixture("whatsapp", name)["entry"][0]["changes"][0]):
        value = envelope(text)
        value["entry"][0]["changes"].insert(0, wrong)
        events = parse(value)
        assert events[-1].id == "wamid.ho_bsuid"
        assert not faults_of_ours(events)


@patient
@given(st.sampled_from(sorted(webhooks("whatsapp").items())).flatmap(lambda pair: ruined(pair[1])))
def test_no_webhook_crashes_the_reader(value: Any) -> None:
    try:
        events = parse(value)
    except BadInput:
        return
    assert all(event.key and len(event.key) <= 200 for event in events)
    assert not faults_of_ours(events)


def test_a_batch_of_a_thousand_keeps_its_order_and_loses_only_what_is_broken() -> None:
    value = value_of("text")
    [message] = value["messages"]
    value["messages"] = []
    for number in range(1000):
        one = copy.deepcopy(message) | {"id": f"wamid.{number}"}
        value["messages"].append(one if number % 10 else one | {"text": 5})
    events = parse(envelope(value))
    assert [event.id for event in events if event.kind is EventKind.MESSAGE] == [
        f"wamid.{number}" for number in range(1000) if number % 10
    ]
    assert sum(event.kind is EventKind.ERROR for event in events) == 100
