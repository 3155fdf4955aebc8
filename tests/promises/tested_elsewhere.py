"""Modules without a test file of their own, and the test file that runs them instead: shells, tables, types, parts."""

from __future__ import annotations

# test file → modules. A module that grows rules of its own gets its own file and leaves this table.
TESTED_IN: dict[str, tuple[str, ...]] = {
    "tests/contract/test_records_retention.py": ("handover/backends/records_sql/retention.py",),
    "tests/bot/test_cli_doctor.py": ("bot/doctor.py", "handover/backends/records_sql/state.py"),
    # Types and frames: what they refuse is shown where they arrive.
    "tests/bot/channels/test_web.py": ("bot/frames.py", "bot/channels/customer_line.py", "handover/frames.py"),
    "tests/bot/test_rasa_real.py": ("bot/rasa_store/turn_channel.py",),
    "tests/handover/test_inboxes.py": ("bot/channels/channel.py",),
    "tests/handover/test_inbox_book.py": (
        *("handover/record_ports_inboxes.py", "handover/backends/records_sql/inboxes.py"),
        "handover/backends/records_sql/tables_of_inboxes.py",
    ),
    "tests/bot/channels/test_fixtures.py": ("bot/channels/registry.py",),
    "tests/bot/channels/test_inbox_api.py": ("bot/channels/inbox_parts.py", "bot/channels/inbox_wishes.py"),
    "tests/bot/channels/test_courtesies.py": ("handover/attention.py",),
    "tests/handover/test_outbox_reports.py": (
        *("handover/record_ports_outbox.py", "handover/backends/records_sql/outbox_parts.py"),
        "handover/backends/records_sql/tables_of_parts.py",
    ),
    "tests/bot/channels/test_telegram.py": (
        *("bot/channels/telegram_events.py", "bot/channels/telegram_files.py", "bot/channels/telegram_outcomes.py"),
    ),
    "tests/contract/test_records_contacts.py": (
        *("handover/record_ports_contacts.py", "handover/backends/records_sql/contacts.py"),
        "handover/backends/records_sql/tables_of_contacts.py",
    ),
    "tests/contract/test_records_media.py": (
        *("handover/record_ports_media.py", "handover/backends/records_sql/media.py"),
        "handover/backends/records_sql/tables_of_media.py",
    ),
    "tests/bot/channels/test_x.py": ("bot/channels/x_events.py", "bot/channels/x_outcomes.py"),
    "tests/bot/channels/test_line.py": ("bot/channels/line_events.py", "bot/channels/line_outcomes.py"),
    "tests/contract/test_records_copies.py": ("handover/backends/records_sql/copies.py",),
    # A channel is one object to its callers: its reading and its sending are run by its own fixtures.
    "tests/bot/channels/test_messenger.py": (
        *("bot/channels/meta_events.py", "bot/channels/meta_kinds.py", "bot/channels/meta_attachments.py"),
        "bot/channels/meta_messages.py",
    ),
    "tests/bot/channels/test_whatsapp.py": (
        *("bot/channels/whatsapp_events.py", "bot/channels/whatsapp_kinds.py", "bot/channels/whatsapp_messages.py"),
    ),
    "tests/bot/channels/test_meta_outcomes.py": ("bot/channels/whatsapp_outcomes.py",),
    "tests/handover/test_desk_for_channels.py": (
        *("handover/mark_frames.py", "handover/record_ports_marks.py", "handover/backends/records_sql/marks.py"),
        "handover/backends/records_sql/tables_of_marks.py",
    ),
    "tests/bot/channels/test_intake.py": (
        *("bot/channels/arrivals.py", "bot/channels/button_keys.py"),
        *("bot/channels/customer_words.py", "bot/channels/event_json.py", "bot/channels/gate.py"),
        *("bot/channels/gate_meters.py", "bot/channels/greetings.py", "bot/channels/partners.py"),
        *("bot/channels/people_here.py", "bot/channels/sorting.py", "bot/channels/what_happened.py"),
        *("handover/record_ports_intake.py", "handover/backends/records_sql/intake.py"),
        *("handover/backends/records_sql/tables_of_intake.py",),
    ),
    "tests/bot/test_wire.py": ("bot/handshake.py",),
    "tests/bot/test_relay.py": ("bot/dialogue.py", "bot/relay_settings.py"),
    "tests/handover/test_agent_socket.py": (
        *(
            "handover/agent_frames.py",
            "handover/aside_frames.py",
            "handover/agent_screen.py",
            "handover/agent_verbs.py",
        ),
        *("handover/agents.py", "handover/agent_parts.py"),
    ),
    "tests/promises/test_error_shape.py": ("handover/errors.py", "bot/app.py"),
    # The states and moves are driven through every order by the invariants.
    "tests/handover/test_invariants.py": ("handover/conversation.py", "handover/entries.py", "handover/stored.py"),
    "tests/handover/test_policy.py": (
        *("handover/evidence.py", "handover/policy_settings.py", "handover/matching_settings.py"),
    ),
    # The verbs of the desk are one object to their callers: its parts are run by the stories of each caller.
    "tests/handover/test_desk_for_agents.py": (
        *("handover/desk.py", "handover/desk_change.py", "handover/desk_parts.py"),
        *("handover/reading.py", "handover/screens.py"),
    ),
    "tests/handover/test_offers.py": (
        *("handover/desk_offers.py", "handover/desk_hours.py", "handover/desk_summaries.py"),
        "handover/desk_taking.py",
    ),
    "tests/handover/test_sockets.py": (
        *("handover/line_ends.py", "handover/frame_reading.py", "handover/wire_end.py"),
    ),
    "tests/handover/test_console_api.py": ("handover/login_api.py", "handover/agents_api.py"),
    "tests/handover/test_matcher.py": ("handover/matching_floor.py", "handover/wanted.py"),
    "tests/handover/test_desk_waits.py": ("handover/waits_memory.py",),
    "tests/handover/test_outbox.py": ("handover/dead_letters.py",),
    "tests/handover/test_desk_for_bot.py": ("handover/turn_end.py",),
    "tests/bot/rasa_store/test_stores_in_rasa.py": (
        *("bot/rasa_store/lock_store.py", "bot/rasa_store/held_turn.py", "bot/rasa_store/tracker_store.py"),
    ),
    "tests/handover/test_dead_letters_api.py": ("bot/cli.py",),
    "tests/bot/test_restarts.py": ("handover/backends/alone.py",),
    # A backend is tested through its port, by the suite that every backend must pass.
    "tests/contract/test_live_feed.py": ("handover/backends/live_in_process.py",),
    "tests/contract/test_live_feed_of_many.py": (
        *("handover/backends/live_redis.py", "handover/backends/live_redis_listener.py"),
        *("handover/backends/live_redis_publisher.py", "handover/backends/live_redis_wire.py"),
    ),
    "tests/contract/test_live_replies.py": ("handover/backends/live_redis_replies.py",),
    "tests/contract/test_limits.py": ("handover/backends/live_redis_limits.py",),
    "tests/contract/test_records.py": (
        *(
            "handover/ports.py",
            "handover/record_ports.py",
            "handover/record_ports_pages.py",
            "handover/backends/__init__.py",
            "handover/migrations/env.py",
        ),
        *(
            f"handover/backends/records_sql/{name}.py"
            for name in (
                *("__init__", "asides", "conversations", "engine", "entries", "evidence_json", "migrate", "offers"),
                *("outbox", "pages", "people", "rows", "tables", "tables_of_work"),
                *("querying", "transaction", "turns", "unbroken", "waits"),
            )
        ),
    ),
    "tests/contract/test_records_failing.py": (
        *("handover/backends/records_sql/on_postgres.py", "handover/backends/records_sql/on_sqlite.py"),
    ),
    "tests/contract/test_records_postgres.py": tuple(
        f"handover/backends/records_sql/postgres_{name}.py"
        for name in ("connection", "seats", "statements", "store", "wire")
    ),
    "tests/contract/test_records_endings.py": ("handover/backends/records_sql/postgres_endings.py",),
    "tests/bot/test_quick_start.py": ("bot/certificates.py",),
    "tests/bot/test_main.py": ("bot/running.py",),
    "tests/bot/nlu/test_encoder.py": ("bot/nlu/embedder_files.py",),
    "tests/contract/test_records_one_hop.py": ("handover/backends/records_sql/one_hop.py",),
    "tests/contract/test_records_hot.py": ("handover/backends/records_sql/hot.py",),
    "tests/contract/test_records_groups.py": ("handover/backends/records_sql/group_commit.py",),
    "tests/handover/test_order.py": ("handover/backends/records_sql/order.py",),
    "tests/contract/test_lives.py": ("handover/backends/records_sql/lives.py",),
    "tests/handover/test_accounts.py": ("handover/backends/records_sql/accounts.py",),
    # Rasa's components run in Rasa's environment, inside a small trained pipeline.
    "tests/bot/nlu/test_in_rasa.py": (
        *("bot/nlu/intent_classifier_component.py", "bot/nlu/minilm_featurizer_component.py"),
        "bot/nlu/trial_component.py",
    ),
    "tests/bot/nlu/test_export.py": ("bot/nlu/agreement.py",),
    # Thin shells of rasa_sdk are run by the real action server.
    "tests/actions/test_action_server.py": (
        *("actions/action_copilot.py", "actions/action_default_fallback.py", "actions/action_reply.py"),
        "actions/wiring.py",
    ),
    "tests/actions/test_action_shop.py": (
        *("actions/address_tools.py", "actions/order_tools.py", "actions/product_tools.py", "actions/return_tools.py"),
        *("actions/facts.py", "actions/tool.py", "actions/asked.py", "actions/signal.py"),
    ),
    "tests/actions/test_action_forms.py": ("actions/order_forms.py",),
    "tests/actions/shop/test_demo.py": tuple(
        f"actions/shop/{name}.py" for name in ("__init__", "fiction", "port", "seed", "tables")
    ),
    # Spans are seen by a collector on a real socket.
    "tests/bot/test_tracing.py": ("bot/trace_export.py",),
    "tests/actions/test_tracing.py": ("actions/trace_export.py",),
    "tests/actions/test_reply.py": (
        *("actions/gate.py", "actions/offline.py", "actions/question.py", "actions/writers.py"),
    ),
    "tests/actions/test_knowledge.py": ("actions/embedder.py", "actions/keywords.py"),
    "tests/actions/test_claims.py": ("actions/sentences.py",),
    # A command for people, tried by hand against a real model.
    "tests/actions/test_llm.py": ("actions/try_model.py",),
}

TESTED_ELSEWHERE = {module: test for test, modules in TESTED_IN.items() for module in modules}
