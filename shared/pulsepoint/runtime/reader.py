"""The reader of a handler: its transaction, the named queries, the clock; and makers of events and facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256

import orjson

from pulsepoint.events.envelope import Event, P, new_event
from pulsepoint.metrics.access import Citing, Metrics
from pulsepoint.metrics.basis import MetricSettings, Period
from pulsepoint.metrics.query import Breakdown, Measurement
from pulsepoint.ports.clock import Clock
from pulsepoint.ports.document_store import Document, FactRow, Transaction
from pulsepoint.telemetry import current_traceparent
from pulsepoint.tenancy import TenantContext
from pulsepoint.values import Columns, QueryValue, Row


class ServiceReader:
    """The `Reader` of `pulsepoint.runtime.outcome`, over one open transaction."""

    def __init__(self, service: str, transaction: Transaction, metrics: Metrics, clock: Clock) -> None:
        self.service = service
        self.scope = transaction.scope
        self._transaction = transaction
        self._metrics = metrics
        self._clock = clock
        self._now = clock.now()

    async def get(self, collection: str, id: str, *, scope: TenantContext | None = None) -> Document | None:
        """See `Transaction.get`."""
        return await self._transaction.get(collection, id, scope=scope)

    async def get_many(
        self, keys: Sequence[tuple[str, str]], *, scope: TenantContext | None = None
    ) -> list[Document | None]:
        """See `Transaction.get_many`."""
        return await self._transaction.get_many(keys, scope=scope)

    async def find(
        self, collection: str, where: dict[str, str] | None = None, *, limit: int = 1000, after: str = ""
    ) -> list[Document]:
        """See `Transaction.find`."""
        return await self._transaction.find(collection, where, limit=limit, after=after)

    async def query(self, name: str, **parameters: QueryValue) -> list[Row]:
        """Rows of a named query within the reader's brand."""
        return await self._metrics.query(self.scope, name, as_of=None, **parameters)

    async def measure(
        self,
        metrics: Sequence[str],
        *,
        period: Period,
        settings: MetricSettings,
        by: Sequence[str] = (),
        where: Mapping[str, QueryValue] | None = None,
        currency: str | None = None,
    ) -> Measurement:
        """See `Reader.measure`."""
        return await self._metrics.measure(
            self.scope, metrics, period=period, settings=settings, by=by, where=where, currency=currency
        )

    async def measure_all(
        self, breakdowns: Sequence[Breakdown], *, settings: MetricSettings, currency: str | None = None
    ) -> tuple[Measurement, ...]:
        """See `Reader.measure_all`."""
        return await self._metrics.measure_all(self.scope, breakdowns, settings=settings, currency=currency)

    async def citing(
        self, *, settings: MetricSettings, currency: str | None = None, as_of: datetime | None = None
    ) -> Citing:
        """See `Reader.citing`."""
        return await self._metrics.citing(self.scope, settings=settings, currency=currency, as_of=as_of or self._now)

    def now(self) -> datetime:
        """Wall time when this run of the handler began: the same however often it asks."""
        return self._now

    def event(
        self,
        payload: P,
        *,
        entity: str,
        version: int,
        scope: TenantContext | None = None,
        time: datetime | None = None,
        precedence: int = 0,
    ) -> Event[P]:
        """An event of this service in the trace being handled."""
        return new_event(
            payload,
            source=self.service,
            entity=entity,
            version=version,
            scope=scope or self.scope,
            time=time,
            traceparent=current_traceparent(),
            precedence=precedence,
        )

    def fact(
        self,
        table: str,
        entity: str,
        version: int,
        columns: Columns,
        *,
        part: str = "",
        digest: str = "",
        precedence: int = 0,
        scope: TenantContext | None = None,
    ) -> FactRow:
        """A row of `table` with the seven columns every fact has."""
        owner = scope or self.scope
        content_digest = digest or sha256(orjson.dumps(dict(columns), option=orjson.OPT_SORT_KEYS)).hexdigest()
        identity = f"{owner.tenant_id}/{owner.brand_id}/{table}/{entity}/{version}/{content_digest}/{part}"
        if precedence:
            identity += f"/{precedence}"
        row = {
            "fact_id": sha256(identity.encode()).hexdigest()[:32],
            "brand_id": str(owner.brand_id),
            "entity": entity,
            "version": version,
            "digest": content_digest,
            "recorded_at": self._now,
            **columns,
        }
        if precedence:
            row["precedence"] = precedence
        return FactRow(owner, table, row)
