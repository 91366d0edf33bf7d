"""Events grow without breaking anyone: each schema of each type has a golden message, and all of them are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from pulsepoint.errors import MalformedInput
from pulsepoint.events import upcasting
from pulsepoint.events.catalog import BY_TYPE, EVENTS, EventEntry
from pulsepoint.events.envelope import Payload, RawPayload
from pulsepoint.runtime.push import decode_delivery
from tests.golden.fields import fields_of
from tests.golden.write import GOLDEN, golden_file, message_in

NEWER = 999
GROW = "add a step to UPCASTERS, raise SCHEMA by one and run `python -m tests.golden.write`"
FILES = sorted(GOLDEN.glob("*/v*.json"))
PAYLOADS = [entry for entry in EVENTS if entry.payload is not RawPayload]


def read(file: Path) -> dict[str, Any]:
    golden: dict[str, Any] = orjson.loads(file.read_bytes())
    return golden


def type_of(file: Path) -> str:
    return file.parent.name


def with_more(data: Any, payload_fields: list[str]) -> Any:
    """The data with one more field in each object that has fields of its own, at any depth; maps stay as they are."""
    nested = {line.partition(":")[0].rpartition(".")[0] for line in payload_fields}

    def more(value: Any, path: str) -> Any:
        if isinstance(value, list):
            return [more(each, f"{path}[]") for each in value]
        if not isinstance(value, dict) or path not in nested:
            return value
        grown = {name: more(each, f"{path}.{name}".lstrip(".")) for name, each in value.items()}
        return {**grown, "added_later": {"text": "new"}}

    return more(data, "")


def with_schema(message: dict[str, Any], schema: object) -> dict[str, Any]:
    return {**message, "ce-dataschema": f"{message['ce-type']}/{schema}"}


@pytest.mark.parametrize("entry", EVENTS, ids=lambda entry: entry.type)
def test_every_event_type_has_a_golden_message_of_its_schema_and_of_each_before(entry: EventEntry) -> None:
    names = {file.name for file in FILES if type_of(file) == entry.type}
    assert names == {f"v{schema}.json" for schema in range(1, entry.payload.SCHEMA + 1)}, GROW


@pytest.mark.parametrize("entry", EVENTS, ids=lambda entry: entry.type)
def test_fields_change_with_a_new_schema_only(entry: EventEntry) -> None:
    before, now = read(golden_file(entry.payload))["fields"], fields_of(entry.payload)
    assert before == now, f"the fields of {entry.type} changed: {set(before) ^ set(now)}; {GROW}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_every_golden_message_is_read(file: Path) -> None:
    golden = read(file)
    event = decode_delivery(message_in(golden))
    assert event.type == type_of(file)
    if golden["attributes"].get("ce-dataschema") == f"{event.type}/{event.payload.SCHEMA}":
        assert isinstance(event.payload, Payload)
        assert event.payload.model_dump(mode="json") == golden["data"]


@pytest.mark.parametrize("entry", PAYLOADS, ids=lambda entry: entry.type)
def test_a_newer_message_with_more_fields_at_any_depth_is_read_as_if_they_were_not_there(entry: EventEntry) -> None:
    golden = read(golden_file(entry.payload))
    grown = with_more(golden["data"], golden["fields"])
    objects = 1 + sum(": object" in line or ": [object]" in line for line in golden["fields"])
    assert orjson.dumps(grown).count(b"added_later") >= objects
    for schema in (entry.payload.SCHEMA, NEWER):
        newer = {"attributes": with_schema(golden["attributes"], schema), "data": grown}
        assert decode_delivery(message_in(newer)) == decode_delivery(message_in(golden))


@pytest.mark.parametrize("entry", PAYLOADS, ids=lambda entry: entry.type)
def test_an_event_cannot_be_made_with_a_field_it_does_not_have(entry: EventEntry) -> None:
    data = read(golden_file(entry.payload))["data"]
    assert issubclass(entry.payload, Payload)
    with pytest.raises(ValueError, match="added_later"):
        entry.payload.model_validate({**data, "added_later": 1})


@pytest.mark.parametrize("schema", [0, -1, "", "one", "1.5"])
def test_a_schema_that_no_step_lifts_is_refused(schema: object) -> None:
    golden = read(GOLDEN / "order.deleted" / "v1.json")
    with pytest.raises(MalformedInput, match=r"older than this release reads|unknown data schema"):
        decode_delivery(message_in({**golden, "attributes": with_schema(golden["attributes"], schema)}))


def test_steps_lift_one_schema_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def renamed(data: upcasting.JsonObject) -> upcasting.JsonObject:
        return {"order_id": data["id"]}

    def prefixed(data: upcasting.JsonObject) -> upcasting.JsonObject:
        return {"order_id": f"#{data['order_id']}"}

    steps = {("order.deleted", -1): renamed, ("order.deleted", 0): prefixed}
    monkeypatch.setattr(upcasting, "UPCASTERS", steps)
    assert upcasting.lift("order.deleted", {"id": "7"}, -1, 1) == {"order_id": "#7"}
    assert upcasting.lift("order.deleted", {"order_id": "7"}, 2, 1) == {"order_id": "7"}


def test_every_step_belongs_to_an_event_type_and_ends_below_its_schema() -> None:
    assert all(1 <= schema < BY_TYPE[type].payload.SCHEMA for type, schema in upcasting.UPCASTERS)
