"""Current tables: the rows a `…_current` view shows, kept at intervals so that questions read no long history.

After a refresh a view reads its kept rows and whatever was appended since, so it is exact at any moment and reads
at most one interval of history; the view over the whole history stays its test oracle. A refresh writes a new table
by a query job and then turns the view to it, provided nobody turned it meanwhile; the table before stays until the
next refresh, for questions under way. Nothing is written by MERGE: the SELECTs pass the same allow-list as questions.
"""

from __future__ import annotations

from datetime import timedelta

from google.api_core.exceptions import PreconditionFailed
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_JOB_RETRY, DEFAULT_RETRY

from pulsepoint.adapters.bigquery.datasets import CALL_SECONDS, CLUSTERED_BY, KEPT_FROM
from pulsepoint.adapters.bigquery.statements import KEPT, Kept, kept_view_query, kept_views
from pulsepoint.ports.clock import Clock

SETTLED = timedelta(hours=1)
"""Longer than a row can be under way after its stamp, and than the clocks of two machines differ."""


class CurrentTables:
    """Keeps current rows of a dataset; for threads. `max_bytes` caps each job, `seconds` is its time-out."""

    def __init__(self, client: bigquery.Client, clock: Clock, max_bytes: int, seconds: float) -> None:
        self._client = client
        self._clock = clock
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._retry = DEFAULT_RETRY.with_timeout(seconds)
        self._job_retry = DEFAULT_JOB_RETRY.with_timeout(seconds)

    def refresh(self, dataset: str, location: str, labels: dict[str, str]) -> int:
        """Keep the rows that are current now; the bytes billed. Raises Google's errors."""
        reference = bigquery.DatasetReference(self._client.project, dataset)
        listed = [
            each.table_id for each in self._client.list_tables(reference, retry=self._retry, timeout=CALL_SECONDS)
        ]
        return sum(self._keep(kept, reference, location, labels, listed) for kept in kept_views())

    def _keep(
        self, kept: Kept, dataset: bigquery.DatasetReference, location: str, labels: dict[str, str], listed: list[str]
    ) -> int:
        now = self._clock.now()
        stored = kept.name(now)
        view = self._client.get_table(dataset.table(kept.view.name), retry=self._retry, timeout=CALL_SECONDS)
        before = (view.labels or {}).get(KEPT_FROM)
        job = self._client.query(
            kept.rows(),
            job_config=self._job(dataset, stored, labels),
            location=location,
            retry=self._retry,
            job_retry=self._job_retry,
            timeout=CALL_SECONDS,
        )
        job.result(timeout=self._seconds, retry=self._retry)
        view.view_query = kept_view_query(kept, dataset.project, dataset.dataset_id, stored, now - SETTLED)
        view.labels = {**(view.labels or {}), KEPT_FROM: stored.rpartition(KEPT)[2]}
        try:
            # With the etag of what was read: a refresh that began earlier must not turn the view back.
            self._client.update_table(view, ["view_query", "labels"], retry=self._retry, timeout=CALL_SECONDS)
        except PreconditionFailed:
            self._drop(dataset, stored)
        else:
            for name in listed:
                if before and name.startswith(kept.view.name + KEPT) and name < f"{kept.view.name}{KEPT}{before}":
                    self._drop(dataset, name)
        return int(job.total_bytes_billed or 0)

    def _job(self, dataset: bigquery.DatasetReference, stored: str, labels: dict[str, str]) -> bigquery.QueryJobConfig:
        return bigquery.QueryJobConfig(
            default_dataset=dataset,
            destination=dataset.table(stored),
            write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
            clustering_fields=list(CLUSTERED_BY),
            maximum_bytes_billed=self._max_bytes,
            job_timeout_ms=int(self._seconds * 1000),
            labels={**labels, "question": "refresh"},
        )

    def _drop(self, dataset: bigquery.DatasetReference, name: str) -> None:
        self._client.delete_table(dataset.table(name), not_found_ok=True, retry=self._retry, timeout=CALL_SECONDS)
