"""Datasets, tables and views: made, told, changed and dropped as BigQuery does it.

https://cloud.google.com/bigquery/docs/reference/rest/v2/datasets and …/rest/v2/tables
"""

from __future__ import annotations

import re

import duckdb

from deploy.emulated.fakes.bigquery.catalog import (
    Catalog,
    Resource,
    added_fields,
    check_etag,
    columns,
    fields_of,
    merged_labels,
)
from deploy.emulated.fakes.bigquery.queries import Answer, Queries, stored_name
from deploy.emulated.fakes.bigquery.refusals import Refused, invalid
from deploy.emulated.fakes.bigquery.values import IN_DUCKDB

NAME = re.compile(r"\w{1,1024}", re.ASCII)
SIMPLE = ("description", "friendlyName", "expirationTime", "defaultTableExpirationMs", "access")


class Tables:
    """The resources of one project and what they hold."""

    def __init__(self, catalog: Catalog, project: str, queries: Queries, connection: duckdb.DuckDBPyConnection) -> None:
        self._catalog = catalog
        self._project = project
        self._queries = queries
        self._connection = connection

    def make_dataset(self, body: Resource) -> Resource:
        """datasets.insert; raises `Refused` for a wrong name and where the dataset is there already."""
        name = body["datasetReference"]["datasetId"]
        if not NAME.fullmatch(name):
            raise invalid(f'Invalid dataset ID "{name}".')
        if self._catalog.find(name):
            raise Refused(409, "duplicate", f"Already Exists: Dataset {self._project}:{name}")
        resource = {
            **body,
            "kind": "bigquery#dataset",
            "id": f"{self._project}:{name}",
            "datasetReference": {"projectId": self._project, "datasetId": name},
            "location": body.get("location") or "US",
            "labels": merged_labels({}, body.get("labels") or {}),
        }
        return self._catalog.put(name, "", resource)

    def change_dataset(self, name: str, body: Resource, if_match: str | None) -> Resource:
        """datasets.patch; raises `Refused` for another etag than `if_match` (None: any) and another location."""
        before = self._catalog.get(self._project, name)
        check_etag(before, if_match)
        if body.get("location", before["location"]) != before["location"]:
            raise invalid("Cannot change the location of a dataset.")
        after = {**before, **{key: body[key] for key in SIMPLE if key in body}}
        after["labels"] = merged_labels(before["labels"], body.get("labels") or {})
        return self._catalog.put(name, "", after)

    def drop_dataset(self, name: str, *, contents: bool) -> None:
        """datasets.delete; raises `Refused` where it is not there, or holds tables and `contents` is false."""
        self._catalog.get(self._project, name)
        inside = self._catalog.names(name)
        if inside and not contents:
            raise Refused(400, "resourceInUse", f"Dataset {self._project}:{name} is still in use")
        for table in inside:
            self.drop(name, table)
        self._catalog.drop(name, "")

    def make(self, dataset: str, body: Resource) -> Resource:
        """tables.insert, of a table or a view; raises `Refused` where it is wrong or there already."""
        parent = self._catalog.get(self._project, dataset)
        name = body["tableReference"]["tableId"]
        if not NAME.fullmatch(name):
            raise invalid(f'Invalid table ID "{name}".')
        where = f"{self._project}:{dataset}.{name}"
        if self._catalog.find(dataset, name):
            raise Refused(409, "duplicate", f"Already Exists: Table {where}")
        resource = {
            **body,
            "kind": "bigquery#table",
            "id": where,
            "tableReference": {"projectId": self._project, "datasetId": dataset, "tableId": name},
            "location": parent["location"],
            "labels": merged_labels({}, body.get("labels") or {}),
        }
        if "view" in body:
            return self._catalog.put(dataset, name, {**resource, **self._viewed(dataset, name, body["view"])})
        fields = fields_of(body.get("schema"))
        _check_layout(body, {field["name"] for field in fields})
        self._connection.execute(f'CREATE TABLE "{stored_name(dataset, name)}" ({", ".join(columns(fields))})')
        empty = {"type": "TABLE", "schema": {"fields": fields}, "numRows": "0", "numBytes": "0"}
        return self._catalog.put(dataset, name, {**resource, **empty})

    def change(self, dataset: str, name: str, body: Resource, if_match: str | None) -> Resource:
        """tables.patch; raises `Refused` for another etag than `if_match` (None: any) and a schema that takes away."""
        before = self._catalog.get(self._project, dataset, name)
        check_etag(before, if_match)
        after = {**before, **{key: body[key] for key in SIMPLE if key in body}}
        after["labels"] = merged_labels(before["labels"], body.get("labels") or {})
        if "view" in body:
            after |= self._viewed(dataset, name, body["view"])
        if "schema" in body and before["type"] == "TABLE":
            fields = fields_of(body["schema"])
            for field in added_fields(f"{self._project}:{dataset}.{name}", before["schema"]["fields"], fields):
                self._connection.execute(
                    f'ALTER TABLE "{stored_name(dataset, name)}" ADD COLUMN'
                    f' "{field["name"]}" {IN_DUCKDB[field["type"]]}'
                )
            after["schema"] = {"fields": fields}
        return self._catalog.put(dataset, name, after)

    def drop(self, dataset: str, name: str) -> None:
        """tables.delete; raises `Refused` where it is not there."""
        kind = self._catalog.get(self._project, dataset, name)["type"]
        self._connection.execute(f'DROP {kind} "{stored_name(dataset, name)}"')
        self._catalog.drop(dataset, name)

    def fill(self, dataset: str, name: str, answer: Answer, body: Resource) -> None:
        """Writes a query's rows where and as its `writeDisposition` says; raises `Refused` where that must be empty."""
        disposition = body.get("writeDisposition", "WRITE_EMPTY")
        there = self._catalog.find(dataset, name)
        if there is not None and disposition == "WRITE_EMPTY" and int(there["numRows"]):
            raise Refused(409, "duplicate", f"Already Exists: Table {self._project}:{dataset}.{name}")
        if there is not None and disposition == "WRITE_TRUNCATE":
            self.drop(dataset, name)
            there = None
        if there is None:
            layout: Resource = {key: body[key] for key in ("clustering", "timePartitioning") if key in body}
            made = {"tableReference": {"tableId": name}, "schema": {"fields": answer.fields}, **layout}
            self.make(dataset, made)
        marks = ", ".join("?" for _ in answer.fields)
        if answer.rows:
            insert = f'INSERT INTO "{stored_name(dataset, name)}" VALUES ({marks})'
            self._connection.executemany(insert, answer.rows)
        counts = {"numRows": str(len(answer.rows)), "numBytes": str(answer.size())}
        self._catalog.count(dataset, name, counts)

    def _viewed(self, dataset: str, name: str, view: Resource) -> Resource:
        if view.get("useLegacySql", True):
            raise invalid("the fake has no legacy SQL")
        plan = self._queries.plan(view["query"], dataset, None, named=True)
        if plan.parameters:
            raise invalid("Query parameters cannot be used in views.")
        fields = self._queries.described(plan.sql)
        self._connection.execute(f'CREATE OR REPLACE VIEW "{stored_name(dataset, name)}" AS {plan.sql}')
        return {
            "type": "VIEW",
            "view": view,
            "schema": {"fields": fields},
            "reads": [list(each) for each in plan.reads],
        }


def _check_layout(body: Resource, names: set[str]) -> None:
    clustering = list((body.get("clustering") or {}).get("fields", []))
    field = (body.get("timePartitioning") or {}).get("field")
    for name in [*clustering, *([field] if field else [])]:
        if name not in names:
            raise invalid(f"The field specified for clustering or partitioning cannot be found in the schema: {name}")
    if len(clustering) > 4:
        raise invalid("Too many clustering fields, at most 4.")
