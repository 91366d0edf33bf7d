"""`…/performance`, `GET /api/metrics` and `GET /api/facts/{fact_id}`: the metric catalog for programs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from gateway.bootstrap import Ports
from gateway.domain.brands import Brand
from gateway.domain.dashboard import decimal, readable
from gateway.domain.identity import Person
from gateway.domain.periods import period
from gateway.endpoints.access import PersonOf, PortsOf, own_brand
from gateway.endpoints.language import TextsOf
from gateway.endpoints.parameters import EndDate, MeasuringOf, StartDate
from gateway.endpoints.performance_views import ExcludedView, QuarantinedDayView, excluded_view, left_out_view
from gateway.endpoints.problems import PROBLEMS
from gateway.use_cases.performance import foreign_money
from pulsepoint.brand.sentences import note_text
from pulsepoint.brand.texts import Texts
from pulsepoint.brand.vocabulary import Unit
from pulsepoint.errors import MalformedInput
from pulsepoint.metrics import earlier_ids
from pulsepoint.metrics.basis import MetricSettings
from pulsepoint.metrics.catalog import catalog, metric
from pulsepoint.metrics.definitions import CATALOG_VERSION
from pulsepoint.metrics.explain import Explained, Read

router = APIRouter(prefix="/api", tags=["metrics"], responses=PROBLEMS)
MAX_METRICS = 20


class MetricView(BaseModel):
    """One metric's definition; `dimensions` are what it can be broken down by. Formulas are told in English."""

    name: str
    label: str
    formula: str
    unit: Unit
    dimensions: list[str]
    sources: list[str]

    @classmethod
    def of(cls, definition: Mapping[str, object], words: Texts) -> MetricView:
        """The view of a definition as plain data, named in the language of `words`."""
        return cls.model_validate({**definition, "label": words.say(f"metric.{definition['name']}")})


class Metrics(BaseModel):
    """The metric catalog."""

    version: int
    metrics: list[MetricView]


class NumberView(BaseModel):
    """A number in the unit people read, and the id that recomputes it."""

    value: float | int | None
    fact_id: str


class PerformanceRow(BaseModel):
    """The numbers of one group; `at` names the group by its dimensions."""

    at: dict[str, date | str | None]
    numbers: dict[str, NumberView]


class Performance(BaseModel):
    """The measurement; `excluded` is money in other currencies, part of no number.

    `left_out` are the days whose ad spend is in quarantine, where spend was asked for. `partial` are the metrics that
    rest in part on a guess, because the shop's history is not whole.
    """

    start_date: date
    end_date: date
    timezone: str
    currency: str | None
    as_of: datetime | None
    rows: list[PerformanceRow]
    excluded: list[ExcludedView]
    left_out: list[QuarantinedDayView]
    partial: list[str]
    notes: list[str]


class BehindView(BaseModel):
    """The first rows of one source that a number sums, and how many there are."""

    source: str
    total_rows: int
    rows: list[dict[str, object]]


class InputView(BaseModel):
    """A number that another is worked out of; without `fact_id` it stands in the citation itself: a setting, a rule's
    length of days, or what was counted once.
    """

    name: str
    label: str
    value: float | int | None
    unit: Unit
    currency: str | None
    fact_id: str | None

    @classmethod
    def of(cls, read: Read, words: Texts) -> InputView:
        """The view of an input, named in the language of `words`."""
        figure = read.figure
        return cls(
            name=read.name,
            label=words.say(f"given.{read.name}" if read.metric is None else f"metric.{read.metric}"),
            value=readable(figure),
            unit=figure.unit,
            currency=figure.currency,
            fact_id=figure.fact_id,
        )


class FactView(BaseModel):
    """A number computed again, with all it depends on: rows that it sums, or `inputs` that it is worked out of.

    `calculation` is the formula with the values of the inputs, null where there are none; `left_out` and `notes` as
    where it was first shown. `partial` where it rests in part on a guess, because the shop's history is not whole.
    """

    fact_id: str
    metric: str
    label: str
    formula: str
    unit: Unit
    value: float | int | None
    brand_id: UUID
    start_date: date
    end_date: date
    timezone: str
    currency: str | None
    model: str
    cancelled_orders: str
    date_basis: str
    as_of: datetime | None
    at: dict[str, date | str | None]
    behind: list[BehindView]
    left_out: list[QuarantinedDayView]
    partial: bool
    notes: list[str]
    inputs: list[InputView]
    calculation: str | None

    @classmethod
    def of(cls, fact_id: str, explained: Explained, words: Texts) -> FactView:
        """The view of a number that was computed again, its notes in the language of `words`."""
        citation, settings = explained.citation, explained.citation.settings
        return cls(
            fact_id=fact_id,
            metric=citation.metric,
            label=words.say(f"metric.{citation.metric}"),
            formula=explained.formula,
            unit=explained.unit,
            value=decimal(explained.value, explained.unit),
            brand_id=citation.scope.brand_id,
            start_date=citation.period.start,
            end_date=citation.period.end,
            timezone=settings.timezone,
            currency=citation.currency,
            model=settings.model,
            cancelled_orders=settings.cancelled_orders,
            date_basis=settings.date_basis,
            as_of=citation.as_of,
            at={**citation.at, **dict.fromkeys(explained.lost, words.say("fact.lost"))},
            behind=[
                BehindView(source=b.source, total_rows=b.total_rows, rows=[dict(r) for r in b.rows])
                for b in explained.behind
            ],
            left_out=left_out_view(explained.left_out),
            partial=explained.partial,
            notes=[note_text(note, words) for note in explained.notes],
            inputs=[InputView.of(read, words) for read in explained.inputs],
            calculation=explained.calculation(words.wording),
        )


@router.get("/metrics")
async def list_metrics(person: PersonOf, words: TextsOf) -> Metrics:
    """Every metric with its formula."""
    return Metrics(version=CATALOG_VERSION, metrics=[MetricView.of(each, words) for each in catalog()])


@router.get("/brands/{brand_id}/performance")
async def read_performance(
    measuring: MeasuringOf,
    ports: PortsOf,
    words: TextsOf,
    metrics: Annotated[str, Query(max_length=1000, description="names, separated by commas")] = "net_revenue,spend",
    by: Annotated[str, Query(max_length=200, description="dimensions, separated by commas")] = "",
    start_date: StartDate = None,
    end_date: EndDate = None,
) -> Performance:
    """Any metrics broken down any way they share."""
    names, dimensions = _names(metrics), _names(by)
    if not names or len(names) > MAX_METRICS:
        raise MalformedInput(f"ask for 1 to {MAX_METRICS} metrics")
    days = period(start_date, end_date, measuring.brand.settings, measuring.basis.as_of or ports.clock.now())
    measurement = await measuring.measure(names, days, dimensions)
    rows = [
        PerformanceRow(
            at=dict(row.at),
            numbers={
                name: NumberView(value=decimal(number.value, metric(name).unit), fact_id=number.fact_id)
                for name, number in row.numbers.items()
            },
        )
        for row in measurement.rows
    ]
    return Performance(
        start_date=days.start,
        end_date=days.end,
        timezone=measuring.brand.settings.timezone,
        currency=measurement.currency,
        as_of=measurement.as_of,
        rows=rows,
        excluded=excluded_view(foreign_money(measuring, days, measurement)),
        left_out=left_out_view(measurement.left_out),
        partial=list(measurement.partial),
        notes=[note_text(note, words) for note in measurement.notes],
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in (part.strip() for part in text.split(",")) if name))


@router.get("/facts/{fact_id}")
async def read_fact(
    fact_id: Annotated[str, Path(max_length=4000, pattern="^[A-Za-z0-9_-]+$")],
    person: PersonOf,
    ports: PortsOf,
    words: TextsOf,
) -> FactView:
    """A number computed again from the facts known when it was first computed, and the rows or numbers behind it."""
    brand = await own_brand(await _brand_of(fact_id, person, ports), person, ports)
    kept = partial(_kept_settings, ports, person, brand)
    explained = await ports.metrics.recompute(person.scope.brand(brand.brand_id), fact_id, kept)
    return FactView.of(fact_id, explained, words)


async def _brand_of(fact_id: str, person: Person, ports: Ports) -> UUID:
    """The brand a fact id says it is of, before it is trusted; raises `MalformedInput`, `AccessDenied`."""
    if earlier_ids.is_earlier(fact_id):
        return earlier_ids.brand_of(fact_id)
    brands = await ports.identity_store.brands(person.scope)
    codec = await ports.metrics.codec()
    return codec.brand_of(fact_id, [person.scope.brand(brand.brand_id) for brand in brands]).brand_id


async def _kept_settings(ports: Ports, person: Person, brand: Brand, version: int) -> MetricSettings | None:
    """The brand's settings of a version; None where they are not kept."""
    if version == brand.version:
        return MetricSettings.of(brand.settings, version)
    kept = await ports.identity_store.kept_settings(person.scope, brand.brand_id, version)
    return None if kept is None else MetricSettings.of(kept, version)
