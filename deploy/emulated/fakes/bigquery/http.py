"""The API's addresses, each to one call, in a thread; errors in Google's shape."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

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
class Call:
    """One request: its path, its query, its body and the etag it holds."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Resource
    if_match: str | None


@dataclass(frozen=True, slots=True)
class Project:
    """The parts that answer for one project."""

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

    def list_datasets(self, call: Call) -> Resource:
        with self.catalog.lock:
            datasets = [self.catalog.get(call.path["project"], name) for name in self.catalog.names()]
            return {"kind": "bigquery#datasetList", "datasets": datasets}

    def make_dataset(self, call: Call) -> Resource:
        with self.catalog.lock:
            return self[call.path["project"]].tables.make_dataset(call.body)

    def get_dataset(self, call: Call) -> Resource:
        with self.catalog.lock:
            return self.catalog.get(call.path["project"], call.path["dataset"])

    def change_dataset(self, call: Call) -> Resource:
        with self.catalog.lock:
            tables = self[call.path["project"]].tables
            return tables.change_dataset(call.path["dataset"], call.body, call.if_match)

    def drop_dataset(self, call: Call) -> Resource:
        with self.catalog.lock:
            contents = call.query.get("deleteContents") == "true"
            self[call.path["project"]].tables.drop_dataset(call.path["dataset"], contents=contents)
            return {}

    def list_tables(self, call: Call) -> Resource:
        project, dataset = call.path["project"], call.path["dataset"]
        with self.catalog.lock:
            self.catalog.get(project, dataset)
            tables = [self.catalog.get(project, dataset, name) for name in self.catalog.names(dataset)]
            return {"kind": "bigquery#tableList", "tables": tables, "totalItems": len(tables)}

    def make_table(self, call: Call) -> Resource:
        with self.catalog.lock:
            return self[call.path["project"]].tables.make(call.path["dataset"], call.body)

    def get_table(self, call: Call) -> Resource:
        with self.catalog.lock:
            return self.catalog.get(call.path["project"], call.path["dataset"], call.path["table"])

    def change_table(self, call: Call) -> Resource:
        with self.catalog.lock:
            tables = self[call.path["project"]].tables
            return tables.change(call.path["dataset"], call.path["table"], call.body, call.if_match)

    def drop_table(self, call: Call) -> Resource:
        with self.catalog.lock:
            self[call.path["project"]].tables.drop(call.path["dataset"], call.path["table"])
            return {}

    def insert_rows(self, call: Call) -> Resource:
        path = call.path
        return self.streaming.insert(path["project"], path["dataset"], path["table"], call.body)

    def insert_job(self, call: Call) -> Resource:
        return self[call.path["project"]].jobs.insert(call.body)

    def get_job(self, call: Call) -> Resource:
        return self[call.path["project"]].jobs.get(call.path["job"])

    def cancel_job(self, call: Call) -> Resource:
        return {"kind": "bigquery#jobCancelResponse", "job": self.get_job(call)}

    def query(self, call: Call) -> Resource:
        return self[call.path["project"]].jobs.query(call.body)

    def results(self, call: Call) -> Resource:
        start = int(call.query.get("pageToken") or call.query.get("startIndex") or 0)
        most = call.query.get("maxResults")
        jobs = self[call.path["project"]].jobs
        return jobs.results(call.path["job"], start, None if most is None else int(most))


def routes(projects: Projects) -> list[Route]:
    """The list of routes: the API's URLs, and `/healthz`."""
    dataset, table = f"{ROOT}/datasets/{{dataset}}", f"{ROOT}/datasets/{{dataset}}/tables/{{table}}"
    methods: list[tuple[str, str, Callable[[Call], Resource]]] = [
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
    return [Route(path, _endpoint(call), methods=[method]) for method, path, call in methods] + [
        Route("/healthz", lambda request: Response(status_code=204))
    ]


def _endpoint(method: Callable[[Call], Resource]) -> Callable[[Request], object]:
    async def answer(request: Request) -> Response:
        try:
            call = Call(
                request.path_params, request.query_params, await _body(request), request.headers.get("if-match")
            )
            return JSONResponse(await run_in_threadpool(method, call))
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
