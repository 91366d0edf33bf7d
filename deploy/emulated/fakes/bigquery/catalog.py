"""Datasets and tables as resources of the API, kept in the same DuckDB file as the rows."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import duckdb

from deploy.emulated.fakes.bigquery.refusals import Refused, invalid, not_found
from deploy.emulated.fakes.bigquery.values import IN_DUCKDB, kind

Resource = dict[str, Any]
MOST_LABELS = 64


class Catalog:
    """Datasets and tables; every change is made under `lock` and is on disk when the call returns."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.lock = threading.RLock()
        self._connection = connection
        connection.execute(
            "CREATE TABLE IF NOT EXISTS resources (dataset VARCHAR, name VARCHAR, body VARCHAR,"
            " PRIMARY KEY (dataset, name))"
        )
        rows = connection.execute("SELECT dataset, name, body FROM resources").fetchall()
        self._there: dict[tuple[str, str], Resource] = {(each, name): json.loads(body) for each, name, body in rows}

    def find(self, dataset: str, name: str = "") -> Resource | None:
        """The resource of a table, or of a dataset where `name` is empty; None where it is not there."""
        return self._there.get((dataset, name))

    def get(self, project: str, dataset: str, name: str = "") -> Resource:
        """The resource; raises `Refused` where the dataset or the table is not there."""
        if (dataset, "") not in self._there:
            raise not_found(f"Dataset {project}:{dataset}")
        resource = self._there.get((dataset, name))
        if resource is None:
            raise not_found(f"Table {project}:{dataset}.{name}")
        return resource

    def names(self, dataset: str | None = None) -> list[str]:
        """The tables of a dataset, or (`dataset` None) the datasets, sorted."""
        if dataset is None:
            return sorted(each for each, name in self._there if not name)
        return sorted(name for each, name in self._there if each == dataset and name)

    def put(self, dataset: str, name: str, body: Resource) -> Resource:
        """Keeps a resource as a JSON row; returns it with a new etag."""
        content = {key: value for key, value in body.items() if key != "etag"}
        count = int(body.get("generation", 0)) + 1
        content["generation"] = count
        digest = sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]
        kept = {**content, "etag": f'"{digest}"'}
        self._connection.execute("INSERT OR REPLACE INTO resources VALUES (?, ?, ?)", [dataset, name, json.dumps(kept)])
        self._there[dataset, name] = kept
        return kept

    def count(self, dataset: str, name: str, counts: Mapping[str, str]) -> None:
        """Keeps the counts of a table's rows and bytes, which change no etag."""
        self._there[dataset, name] |= counts
        self._connection.execute(
            "UPDATE resources SET body = ? WHERE dataset = ? AND name = ?",
            [json.dumps(self._there[dataset, name]), dataset, name],
        )

    def drop(self, dataset: str, name: str) -> None:
        """Forgets a resource; raises `KeyError` where it is not there."""
        self._connection.execute("DELETE FROM resources WHERE dataset = ? AND name = ?", [dataset, name])
        del self._there[dataset, name]


def merged_labels(before: Mapping[str, str], given: Mapping[str, str | None]) -> dict[str, str]:
    """Labels by name after a patch: None takes one away."""
    both = {**before, **given}
    labels = {name: value for name, value in both.items() if value is not None}
    if len(labels) > MOST_LABELS:
        raise invalid(f"Too many labels: {len(labels)}, at most {MOST_LABELS}")
    for name, value in labels.items():
        if not name or len(name) > 63 or len(value) > 63 or name != name.lower() or value != value.lower():
            raise invalid(f"Invalid label: {name}={value}")
    return labels


def check_etag(before: Resource, if_match: str | None) -> None:
    """Raise `Refused` when the resource is no longer the one the caller read."""
    if if_match not in (None, "*", before["etag"]):
        raise Refused(412, "conditionNotMet", "Precondition check failed.")


def fields_of(schema: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The columns of a table's schema in the API's older names; raises `Refused`."""
    fields = [
        {**field, "type": kind(field["type"]), "mode": field.get("mode", "NULLABLE").upper()}
        for field in (schema or {}).get("fields", [])
    ]
    if not fields:
        raise invalid("Schema has no fields.")
    return fields


def added_fields(table: str, before: list[dict[str, object]], after: list[dict[str, object]]) -> list[dict[str, Any]]:
    """The columns a schema adds; raises `Refused` for a change BigQuery does not make.

    https://cloud.google.com/bigquery/docs/managing-table-schemas
    """
    by_name = {field["name"]: field for field in after}
    for field in before:
        same = by_name.pop(field["name"], None)
        if same is None:
            raise invalid(
                f"Provided Schema does not match Table {table}. Field {field['name']} is missing in new schema"
            )
        narrowed = same["mode"] == "REQUIRED" and field["mode"] != "REQUIRED"
        if same["type"] != field["type"] or narrowed:
            raise invalid(f"Provided Schema does not match Table {table}. Field {field['name']} has changed")
    for field in by_name.values():
        if field["mode"] == "REQUIRED":
            raise invalid(
                f"Provided Schema does not match Table {table}. Cannot add required fields to an existing schema."
                f" (field: {field['name']})"
            )
    return list(by_name.values())


def columns(fields: list[dict[str, Any]]) -> Iterator[str]:
    """The columns as DuckDB declares them."""
    for field in fields:
        yield f'"{field["name"]}" {IN_DUCKDB[field["type"]]}{" NOT NULL" if field["mode"] == "REQUIRED" else ""}'
