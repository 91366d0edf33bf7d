"""Query jobs: all are done when they are answered, and the last thousand are remembered.

https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from uuid import uuid4

from deploy.emulated.fakes.bigquery.catalog import Catalog, Resource
from deploy.emulated.fakes.bigquery.queries import Answer, Queries
from deploy.emulated.fakes.bigquery.refusals import Refused, invalid, not_found
from deploy.emulated.fakes.bigquery.tables import Tables
from deploy.emulated.fakes.bigquery.values import parameter

REMEMBERED = 1000
PAGE_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Job:
    """A job that is done: with an answer, or with an error."""

    resource: Resource
    answer: Answer | None


class Jobs:
    """Runs and remembers the jobs of one project."""

    def __init__(self, catalog: Catalog, project: str, queries: Queries, tables: Tables) -> None:
        self._catalog = catalog
        self._project = project
        self._queries = queries
        self._tables = tables
        self._done: OrderedDict[str, Job] = OrderedDict()

    def insert(self, body: Resource) -> Resource:
        """jobs.insert; a wrong query makes a job that failed, a wrong request raises `Refused`."""
        configuration = body.get("configuration") or {}
        query = configuration.get("query")
        if query is None:
            raise invalid("the fake runs query jobs only")
        reference = body.get("jobReference") or {}
        job_id = reference.get("jobId") or str(uuid4())
        if job_id in self._done:
            raise Refused(409, "duplicate", f"Already Exists: Job {self._project}:{job_id}")
        location = reference.get("location")
        answer, error = None, None
        try:
            answer, location = self._run(query, location, configuration)
        except Refused as refused:
            error = refused
        job = Job(self._resource(job_id, location, configuration, answer, error), answer)
        return self._remember(job_id, job).resource

    def query(self, body: Resource) -> Resource:
        """jobs.query: the job and its first page of rows in one answer; raises `Refused`."""
        answer, location = self._run(body, body.get("location"), body)
        job_id = str(uuid4())
        configuration = {"query": body, "labels": body.get("labels") or {}, "dryRun": bool(body.get("dryRun"))}
        job = Job(self._resource(job_id, location, configuration, answer, None), answer)
        self._remember(job_id, job)
        return {**self._page(job, 0, body.get("maxResults")), "kind": "bigquery#queryResponse"}

    def get(self, job_id: str) -> Resource:
        """jobs.get; raises `Refused` where there is no such job."""
        return self._existing(job_id).resource

    def results(self, job_id: str, start: int, most: int | None) -> Resource:
        """jobs.getQueryResults: rows from index `start`, at most `most` (None: all); raises `Refused`."""
        return {**self._page(self._existing(job_id), start, most), "kind": "bigquery#getQueryResultsResponse"}

    def _run(self, query: Resource, location: str | None, configuration: Resource) -> tuple[Answer, str]:
        """The answer and where it was found: where the tables lie, if nobody said."""
        if query.get("useLegacySql", True):
            raise invalid("the fake has no legacy SQL")
        default = (query.get("defaultDataset") or {}).get("datasetId")
        if query["query"].startswith(("UPDATE ", "DELETE ")):
            given = {each["name"]: parameter(each) for each in query.get("queryParameters") or []}
            return self._queries.change(query["query"], default, given), location or "US"
        with self._catalog.lock:
            plan = self._queries.plan(query["query"], default, location)
        given = {each["name"]: parameter(each) for each in query.get("queryParameters") or []}
        cap = query.get("maximumBytesBilled")
        dry = bool(configuration.get("dryRun"))
        answer = self._queries.run(plan, given, None if cap is None else int(cap), dry=dry)
        destination = query.get("destinationTable")
        if destination and not dry:
            with self._catalog.lock:
                self._catalog.get(self._project, destination["datasetId"])
                self._tables.fill(destination["datasetId"], destination["tableId"], answer, query)
        dataset = self._catalog.find(plan.reads[0][0]) if plan.reads else None
        return answer, location or (str(dataset["location"]) if dataset else "US")

    def _existing(self, job_id: str) -> Job:
        if job_id not in self._done:
            raise not_found(f"Job {self._project}:{job_id}")
        return self._done[job_id]

    def _remember(self, job_id: str, job: Job) -> Job:
        self._done[job_id] = job
        while len(self._done) > REMEMBERED:
            self._done.popitem(last=False)
        return job

    def _resource(
        self, job_id: str, location: str | None, configuration: Resource, answer: Answer | None, error: Refused | None
    ) -> Resource:
        location = location or "US"
        status: Resource = {"state": "DONE"}
        if error is not None:
            status |= {"errorResult": error.error, "errors": [error.error]}
        statistics: Resource = {"statementType": "SELECT"}
        if answer is not None:
            statistics |= {"totalBytesProcessed": str(answer.processed), "totalBytesBilled": str(answer.billed)}
        return {
            "kind": "bigquery#job",
            "id": f"{self._project}:{location}.{job_id}",
            "jobReference": {"projectId": self._project, "jobId": job_id, "location": location},
            "configuration": {"jobType": "QUERY", **configuration},
            "status": status,
            "statistics": {"totalBytesProcessed": statistics.get("totalBytesProcessed", "0"), "query": statistics},
        }

    def _page(self, job: Job, start: int, most: int | None) -> Resource:
        status = job.resource["status"]
        if "errorResult" in status:
            raise Refused(400, status["errorResult"]["reason"], status["errorResult"]["message"])
        answer = job.answer or Answer([], [], 0, 0)
        end = start + min(PAGE_ROWS if most is None else most, PAGE_ROWS)
        page: Resource = {
            "schema": {"fields": answer.fields},
            "jobReference": job.resource["jobReference"],
            "totalRows": str(len(answer.rows)),
            "rows": answer.cells(start, end),
            "totalBytesProcessed": str(answer.processed),
            "totalBytesBilled": str(answer.billed),
            "jobComplete": True,
            "cacheHit": False,
        }
        return {**page, "pageToken": str(end)} if end < len(answer.rows) else page
