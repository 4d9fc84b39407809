"""Interactions over the API: written, listed page by page, brought, voided; within reach and masked."""

from __future__ import annotations

from tests.api.conftest import Client


def test_from_written_to_voided(api: Client) -> None:
    made = api.post("/customers/C1/interactions", {"channel": "phone", "note": "asked", "at": "2026-01-02T10:00"}, code=201)
    assert (made["direction"], made["origin"]) == ("out", "hand")
    rows = [{"customer": "C1", "at": "2026-01-03", "direction": "in"}, {"customer": "C2", "at": "2026-01-04"}]
    assert api.post("/service/interactions", {"rows": rows}) == {"rows": 2, "added": 2, "known": 0}
    assert api.post("/service/interactions", {"rows": rows})["known"] == 2
    wrong = api("POST", "/service/interactions", json={"rows": [*rows, {"customer": "C1", "at": "2999-01-01"}]}, code=422)
    assert "TW424" in wrong.get_data(as_text=True)
    first = api.get("/customers/C1/interactions?limit=1")
    assert first["items"][0]["direction"] == "in"
    assert [each["note"] for each in api.get(f"/customers/C1/interactions?limit=1&after={first['next']}")["items"]] == ["asked"]
    assert api("DELETE", f"/service/interactions/{made['id']}").json == {"voided": made["id"]}
    api("DELETE", f"/service/interactions/{made['id']}", code=404)
    api.post("/customers/C99/interactions", {}, code=404)
