"""The warehouse in the cloud: BigQuery, one dataset a tenant, through Google's own client in threads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import TypeVar

from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_JOB_RETRY, DEFAULT_RETRY

from pulsepoint.adapters.bigquery.access import access_list, asks
from pulsepoint.adapters.bigquery.batcher import Batcher, EncodedRow, encoded
from pulsepoint.adapters.bigquery.current import CurrentTables
from pulsepoint.adapters.bigquery.datasets import Datasets, Making, dataset_of
from pulsepoint.adapters.bigquery.erasing import Eraser
from pulsepoint.adapters.bigquery.errors import as_pulsepoint_errors
from pulsepoint.adapters.bigquery.parameters import typed
from pulsepoint.adapters.bigquery.statements import Statement, statement
from pulsepoint.adapters.bigquery.streaming import Streamer
from pulsepoint.adapters.system_clock import SystemClock
from pulsepoint.errors import EngineUnavailable, PermanentError, PulsepointError
from pulsepoint.ports.clock import Clock
from pulsepoint.ports.document_store import FactRow
from pulsepoint.tenancy import TenantContext
from pulsepoint.values import QueryValue, Row
from pulsepoint.warehouse.rows import row_check

GIB = 2**30
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Caps:
    """The limits of a job: bytes billed at most, seconds until it is given up.

    `settling_seconds`: how long an append is tried while something passes (a table just made, no answer).
    """

    query_bytes: int = 20 * GIB
    query_seconds: float = 30.0
    refresh_bytes: int = 200 * GIB
    refresh_seconds: float = 300.0
    settling_seconds: float = 30.0


@asynccontextmanager
async def open_bigquery(
    project: str,
    *,
    region: str,
    endpoint: str | None = None,
    caps: Caps | None = None,
    clock: Clock | None = None,
    threads: int = 8,
    kms_key: str | None = None,
    service: str | None = None,
    accounts_project: str | None = None,
) -> AsyncIterator[BigQueryWarehouse]:
    """A client for the project's datasets; on leaving, finish waiting appends.

    `region` is where datasets are made (`europe-west1`, `EU`, …) and `kms_key` what encrypts them
    (`projects/…/cryptoKeys/…`; else Google's own keys do); `endpoint` is an API without log-in to be used instead of
    Google's. `service` is who asks, with the rights `access.py` gives it (None: any), and `accounts_project` where the
    services' accounts lie, to which datasets are opened that are made here (None: as Google does by default). Raises
    `EngineUnavailable` where Google's credentials are not to be had.
    """
    making = Making(
        region,
        kms_key,
        access_list(project, accounts_project) if accounts_project else None,
        views=service is None or asks(service),
    )
    options = ClientOptions(api_endpoint=endpoint) if endpoint else None
    with as_pulsepoint_errors():
        client = await asyncio.to_thread(
            bigquery.Client,
            project=project,
            credentials=AnonymousCredentials() if endpoint else None,  # type: ignore[no-untyped-call]
            client_options=options,
        )
    warehouse = BigQueryWarehouse(client, making, caps or Caps(), clock or SystemClock(), threads)
    try:
        yield warehouse
    finally:
        await warehouse.close()


class BigQueryWarehouse:
    """Implements `pulsepoint.ports.warehouse.Warehouse`.

    Appends are durable when `append` returns; rows that wait for a table go together. One append is not one
    transaction: after an error some of its tables may have their rows, and appending again changes nothing.
    """

    def __init__(self, client: bigquery.Client, making: Making, caps: Caps, clock: Clock, threads: int) -> None:
        self._client = client
        self._caps = caps
        self._datasets = Datasets(client, making, clock, caps.settling_seconds)
        self._streamer = Streamer(client, clock, caps.settling_seconds)
        self._current = CurrentTables(client, clock, caps.refresh_bytes, caps.refresh_seconds)
        self._eraser = Eraser(client, caps.refresh_bytes, caps.refresh_seconds)
        self._batchers: dict[tuple[str, str], Batcher] = {}
        # Questions never wait for appends that wait for a table.
        self._writers = ThreadPoolExecutor(threads, thread_name_prefix="bigquery-append")
        self._readers = ThreadPoolExecutor(threads, thread_name_prefix="bigquery-read")
        self._closed = self._ended = False

    async def append(self, facts: Sequence[FactRow]) -> frozenset[str]:
        """See `Warehouse.append`; raises `MalformedInput` for a row its table cannot hold exactly.

        A table without keys cannot tell which rows were there: none are named.
        """
        waiting: dict[tuple[str, str], list[EncodedRow]] = {}
        for fact in facts:
            row_check(fact.scope.is_system, fact.table)(fact.row)
            waiting.setdefault((dataset_of(fact.scope), fact.table), []).append(encoded(fact.row))
        for dataset in sorted({dataset for dataset, _ in waiting}):
            await self._located(dataset, self._writers)
        # From here to the lanes nothing is awaited, so nothing can be added to one that `close` has drained.
        self._refuse_if_closed()
        batches = [done for key, rows in waiting.items() for done in self._batcher(*key).add(rows)]
        results = await asyncio.gather(*batches, return_exceptions=True)
        errors = [result for result in results if isinstance(result, BaseException)]
        for error in sorted(errors, key=lambda error: not isinstance(error, PermanentError)):
            raise error
        return frozenset()

    async def query(
        self, scope: TenantContext, sql: str, parameters: Mapping[str, QueryValue] | None = None
    ) -> list[Row]:
        """See `Warehouse.query`; raises `MalformedInput` for SQL that is not on the allow-list, `LimitExceeded`."""
        self._refuse_if_closed()
        dataset = dataset_of(scope)
        location = await self._located(dataset, self._readers)
        given = {**(parameters or {}), "brand_id": str(scope.brand_id)}
        with self._doubting(dataset):
            return await self._run(self._readers, partial(self._select, scope, dataset, location, sql, given))

    async def erase(self, scope: TenantContext, table: str, fact_ids: Sequence[str], columns: Sequence[str]) -> None:
        """See `Warehouse.erase`."""
        self._refuse_if_closed()
        dataset = dataset_of(scope)
        location = await self._located(dataset, self._writers)
        if fact_ids and columns:
            await self._run(self._writers, partial(self._eraser.erase, dataset, location, table, fact_ids, columns))

    async def forget_brand(self, scope: TenantContext) -> None:
        """See `Warehouse.forget_brand`."""
        self._refuse_if_closed()
        dataset = dataset_of(scope)
        location = await self._located(dataset, self._writers)
        await self._run(self._writers, partial(self._eraser.forget, dataset, location, str(scope.brand_id)))

    async def refresh_current(self, scope: TenantContext) -> int:
        """See `Warehouse.refresh_current`: questions then read no history before now; views are exact all the time."""
        self._refuse_if_closed()
        if scope.is_system:
            return 0
        dataset = dataset_of(scope)
        location = await self._located(dataset, self._readers)
        return await self._run(
            self._readers, partial(self._current.refresh, dataset, location, {"tenant": scope.tenant_id.hex})
        )

    async def close(self) -> None:
        """Finish waiting appends and questions, then close the connections."""
        self._closed = True
        for batcher in list(self._batchers.values()):
            await batcher.drain()
        self._ended = True
        await asyncio.to_thread(self._end)

    def _end(self) -> None:
        self._writers.shutdown()
        self._readers.shutdown()
        self._datasets.close()
        self._client.close()  # type: ignore[no-untyped-call]

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise EngineUnavailable("the warehouse is closed")

    def _select(
        self, scope: TenantContext, dataset: str, location: str, sql: str, given: dict[str, QueryValue]
    ) -> list[Row]:
        prepared = statement(sql, scope.is_system)
        rows = self._client.query_and_wait(
            prepared.sql,
            job_config=self._job(scope, dataset, sql, prepared, given),
            location=location,
            api_timeout=self._caps.query_seconds,
            wait_timeout=self._caps.query_seconds,
            retry=DEFAULT_RETRY.with_timeout(self._caps.query_seconds),
            job_retry=DEFAULT_JOB_RETRY.with_timeout(self._caps.query_seconds),
        )
        return [dict(row.items()) for row in rows]

    def _job(
        self, scope: TenantContext, dataset: str, sql: str, prepared: Statement, given: dict[str, QueryValue]
    ) -> bigquery.QueryJobConfig:
        return bigquery.QueryJobConfig(
            default_dataset=bigquery.DatasetReference(self._client.project, dataset),
            query_parameters=typed(prepared.bound(given)),
            maximum_bytes_billed=self._caps.query_bytes,
            job_timeout_ms=int(self._caps.query_seconds * 1000),
            labels={
                "tenant": scope.tenant_id.hex,
                "brand": scope.brand_id.hex,
                "question": sha256(sql.encode()).hexdigest()[:16],
            },
        )

    def _batcher(self, dataset: str, table: str) -> Batcher:
        key = (dataset, table)
        if key not in self._batchers:
            self._batchers[key] = Batcher(partial(self._send, dataset, table))
        return self._batchers[key]

    async def _send(
        self, dataset: str, table: str, batches: Sequence[Sequence[EncodedRow]]
    ) -> dict[int, PulsepointError]:
        with self._doubting(dataset):
            return await self._run(self._writers, partial(self._streamer.send, dataset, table, batches))

    @contextmanager
    def _doubting(self, dataset: str) -> Iterator[None]:
        """Look at the dataset again after a failure: it may be gone."""
        try:
            yield
        except EngineUnavailable:
            self._datasets.forget(dataset)
            raise

    async def _located(self, dataset: str, pool: ThreadPoolExecutor) -> str:
        location = self._datasets.location_of(dataset)
        return location if location is not None else await self._run(pool, partial(self._datasets.ensure, dataset))

    async def _run(self, pool: ThreadPoolExecutor, work: Callable[[], Result]) -> Result:
        def call() -> Result:
            with as_pulsepoint_errors():
                return work()

        if self._ended:
            raise EngineUnavailable("the warehouse is closed")
        return await asyncio.get_running_loop().run_in_executor(pool, call)
