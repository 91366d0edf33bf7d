"""The API's addresses, each to one call, in a thread; errors in Google's shape."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.emulated.fakes.bigquery.catalog import Catalog, Resource
from deploy.emulated.fakes.bigquery.jobs import Jobs
from deploy.emulated.fakes.bigquery.queries import Queries
from deploy.emulated.fakes.bigquery.refusals import Refused, invalid
from deploy.emulated.fakes.bigquery.streaming import Streaming
from deploy.emulated.fakes.bigquery.tables import Tables

MOST_BYTES = 10_000_000
ROOT = "/bigquery/v2/projects/{project}"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: its path, its query, its body and the etag it holds."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Resource
    if_match: str | None


@dataclass(frozen=True, slots=True)
class Project:
    """What answers for one project."""

    tables: Tables
    jobs: Jobs


class Projects:
    """Every project named in a request; their datasets share one name space, as there is one project in practice."""

    def __init__(self, catalog: Catalog, streaming: Streaming, connection: duckdb.DuckDBPyConnection) -> None:
        self.catalog = catalog
        self.streaming = streaming
        self._connection = connection
        self._there: dict[str, Project] = {}

    def __getitem__(self, name: str) -> Project:
        if name not in self._there:
            queries = Queries(self.catalog, name, self._connection)
            tables = Tables(self.catalog, name, queries, self._connection.cursor())
            self._there[name] = Project(tables, Jobs(self.catalog, name, queries, tables))
        return self._there[name]

    # Changes and looks at resources are made one at a time; queries run beside them.

    def list_datasets(self, asked: Asked) -> Resource:
        with self.catalog.lock:
            found = [self.catalog.get(asked.path["project"], name) for name in self.catalog.names()]
            return {"kind": "bigquery#datasetList", "datasets": found}

    def make_dataset(self, asked: Asked) -> Resource:
        with self.catalog.lock:
            return self[asked.path["project"]].tables.make_dataset(asked.body)

    def get_dataset(self, asked: Asked) -> Resource:
        with self.catalog.lock:
            return self.catalog.get(asked.path["project"], asked.path["dataset"])

    def change_dataset(self, asked: Asked) -> Resource:
        with self.catalog.lock:
            tables = self[asked.path["project"]].tables
            return tables.change_dataset(asked.path["dataset"], asked.body, asked.if_match)

    def drop_dataset(self, asked: Asked) -> Resource:
        with self.catalog.lock:
            contents = asked.query.get("deleteContents") == "true"
            self[asked.path["project"]].tables.drop_dataset(asked.path["dataset"], contents=contents)
            return {}

    def list_tables(self, asked: Asked) -> Resource:
        project, dataset = asked.path["project"], asked.path["dataset"]
        with self.catalog.lock:
            self.catalog.get(project, dataset)
            found = [self.catalog.get(project, dataset, name) for name in self.catalog.names(dataset)]
            return {"kind": "bigquery#tableList", "tables": found, "totalItems": len(found)}

    def make_table(self, asked: Asked) -> Resource:
        with self.catalog.lock:
            return self[asked.path["project"]].tables.make(asked.path["dataset"], asked.body)

    def get_table(self, asked: Asked) -> Resource:
        with self.catalog.lock:
            return self.catalog.get(asked.path["project"], asked.path["dataset"], asked.path["table"])

    def change_table(self, asked: Asked) -> Resource:
        with self.catalog.lock:
            tables = self[asked.path["project"]].tables
            return tables.change(asked.path["dataset"], asked.path["table"], asked.body, asked.if_match)

    def drop_table(self, asked: Asked) -> Resource:
        with self.catalog.lock:
            self[asked.path["project"]].tables.drop(asked.path["dataset"], asked.path["table"])
            return {}

    def insert_rows(self, asked: Asked) -> Resource:
        path = asked.path
        return self.streaming.insert(path["project"], path["dataset"], path["table"], asked.body)

    def insert_job(self, asked: Asked) -> Resource:
        return self[asked.path["project"]].jobs.insert(asked.body)

    def get_job(self, asked: Asked) -> Resource:
        return self[asked.path["project"]].jobs.get(asked.path["job"])

    def cancel_job(self, asked: Asked) -> Resource:
        return {"kind": "bigquery#jobCancelResponse", "job": self.get_job(asked)}

    def query(self, asked: Asked) -> Resource:
        return self[asked.path["project"]].jobs.query(asked.body)

    def results(self, asked: Asked) -> Resource:
        start = int(asked.query.get("pageToken") or asked.query.get("startIndex") or 0)
        most = asked.query.get("maxResults")
        jobs = self[asked.path["project"]].jobs
        return jobs.results(asked.path["job"], start, None if most is None else int(most))


def routes(projects: Projects) -> list[Route]:
    """The addresses of the API."""
    dataset, table = f"{ROOT}/datasets/{{dataset}}", f"{ROOT}/datasets/{{dataset}}/tables/{{table}}"
    known: list[tuple[str, str, Callable[[Asked], Resource]]] = [
        ("GET", f"{ROOT}/datasets", projects.list_datasets),
        ("POST", f"{ROOT}/datasets", projects.make_dataset),
        ("GET", dataset, projects.get_dataset),
        ("PATCH", dataset, projects.change_dataset),
        ("DELETE", dataset, projects.drop_dataset),
        ("GET", f"{dataset}/tables", projects.list_tables),
        ("POST", f"{dataset}/tables", projects.make_table),
        ("GET", table, projects.get_table),
        ("PATCH", table, projects.change_table),
        ("DELETE", table, projects.drop_table),
        ("POST", f"{table}/insertAll", projects.insert_rows),
        ("POST", f"{ROOT}/jobs", projects.insert_job),
        ("GET", f"{ROOT}/jobs/{{job}}", projects.get_job),
        ("POST", f"{ROOT}/jobs/{{job}}/cancel", projects.cancel_job),
        ("POST", f"{ROOT}/queries", projects.query),
        ("GET", f"{ROOT}/queries/{{job}}", projects.results),
    ]
    return [Route(path, _endpoint(call), methods=[method]) for method, path, call in known] + [
        Route("/healthz", lambda request: Response(status_code=204))
    ]


def _endpoint(call: Callable[[Asked], Resource]) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        try:
            asked = Asked(
                request.path_params, request.query_params, await _body(request), request.headers.get("if-match")
            )
            return JSONResponse(await run_in_threadpool(call, asked))
        except Refused as refused:
            return JSONResponse(refused.body(), status_code=refused.status)

    return answer


async def _body(request: Request) -> Resource:
    raw = await request.body()
    if len(raw) > MOST_BYTES:
        message = f"Request payload size exceeds the limit: {MOST_BYTES} bytes."
        raise Refused(413, "requestTooLarge", message)
    try:
        body = json.loads(raw) if raw else {}
    except ValueError:
        raise invalid("Parse Error") from None
    if not isinstance(body, dict):
        raise invalid("Parse Error")
    return body
