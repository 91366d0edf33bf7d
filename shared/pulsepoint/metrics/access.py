"""The metric catalog opened over a warehouse: what handlers and endpoints ask for numbers, rows and citations."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pulsepoint.metrics.basis import MetricSettings, Period
from pulsepoint.metrics.citations import Citation, CitationCodec, KeptSettings
from pulsepoint.metrics.derived import citable
from pulsepoint.metrics.explain import Explained, recompute
from pulsepoint.metrics.named_queries import run_named_query
from pulsepoint.metrics.query import Breakdown, Measurement, measure, measure_all
from pulsepoint.ports.secret_store import SecretStore
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.tenancy import SYSTEM, TenantContext
from pulsepoint.values import QueryValue, Row

KEY_NAME = "citation-key"
_KEY_BYTES = 32


async def open_codec(secrets: SecretStore) -> CitationCodec:
    """The codec under the deployment's stored key, which is made on first use; raises `EngineUnavailable`."""
    return CitationCodec(await secrets.once(SYSTEM, KEY_NAME, lambda: randomness.token_bytes(_KEY_BYTES)))


@dataclass(frozen=True, slots=True)
class Citing:
    """Makes the fact ids of numbers that are at hand already, as they were true at `as_of`; it is a `Cite`."""

    codec: CitationCodec
    scope: TenantContext
    settings: MetricSettings
    currency: str | None
    as_of: datetime

    def __call__(self, name: str, at: Mapping[str, str], start: date, end: date, given: Sequence[int] = ()) -> str:
        """See `Cite`; raises `UnknownMetric`."""
        citation = Citation(
            citable(name).name,
            self.scope,
            Period(start, end),
            self.settings,
            self.currency,
            self.as_of,
            at,
            given=tuple(given),
        )
        return self.codec.encode(citation)


class Metrics:
    """Metrics and named queries of any brand; the key of citations is read when the first number is asked for.

    A number that is recomputed is asked of `recomputing`, where that is another warehouse than one that keeps answers.
    """

    def __init__(self, warehouse: Warehouse, secrets: SecretStore, *, recomputing: Warehouse | None = None) -> None:
        self._warehouse = warehouse
        self._recomputing = recomputing or warehouse
        self._secrets = secrets
        self._codec: CitationCodec | None = None

    async def codec(self) -> CitationCodec:
        """Writes and reads the deployment's citations; raises `EngineUnavailable`."""
        if self._codec is None:
            self._codec = await open_codec(self._secrets)
        return self._codec

    async def query(
        self, scope: TenantContext, name: str, *, as_of: datetime | None = None, **parameters: QueryValue
    ) -> list[Row]:
        """The rows of a named query; see `run_named_query`."""
        return await run_named_query(self._warehouse, scope, name, as_of=as_of, **parameters)

    async def measure(
        self,
        scope: TenantContext,
        metrics: Sequence[str],
        *,
        period: Period,
        settings: MetricSettings,
        by: Sequence[str] = (),
        where: Mapping[str, QueryValue] | None = None,
        currency: str | None = None,
        as_of: datetime | None = None,
    ) -> Measurement:
        """Metrics of a brand over a period, in groups of `by`; see `measure_all` of `metrics/query.py`."""
        return await measure(
            self._warehouse,
            await self.codec(),
            scope,
            metrics,
            period=period,
            settings=settings,
            by=by,
            where=where,
            currency=currency,
            as_of=as_of,
        )

    async def measure_all(
        self,
        scope: TenantContext,
        breakdowns: Sequence[Breakdown],
        *,
        settings: MetricSettings,
        currency: str | None = None,
        as_of: datetime | None = None,
    ) -> tuple[Measurement, ...]:
        """Several breakdowns out of one snapshot; see `measure_all` of `metrics/query.py`."""
        return await measure_all(
            self._warehouse,
            await self.codec(),
            scope,
            breakdowns,
            settings=settings,
            currency=currency,
            as_of=as_of,
        )

    async def citing(
        self, scope: TenantContext, *, settings: MetricSettings, as_of: datetime, currency: str | None = None
    ) -> Citing:
        """Makes the fact ids of numbers at hand, as they were true at `as_of`; raises `EngineUnavailable`."""
        return Citing(await self.codec(), scope, settings, currency, as_of)

    async def recompute(self, scope: TenantContext, fact_id: str, kept_settings: KeptSettings) -> Explained:
        """The number behind a fact id; see `recompute` of `metrics/explain.py`."""
        return await recompute(self._recomputing, await self.codec(), scope, fact_id, kept_settings)
