"""Handlers and their outcomes.

A handler is `async (reader, event) -> Outcome`. It does no I/O but through its reader, so it can be run
again on a conflict. The runtime does the rest: decode, verify, trace, commit, append, publish, acknowledge.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol

from typing_extensions import TypeVar

from pulsepoint.events.envelope import Event, Message, P
from pulsepoint.metrics.access import Citing
from pulsepoint.metrics.basis import MetricSettings, Period
from pulsepoint.metrics.query import Breakdown, Measurement
from pulsepoint.ports.document_store import Document, FactRow, StoredEffect, Write
from pulsepoint.tenancy import TenantContext
from pulsepoint.values import Columns, JsonObject, QueryValue, Row


@dataclass(frozen=True, slots=True)
class Effect:
    """Work to run after the commit: `kind` names an entry of the service's EFFECTS.

    `key` makes it single: while one with the same (scope, kind, key) is pending, another is dropped. `delay` is
    wall time. `scope` defaults to the handled event's.
    """

    kind: str
    key: str
    data: JsonObject
    delay: timedelta = timedelta()
    scope: TenantContext | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything one event changes; committed, appended and published in one order of steps.

    Events are made with `reader.event(...)`, facts with `reader.fact(...)`.
    """

    facts: Sequence[FactRow] = ()
    writes: Sequence[Write] = ()
    events: Sequence[Event] = ()
    effects: Sequence[Effect] = ()
    messages: Sequence[Message] = ()
    """Already encoded messages, published as they are: replays of held ones."""


NOTHING = Outcome()


class Reader(Protocol):
    """A handler's inputs: its service's documents, the warehouse through named queries, the clock."""

    scope: TenantContext
    service: str

    async def get(self, collection: str, id: str, *, scope: TenantContext | None = None) -> Document | None:
        """See `Transaction.get`."""
        ...

    async def get_many(
        self, keys: Sequence[tuple[str, str]], *, scope: TenantContext | None = None
    ) -> list[Document | None]:
        """See `Transaction.get_many`."""
        ...

    async def find(
        self, collection: str, where: dict[str, str] | None = None, *, limit: int = 1000, after: str = ""
    ) -> list[Document]:
        """See `Transaction.find`."""
        ...

    async def query(self, name: str, **parameters: QueryValue) -> list[Row]:
        """Rows of a named query of `pulsepoint.metrics.named_queries` within the reader's brand."""
        ...

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
        """Metrics of the catalog over a period of the reader's brand, in groups of `by`; each number has a `fact_id`.

        They are those of the current rows. Money of several currencies is refused, unless `currency` names one or
        `by` holds `currency`. Raises `UnknownMetric`, and `PermanentError` for sums that mean nothing.
        """
        ...

    async def measure_all(
        self, breakdowns: Sequence[Breakdown], *, settings: MetricSettings, currency: str | None = None
    ) -> tuple[Measurement, ...]:
        """Several breakdowns out of one snapshot, in the order asked for; see `measure`."""
        ...

    async def citing(
        self, *, settings: MetricSettings, currency: str | None = None, as_of: datetime | None = None
    ) -> Citing:
        """A `Cite`: makes the fact ids of numbers that are at hand already.

        `as_of` is the moment they were true at; by default now. `currency` is what their money is in.
        """
        ...

    def now(self) -> datetime:
        """Wall time (UTC)."""
        ...

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
        """An event of this service about `entity`, in the trace being handled."""
        ...

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
        """A row of `table`: `columns` plus fact_id, brand_id, entity, version, digest, recorded_at.

        Views show, for each entity, the rows of the highest (version, precedence, digest). A snapshot of several
        rows shares entity and those three, and tells its rows apart by `part`. `digest` defaults to the
        columns' own.
        """
        ...


Result = TypeVar("Result", default=Any)

Run = Callable[[Any, StoredEffect], Awaitable[Result]]
"""`async (ports, effect) -> JSON-able result`: the only place that touches the outside."""

OnSuccess = Callable[[Reader, StoredEffect, Result], Awaitable[Outcome]]
"""`async (reader, effect, result) -> Outcome`: what the result means, in a transaction."""

GiveUp = Callable[[Reader, StoredEffect, Exception], Awaitable[Outcome]]
"""`async (reader, effect, error) -> Outcome`: what to record when a run failed; the effect stays due again."""

NamesOf = Callable[[StoredEffect, Exception], Mapping[str, str]]
"""`(effect, error) -> names`: what people are told of the last error where it was given up, as `Failure.names_of`."""


@dataclass(frozen=True, slots=True)
class EffectDefinition(Generic[Result]):
    """One kind of effect. A tick has no `run`: only `on_success`, in a transaction.

    A failed run is retried with back-off from `first_retry` to `last_retry` seconds (or as the vendor's
    `retry_after` says); `on_failure` commits what people should know after each failure. After
    `max_attempts` it is given up: a dead letter, listed with `names_of_failure` and replayable. While the tenant is
    suspended it waits, unless it `goes_on_suspended`.
    """

    on_success: OnSuccess[Result]
    run: Run[Result] | None = None
    on_failure: GiveUp | None = None
    names_of_failure: NamesOf | None = None
    timeout: float = 30.0
    first_retry: float = 5.0
    last_retry: float = 900.0
    max_attempts: int = 20
    goes_on_suspended: bool = False
