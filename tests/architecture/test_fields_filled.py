"""An event that nobody makes is a mistake, and a field of one that nobody fills: its publisher's code names them all.

Where a model is made by its class with keywords alone, the field is one of these or of an `update={…}`. Where it is
made of other values (`**columns`), the publisher's code has the name as a keyword, a key or a declared field.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from pulsepoint.events.ads import AdDayRecorded
from pulsepoint.events.catalog import ANY_SERVICE, EVENTS, EventEntry
from pulsepoint.events.envelope import Payload, RawPayload
from pulsepoint.events.orders import Refund
from tests.architecture.sources import Source, sources

KERNEL = "shared/pulsepoint/runtime", "shared/pulsepoint/telemetry.py"
FIGURES = "shared/pulsepoint/brand/figures.py"
LEFT_EMPTY = {
    "AlertOpened": {"title", "explanation", "recommended_action"},
    "AlertResolved": {"title", "explanation"},
    "AdviceComputed": {"cause", "summary"},
    "Recommendation": {"action", "reason", "expected_impact"},
    "Variant": {"unit_cost_micros"},
}
"""Sentences that only events stored before 2026-12 hold, what a summary shares with alerts and has not, and the cost
of a variant, which no webhook tells."""
DERIVED = {"BrandConfigured"}
"""Made whole from the settings that it is: `tests/unit/brand/test_settings.py` walks them."""
PAYLOADS = [entry for entry in EVENTS if entry.payload is not RawPayload and entry.payload.__name__ not in DERIVED]


def models_of(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The model and every model among its fields, at any depth."""
    yield model
    for field in model.model_fields.values():
        for inner in _models_in(field.annotation):
            yield from models_of(inner)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def code_of(publisher: str) -> tuple[Source, ...]:
    """The files in which a publisher's events are made, figures too."""
    places = KERNEL if publisher == ANY_SERVICE else (f"services/{publisher}/",)
    return tuple(each for each in sources("shared", "services") if each.path.startswith((*places, FIGURES)))


def unfilled(model: type[BaseModel], code: Iterable[Source]) -> set[str]:
    """The fields with a default that the code does not fill."""
    nodes = [node for source in code for node in ast.walk(source.tree)]
    optional = {name for name, field in model.model_fields.items() if not field.is_required()}
    made = _made(model, nodes)
    keywords = {keyword.arg for call in made for keyword in call.keywords}
    if made and None not in keywords:
        return optional - {name for name in keywords if name} - set(_updated(nodes))
    return optional - set(_named(nodes))


def is_made(model: type[Payload] | type[RawPayload], code: Iterable[Source]) -> bool:
    """True where the code calls the model's class."""
    return bool(_made(model, (node for source in code for node in ast.walk(source.tree))))


def _made(model: type, nodes: Iterable[ast.AST]) -> list[ast.Call]:
    return [node for node in nodes if isinstance(node, ast.Call) and _called(node) == model.__name__]


def _called(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def _updated(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.keyword) and node.arg == "update" and isinstance(node.value, ast.Dict):
            yield from _keys(node.value)


def _named(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        match node:
            case ast.keyword(arg=str(name)) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Dict():
                yield from _keys(node)


def _keys(node: ast.Dict) -> Iterator[str]:
    return (key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str))


@pytest.mark.parametrize("entry", [entry for entry in EVENTS if entry.payload is not RawPayload], ids=lambda e: e.type)
def test_every_event_is_made_by_its_publisher(entry: EventEntry) -> None:
    assert is_made(entry.payload, code_of(entry.publisher)), f"{entry.publisher} publishes no {entry.type}"


def test_an_event_that_another_service_makes_is_not_its_publishers() -> None:
    assert is_made(AdDayRecorded, code_of("ingest-ads"))
    assert not is_made(AdDayRecorded, code_of("alerting"))


@pytest.mark.parametrize("entry", PAYLOADS, ids=lambda entry: entry.type)
def test_every_field_of_an_event_is_filled_where_the_event_is_made(entry: EventEntry) -> None:
    assert issubclass(entry.payload, Payload)
    code = code_of(entry.publisher)
    empty = {
        f"{model.__name__}.{name}"
        for model in models_of(entry.payload)
        for name in unfilled(model, code) - LEFT_EMPTY.get(model.__name__, set())
    }
    assert empty == set(), "fill it where the event is made, or leave it out of the event"


@pytest.mark.parametrize("model", [AdDayRecorded, Refund])
def test_a_field_that_is_added_in_the_event_alone_is_found(model: type[BaseModel]) -> None:
    """Of a model made of columns, and of one made with keywords."""
    added = type(model.__name__, (model,), {"__annotations__": {"added_later": "int | None"}, "added_later": None})
    publisher = next(entry.publisher for entry in PAYLOADS if model in models_of(entry.payload))  # type: ignore[arg-type]
    assert "added_later" in unfilled(added, code_of(publisher))
