"""Rows that lose values, or go, in tables of facts and in those that keep their current rows.

Rows streamed within the last 30 minutes, seldom 90, cannot be changed yet: who asks is told to come again.
https://cloud.google.com/bigquery/docs/data-manipulation-language#limitations. What a table held before can be read for
seven days more by Google's time travel: https://cloud.google.com/bigquery/docs/time-travel
"""

from __future__ import annotations

from collections.abc import Sequence

from google.api_core.exceptions import BadRequest
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_JOB_RETRY, DEFAULT_RETRY

from pulsepoint.adapters.bigquery.datasets import CALL_SECONDS
from pulsepoint.adapters.bigquery.statements import KEPT, kept_views
from pulsepoint.errors import EngineUnavailable
from pulsepoint.warehouse.rows import tables_by_name

TOO_NEW = "streaming buffer"


class Eraser:
    """Erases in a dataset; for threads. `max_bytes` caps each job, `seconds` is its time-out."""

    def __init__(self, client: bigquery.Client, max_bytes: int, seconds: float) -> None:
        self._client = client
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._retry = DEFAULT_RETRY.with_timeout(seconds)
        self._job_retry = DEFAULT_JOB_RETRY.with_timeout(seconds)

    def erase(self, dataset: str, location: str, table: str, fact_ids: Sequence[str], columns: Sequence[str]) -> None:
        """Set the columns of these rows to NULL; raises `EngineUnavailable` for rows too new, and Google's errors."""
        reference = bigquery.DatasetReference(self._client.project, dataset)
        prefixes = tuple(kept.view.name + KEPT for kept in kept_views() if kept.table == table)
        cleared = ", ".join(f"{column} = NULL" for column in columns)
        given = bigquery.ArrayQueryParameter("fact_ids", "STRING", list(fact_ids))
        for name in (*self._copies(reference, prefixes), table):
            statement = f"UPDATE {name} SET {cleared} WHERE fact_id IN UNNEST(@fact_ids)"
            self._change(reference, location, statement, given)

    def forget(self, dataset: str, location: str, brand_id: str) -> None:
        """Delete every row of a brand; raises as `erase`."""
        reference = bigquery.DatasetReference(self._client.project, dataset)
        prefixes = tuple(kept.view.name + KEPT for kept in kept_views())
        given = bigquery.ScalarQueryParameter("brand_id", "STRING", brand_id)
        for name in (*self._copies(reference, prefixes), *tables_by_name(False)):
            self._change(reference, location, f"DELETE FROM {name} WHERE brand_id = @brand_id", given)

    def _copies(self, dataset: bigquery.DatasetReference, prefixes: tuple[str, ...]) -> list[str]:
        """The tables that keep current rows, of views whose names these begin with."""
        listed = self._client.list_tables(dataset, retry=self._retry, timeout=CALL_SECONDS)
        return [each.table_id for each in listed if prefixes and each.table_id.startswith(prefixes)]

    def _change(
        self,
        dataset: bigquery.DatasetReference,
        location: str,
        statement: str,
        given: bigquery.ScalarQueryParameter | bigquery.ArrayQueryParameter,
    ) -> None:
        job_config = bigquery.QueryJobConfig(
            default_dataset=dataset,
            query_parameters=[given],
            maximum_bytes_billed=self._max_bytes,
            job_timeout_ms=int(self._seconds * 1000),
            labels={"question": "erasure"},
        )
        try:
            self._client.query(
                statement,
                job_config=job_config,
                location=location,
                retry=self._retry,
                job_retry=self._job_retry,
                timeout=CALL_SECONDS,
            ).result(timeout=self._seconds, retry=self._retry)
        except BadRequest as error:
            if TOO_NEW in str(error):
                raise EngineUnavailable("rows were streamed too lately to be changed") from error
            raise
