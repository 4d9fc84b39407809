"""Tags and groups: given by hand, read by rules, seen by runs that read only what changed."""

from __future__ import annotations

import pytest

from engine.errors import ListError, UnknownCustomer
from engine.service import Engine
from tests.sighted import fill
from tests.small_store import AS_OF, DAY

RULE = {
    "key": "care",
    "type": "segments",
    "params": {
        "segments": [
            {"key": "vip", "title": {"en": "VIP", "zh": "重点"}, "when": {"feature": "tags.vip", "op": "=", "value": True}},
            {"key": "mailing", "title": {"en": "Mailing", "zh": "寄送"}, "when": {"feature": "groups.mailing", "op": "=", "value": True}},
        ]
    },
}


def values(engine: Engine) -> dict[str, str]:
    frame = engine.assignments("care")
    return dict(zip(frame["customer"], frame["value"], strict=True))


def test_rules_read_tags_and_groups(store_url: str) -> None:
    with Engine.open(store_url, actor="chen") as engine:
        fill(engine, 12)
        engine.tags.add("vip", title="VIP")
        engine.tags.add("mailing", kind="group", note="spring")
        assert "tags.vip" in engine.catalogue
        engine.publish({"format": 1, "name": "Care", "policies": [RULE]})
        assert engine.tags.give("tags.vip", ["C1", "C2"]) == 2
        assert engine.tags.give("tags.vip", ["C2", "C3"]) == 1
        assert engine.tags.give_all("groups.mailing", engine.customers.asked_for({"filters": ["profile.region=East"]})) == 6
        first = engine.run(AS_OF + DAY)
        assert values(engine) == {
            "C1": "vip",
            "C2": "vip",
            "C3": "vip",
            "C5": "mailing",
            "C7": "mailing",
            "C9": "mailing",
            "C11": "mailing",
        }
        engine.tags.take("tags.vip", ["C1", "C4"])
        engine.tags.take_all("groups.mailing", engine.customers.asked_for({"search": "C11"}))
        engine.run(AS_OF + 2 * DAY, changed=True)
        assert values(engine) == {"C1": "mailing", "C2": "vip", "C3": "vip", "C5": "mailing", "C7": "mailing", "C9": "mailing"}
        whole = engine.run(AS_OF + 2 * DAY, recompute=True)
        assert engine.run_record().digest == whole.digest != first.digest
        told = engine.explain("C2", "care")[0]
        assert any("VIP" in reason for reason in told.reasons)
        assert engine.evidence("C2", "tags.vip").value is True
        with pytest.raises(ListError, match="the live rulebook reads"):
            engine.tags.remove("tags.vip")
        engine.publish("starter")
        assert engine.tags.remove("tags.vip") == 2
        assert [each.feature for each in engine.tags.list()] == ["groups.mailing"]


def test_a_joined_customer_is_the_one_it_was_joined_into(sqlite_url: str) -> None:
    with Engine.open(sqlite_url, actor="chen") as engine:
        fill(engine, 4)
        engine.tags.add("vip")
        engine.join_customers("C1", "C2")
        engine.tags.give("tags.vip", ["C2"])
        assert engine.customers.dossier("C2").tags == [("tag", "vip", "vip")]
        assert engine.customers.dossier("C2").customer == "C1"
        assert engine.customers.dossier("C1").merged == [("api", "C2")]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"name": "VIP"}, "lower-case"),
        ({"name": "1st"}, "lower-case"),
        ({"name": "x" * 61}, "lower-case"),
        ({"name": "ok", "kind": "list"}, "expected tag or group"),
        ({"name": "ok", "title": "x" * 101}, "title"),
        ({"name": "ok", "title": "a\x00b"}, "title"),
        ({"name": "ok", "note": "x" * 1001}, "note"),
        ({"name": "vip"}, "already"),
    ],
)
def test_what_cannot_be_a_tag(sqlite_url: str, given: dict[str, str], says: str) -> None:
    with Engine.open(sqlite_url) as engine:
        engine.tags.add("vip")
        with pytest.raises(ListError, match=says):
            engine.tags.add(**given)  # type: ignore[arg-type]
        assert len(engine.tags.list()) == 1


def test_nobody_gets_a_tag_when_one_is_unknown(sqlite_url: str) -> None:
    with Engine.open(sqlite_url) as engine:
        fill(engine, 3)
        engine.tags.add("vip")
        with pytest.raises(UnknownCustomer):
            engine.tags.give("tags.vip", ["C1", "C99"])
        with pytest.raises(ListError, match=r"did you mean .?tags.vip"):
            engine.tags.give("tags.vop", ["C1"])
        assert engine.tags.get("tags.vip").members == 0
        assert engine.tags.edit("tags.vip", title="Very important").title == "Very important"
