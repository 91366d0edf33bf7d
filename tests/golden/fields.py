"""The fields of a payload as its JSON schema has them, flat: `lines[].quantity: integer, required`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pulsepoint.events.envelope import AnyPayload, Payload


def fields_of(payload_type: type[AnyPayload]) -> list[str]:
    """One line for each field at any depth, sorted; a raw delivery has none."""
    if not issubclass(payload_type, Payload):
        return []
    schema = payload_type.model_json_schema()
    return sorted(_fields(schema, schema.get("$defs", {}), ""))


def _fields(schema: dict[str, Any], shared: dict[str, Any], path: str) -> Iterator[str]:
    for name, field in schema.get("properties", {}).items():
        required = ", required" if name in schema.get("required", ()) else ""
        place = f"{path}{name}"
        yield f"{place}: {'|'.join(sorted({_type(each, shared) for each in _choices(field, shared)}))}{required}"
        for suffix, model in _models(field, shared):
            yield from _fields(model, shared, f"{place}{suffix}.")


def _choices(field: dict[str, Any], shared: dict[str, Any]) -> list[dict[str, Any]]:
    """The types a field may have, references resolved; a default's wrapper (`allOf`) counts for nothing."""
    inner = field.get("anyOf") or field.get("allOf") or [field]
    return [shared[each["$ref"].rsplit("/", 1)[-1]] if "$ref" in each else each for each in inner]


def _type(schema: dict[str, Any], shared: dict[str, Any]) -> str:
    kind = schema.get("type") or ("string" if "const" in schema else "any")
    if kind == "array":
        items = schema.get("prefixItems") or [schema.get("items", {})]
        return f"[{', '.join(_type(each, shared) for item in items for each in _choices(item, shared))}]"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"map of {_type(schema['additionalProperties'], shared)}"
    return f"{kind} {schema['format']}" if "format" in schema else str(kind)


def _models(field: dict[str, Any], shared: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for schema in _choices(field, shared):
        if "properties" in schema:
            yield "", schema
        for item in [schema["items"]] if "items" in schema else []:
            yield from ((f"[]{suffix}", model) for suffix, model in _models(item, shared))
