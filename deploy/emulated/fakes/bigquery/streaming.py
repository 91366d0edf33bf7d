"""tabledata.insertAll: rows checked as BigQuery checks them, repeats of an insertId left out for a minute.

The real one leaves repeats out at best effort, which a test asks for by `remembered_seconds=0`.
https://cloud.google.com/bigquery/docs/reference/rest/v2/tabledata/insertAll
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import duckdb

from deploy.emulated.fakes.bigquery.catalog import Catalog
from deploy.emulated.fakes.bigquery.queries import stored_name
from deploy.emulated.fakes.bigquery.refusals import invalid, not_found
from deploy.emulated.fakes.bigquery.values import IN_DUCKDB, READ, SIZES

MOST_ROWS = 50_000
MOST_ID = 128


class Streaming:
    """Takes streamed rows. `table_lag` is how many requests a new table is unknown to, as the real ones are."""

    def __init__(
        self, catalog: Catalog, connection: duckdb.DuckDBPyConnection, remembered_seconds: float, table_lag: int
    ) -> None:
        self._catalog = catalog
        self._connection = connection
        self._remembered_seconds = remembered_seconds
        self._table_lag = table_lag
        self._attempts: dict[tuple[str, str], int] = {}
        self._ids: dict[tuple[str, str], dict[str, float]] = {}

    def insert(self, project: str, dataset: str, name: str, request: dict[str, object]) -> dict[str, object]:
        """The answer to a request; raises `Refused` for one that is wrong as a whole."""
        with self._catalog.lock:
            table = self._catalog.get(project, dataset, name)
            key = (dataset, name)
            self._attempts[key] = self._attempts.get(key, 0) + 1
            if self._attempts[key] <= self._table_lag:
                raise not_found(f"Table {project}:{dataset}.{name}")
            rows = self._checked_request(table, request)
            problems: list[dict[str, object]] = []
            good: list[tuple[str | None, dict[str, object]]] = []
            for index, row in enumerate(rows):
                wrong = list(_problems(table["schema"]["fields"], row["json"]))
                if wrong:
                    problems.append({"index": index, "errors": wrong})
                good.append((row.get("insertId"), row["json"]))
            if problems:
                refused = {problem["index"] for problem in problems}
                if request.get("skipInvalidRows"):
                    good = [row for index, row in enumerate(good) if index not in refused]
                else:
                    problems += [_stopped(index) for index in range(len(rows)) if index not in refused]
                    good = []
            self._write(key, table, good)
            answer: dict[str, object] = {"kind": "bigquery#tableDataInsertAllResponse"}
            return {**answer, "insertErrors": problems} if problems else answer

    def _checked_request(self, table: dict[str, object], request: dict[str, Any]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = request.get("rows") or []
        if not rows:
            raise invalid("No rows present in the request.")
        if len(rows) > MOST_ROWS:
            raise invalid(f"too many rows present in the request, limit: {MOST_ROWS} row count: {len(rows)}.")
        if table["type"] != "TABLE":
            raise invalid("Cannot add rows to a table of type VIEW.")
        if any(len(row.get("insertId") or "") > MOST_ID for row in rows):
            raise invalid(f"insertId is longer than {MOST_ID} characters.")
        return rows

    def _write(
        self, key: tuple[str, str], table: dict[str, Any], rows: list[tuple[str | None, dict[str, object]]]
    ) -> None:
        fresh = self._without_repeats(key, rows)
        if not fresh:
            return
        fields = table["schema"]["fields"]
        struct = json.dumps([{field["name"]: IN_DUCKDB[field["type"]] for field in fields}])
        size = sum(SIZES[field["type"]](row[field["name"]]) for row in fresh for field in fields if _has(row, field))
        read = [
            {field["name"]: _exact(READ[field["type"]](row[field["name"]])) for field in fields if _has(row, field)}
            for row in fresh
        ]
        self._connection.execute(
            f"INSERT INTO \"{stored_name(*key)}\" SELECT unnest(from_json(?, '{struct}'), recursive := true)",
            [json.dumps(read)],
        )
        counts = {"numRows": str(int(table["numRows"]) + len(fresh)), "numBytes": str(int(table["numBytes"]) + size)}
        self._catalog.count(*key, counts)

    def _without_repeats(
        self, key: tuple[str, str], rows: list[tuple[str | None, dict[str, object]]]
    ) -> list[dict[str, object]]:
        now = time.monotonic()
        remembered = {each: at for each, at in self._ids.get(key, {}).items() if now - at < self._remembered_seconds}
        fresh = []
        for insert_id, row in rows:
            if insert_id is not None and insert_id in remembered:
                continue
            if insert_id is not None and self._remembered_seconds:
                remembered[insert_id] = now
            fresh.append(row)
        self._ids[key] = remembered
        return fresh


def _exact(value: object) -> object:
    return value if isinstance(value, bool | int | float | str) else str(value)


def _has(row: dict[str, object], field: dict[str, Any]) -> bool:
    return row.get(field["name"]) is not None


def _stopped(index: int) -> dict[str, object]:
    return {"index": index, "errors": [{"reason": "stopped", "location": "", "debugInfo": "", "message": ""}]}


def _problems(fields: list[dict[str, Any]], row: dict[str, object]) -> Iterator[dict[str, str]]:
    declared = {field["name"]: field for field in fields}
    for name in row.keys() - declared.keys():
        yield _invalid(name, f"no such field: {name}.")
    for name, field in declared.items():
        value = row.get(name)
        if value is None:
            if field["mode"] == "REQUIRED":
                yield _invalid(name, f"Missing required field: {name}.")
            continue
        try:
            READ[field["type"]](value)
        except (ValueError, TypeError) as error:
            yield _invalid(name, str(error))


def _invalid(location: str, message: str) -> dict[str, str]:
    return {"reason": "invalid", "location": location, "debugInfo": "", "message": message}
