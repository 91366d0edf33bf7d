"""Sends rows by tabledata.insertAll, each under its fact id, until they are durable or known never to be.

https://cloud.google.com/bigquery/docs/reference/rest/v2/tabledata/insertAll: without `skipInvalidRows` one invalid row
keeps out the whole request, and the others are told `stopped`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from google.api_core.exceptions import NotFound
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY

from pulsepoint.adapters.bigquery.batcher import EncodedRow
from pulsepoint.adapters.bigquery.errors import PASSING
from pulsepoint.errors import EngineUnavailable, MalformedInput, PulsepointError
from pulsepoint.ports.clock import Clock
from pulsepoint.values import JsonObject

REQUEST_SECONDS = 10.0
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0


class Streamer:
    """Sends parcels of rows; for threads. `patience` is in seconds, for what passes (a table just made, a quota)."""

    def __init__(self, client: bigquery.Client, clock: Clock, patience: float) -> None:
        self._client = client
        self._clock = clock
        self._patience = patience
        self._retry = DEFAULT_RETRY.with_timeout(patience)

    def send(self, dataset: str, table: str, batches: Sequence[Sequence[EncodedRow]]) -> dict[int, PulsepointError]:
        """Write the parcels that can be; the others by number. Raises `EngineUnavailable`, Google's errors.

        A table can be unknown to insertAll for a while after it was made, whatever tables.get says:
        https://github.com/googleapis/google-cloud-go/issues/975
        """
        target = bigquery.DatasetReference(self._client.project, dataset).table(table)
        refused: dict[int, PulsepointError] = {}
        end, pause = time.monotonic() + self._patience, FIRST_PAUSE
        while len(refused) < len(batches):
            left = [number for number in range(len(batches)) if number not in refused]
            senders = [number for number in left for _ in batches[number]]
            try:
                problems = self._insert(target, [row for number in left for row in batches[number]])
            except NotFound as error:
                passing = str(error)
            else:
                if not problems:
                    break
                problems_by_row = {senders[index]: words for index, words in _lasting(problems).items()}
                if problems_by_row:
                    refused |= {number: MalformedInput(f"{table}.{words}") for number, words in problems_by_row.items()}
                    continue
                passing = _words(problems[0])
            if time.monotonic() + pause > end:
                raise EngineUnavailable(f"BigQuery does not take rows of {table}: {passing}")
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        return refused

    def _insert(self, target: bigquery.TableReference, rows: Sequence[EncodedRow]) -> Sequence[JsonObject]:
        now = self._clock.now()
        stamped = [row.stamped(now) for row in rows]
        ids = [row.insert_id for row in rows]
        problems: Sequence[JsonObject] = self._client.insert_rows_json(
            target, stamped, row_ids=ids, retry=self._retry, timeout=REQUEST_SECONDS
        )
        return problems


def _lasting(problems: Sequence[JsonObject]) -> dict[int, str]:
    """The rows that can never be written, by index."""
    return {
        int(problem["index"]): _words(problem)
        for problem in problems
        if any(error.get("reason") not in PASSING for error in problem["errors"])
    }


def _words(problem: JsonObject) -> str:
    first = problem["errors"][0]
    return f"{first.get('location', '')}: {first.get('message') or first.get('reason')}"
