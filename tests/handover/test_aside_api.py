"""What platforms sent and nobody could use: admins see what and why, and nobody else does."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from handover.record_ports_intake import Arrival, Heard
from tests.support.service import bearer, running_service

NOW = datetime.now(UTC)  # what is old is forgotten by the service that runs
ADDRESS = "/api/v1/arrivals/aside"


async def test_an_admin_sees_what_was_kept_aside_page_by_page_and_a_stranger_nothing(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        why = "A kind of event that we do not know."
        events = [
            Heard("x.1", f"k{n}", "", "unknown", NOW, NOW, {"kind": "unknown", "note": f"e{n}"}, note=why)
            for n in range(3)
        ]
        async with service.backends.records.transaction() as tx:
            await tx.intake.keep([Arrival("x", ("x.1",), "x.1", {}, b"<html>", NOW)])
            [arrival] = await tx.intake.due_arrivals(NOW, NOW, 1)
            await tx.intake.arrival_aside(arrival.id, "This is no JSON.")
            await tx.intake.read([], events, NOW)
        assert (await service.http.get(ADDRESS)).status_code == 401
        headers = bearer(await service.sign_in())
        first = (await service.http.get(ADDRESS, params={"limit": 2}, headers=headers)).json()
        rest = (await service.http.get(ADDRESS, params={"before": first["next"]}, headers=headers)).json()
        assert [(one["what"], one["inbox"], one["why"], one["text"]) for one in first["webhooks"]] == [
            ("webhook", "x.1", "This is no JSON.", "<html>")
        ]
        assert [one["why"] for one in first["events"] + rest["events"]] == [why] * 3
        assert ["e2" in first["events"][0]["text"], "e0" in rest["events"][0]["text"]] == [True, True]
        assert (rest["webhooks"], rest["next"]) == ([], None)
