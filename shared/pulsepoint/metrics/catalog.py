"""THE metric catalog: each number's one definition, with its formula, unit and grain.

Dashboard, alerts, exports, assistants and the API all ask these metrics through `metrics/query.py`. A metric is
either summed over the rows of one source, or the ratio of two such sums within one scope (never an average of rows).
Revenue in Shopify's words:
https://help.shopify.com/en/manual/reports-and-analytics/shopify-reports/report-types/default-reports/sales-reports
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from pulsepoint.errors import PermanentError
from pulsepoint.metrics.definitions import ALIASES, DEFINITIONS, Metric, Ratio, Sum
from pulsepoint.metrics.sources import SOURCES

METRICS: dict[str, Metric] = {metric.name: metric for metric in DEFINITIONS}
BY_NUMBER: dict[int, Metric] = {metric.number: metric for metric in DEFINITIONS}


class UnknownMetric(PermanentError):
    """No such metric, or it cannot be broken down that way; the message says what there is."""

    reason = "unknown_metric"


def metric(name: str) -> Metric:
    """The metric of that name, or of a name it had once; raises `UnknownMetric`."""
    definition = METRICS.get(ALIASES.get(name, name))
    if definition is None:
        raise UnknownMetric(f"no metric is named {name!r}; see the metric catalog")
    return definition


@cache
def sums_of(name: str) -> tuple[Sum, ...]:
    """The sums a metric is made of: itself, or its numerator and denominator; raises `UnknownMetric`."""
    definition = metric(name)
    if isinstance(definition, Sum):
        return (definition,)
    parts = metric(definition.numerator), metric(definition.denominator)
    return tuple(part for part in parts if isinstance(part, Sum))


@cache
def dimensions_of(name: str) -> frozenset[str]:
    """The ways a metric can be broken down: those its sources share; raises `UnknownMetric`."""
    return frozenset.intersection(*(SOURCES[part.source].all_dimensions for part in sums_of(name)))


def ratio_of(name: str, numerator: int | None, denominator: int | None) -> int | None:
    """A ratio of the catalog over sums at hand, in its unit, rounded half to even.

    `ratio_of("aov", sold_value, orders)` is micros. None where there is nothing to divide by. Raises `UnknownMetric`
    for a metric that is no ratio.
    """
    definition = metric(name)
    if not isinstance(definition, Ratio):
        raise UnknownMetric(f"{name} is no ratio")
    return divided(numerator, denominator, definition.scale, floor=definition.floor)


def divided(numerator: int | None, denominator: int | None, scale: int, *, floor: int | None = None) -> int | None:
    """`numerator * scale / denominator`, rounded half to even, at least `floor`.

    None where there is nothing to divide by.
    """
    if numerator is None or not denominator:
        return None
    ratio = round(Fraction(numerator * scale, denominator))
    return ratio if floor is None else max(ratio, floor)


def catalog() -> list[dict[str, object]]:
    """Every metric that is shown to people, as plain data."""
    return [
        {
            "name": each.name,
            "formula": each.formula,
            "unit": each.unit.value,
            "dimensions": sorted(dimensions_of(each.name)),
            "sources": sorted({part.source for part in sums_of(each.name)}),
        }
        for each in DEFINITIONS
        if each.listed
    ]
