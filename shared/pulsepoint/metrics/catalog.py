"""THE metric catalog: each number's one definition, with its formula, unit and grain.

Dashboard, alerts, exports, assistants and the API all ask these metrics through `metrics/query.py`. A metric is
either summed over the rows of one source, or the ratio of two such sums within one scope (never an average of rows).
Revenue in Shopify's words:
https://help.shopify.com/en/manual/reports-and-analytics/shopify-reports/report-types/default-reports/sales-reports
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pulsepoint.errors import PermanentError
from pulsepoint.money import MICROS

CATALOG_VERSION = 1
"""Raised whenever a formula changes; fact ids of another version no longer recompute."""

Unit = Literal["money", "count", "micro_count", "ratio", "days"]
"""money: micros of the currency; count: whole; micro_count, ratio, days: millionths."""

AD_PLATFORMS = ("meta", "tiktok", "google")


class UnknownMetric(PermanentError):
    """No such metric, or it cannot be broken down that way; the message says what there is."""

    reason = "unknown_metric"


@dataclass(frozen=True, slots=True)
class Source:
    """Rows a metric sums: a view, what part of it counts, and how its rows fall into dimensions.

    `dimensions` maps a dimension to its SQL expression. `day` is absent where rows are a snapshot of now.
    `currency` is the column that says what money is in, `detail` the columns shown when a number is explained.
    """

    view: str
    where: str
    dimensions: dict[str, str]
    currency: str | None
    detail: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """A metric summed over its source's rows; `expression` is an aggregate in BigQuery's dialect.

    `absent` is its value where there are no rows: 0 for what we count ourselves, None for what was not asked for.
    `claimed` marks what an ad platform claims: never summed over platforms or over mixed attribution windows.
    """

    name: str
    label: str
    formula: str
    unit: Unit
    source: str
    expression: str
    absent: int | None = 0
    claimed: bool = False
    listed: bool = True


@dataclass(frozen=True, slots=True)
class Ratio:
    """Sum of `numerator` ÷ sum of `denominator`, times `scale`; None where the denominator is zero."""

    name: str
    label: str
    formula: str
    unit: Unit
    numerator: str
    denominator: str
    scale: int
    listed: bool = True


Metric = Sum | Ratio

_POLICY = (
    "(@cancelled_orders = 'return' OR (@cancelled_orders = 'exclude' AND cancelled_at IS NULL)"
    " OR (@cancelled_orders = 'keep' AND {kept}))"
)
_SALES_DAY = "DATE(IF(@date_basis = 'ordered', ordered_at, occurred_at), @timezone)"
_CREDIT_DAY = "DATE(occurred_at, @timezone)"


def _days(day: str) -> dict[str, str]:
    return {"day": day, "month": f"FORMAT_DATE('%Y-%m', {day})"}


_ITEM = {"variant_id": "variant_id", "product_id": "product_id", "sku": "sku"}
_CAMPAIGN = {"channel": "channel", "account_id": "account_id", "campaign_id": "campaign_id", "campaign": "campaign"}

SOURCES: dict[str, Source] = {
    "sales": Source(
        "sales_entries",
        _POLICY.format(kept="kind <> 'cancellation'"),
        {**_days(_SALES_DAY), "kind": "kind"},
        "currency",
        ("order_id", "entry_id", "kind", "occurred_at", "gross_micros", "discount_micros", "net_micros", "currency"),
    ),
    "lines": Source(
        "sold_lines",
        _POLICY.format(kept="TRUE"),
        {**_days(_CREDIT_DAY), **_ITEM},
        "currency",
        ("order_id", "line_id", "sku", "title", "occurred_at", "quantity", "net_micros", "currency"),
    ),
    "customers": Source(
        "first_orders",
        "IF(@cancelled_orders = 'exclude', place_kept, place) = 1",
        _days(_CREDIT_DAY),
        None,
        ("order_id", "subject", "occurred_at"),
    ),
    "ads": Source(
        "unified_performance",
        "source = 'ads'",
        {**_days("day"), **_CAMPAIGN},
        "currency",
        ("day", "channel", "account_id", "campaign_id", "campaign", "spend_micros", "impressions", "clicks",
         "conversions_micros", "conversion_value_micros", "currency", "account_timezone"),
    ),
    "credits": Source(
        "unified_performance",
        "source = 'credits' AND model = @model",
        {**_days(_CREDIT_DAY), **_CAMPAIGN},
        "currency",
        ("order_id", "entry_kind", "occurred_at", "channel", "campaign_id", "campaign", "model", "revenue_micros",
         "currency"),
    ),
    "stock": Source(
        "stock_statuses_current",
        "status <> 'untracked'",
        {**_ITEM, "status": "status"},
        None,
        ("variant_id", "sku", "title", "available", "velocity_micros", "days_in_stock", "status"),
    ),
}  # fmt: skip

_PLATFORMS_SQL = "channel IN ('meta', 'tiktok', 'google')"

_METRICS: tuple[Metric, ...] = (
    Sum("gross_sales", "Gross sales", "price × quantity of orders that count, without tax", "money", "sales",
        "SUM(gross_micros)"),
    Sum("discounts", "Discounts", "discounts on those orders", "money", "sales", "SUM(discount_micros)"),
    Sum("returns", "Returns", "refunds and cancellations, without tax and shipping, on their own date", "money",
        "sales", "-SUM(IF(kind = 'sale', 0, net_micros))"),
    Sum("net_revenue", "Net revenue", "gross sales − discounts − returns", "money", "sales", "SUM(net_micros)"),
    Sum("orders", "Orders", "orders that count; test and deleted ones do not", "count", "sales",
        "COUNTIF(kind = 'sale')"),
    Sum("sold_value", "Sales before returns", "gross sales − discounts", "money", "sales",
        "SUM(IF(kind = 'sale', net_micros, 0))", listed=False),
    Sum("units", "Units sold", "quantities of the lines of those orders, before returns", "count", "lines",
        "SUM(quantity)"),
    Sum("new_customers", "New customers", "customers whose first order that counts falls in the period", "count",
        "customers", "COUNT(*)"),
    Sum("spend", "Ad spend", "cost as the platforms report it, of days that add up to the account's total", "money",
        "ads", "SUM(spend_micros)"),
    Sum("impressions", "Impressions", "times an ad was shown, as the platforms report it", "count", "ads",
        "SUM(impressions)", absent=None),
    Sum("clicks", "Clicks", "clicks as the platforms report them", "count", "ads", "SUM(clicks)", absent=None),
    Sum("platform_conversions", "Conversions claimed", "purchases one platform claims, in one attribution window",
        "micro_count", "ads", "SUM(conversions_micros)", absent=None, claimed=True),
    Sum("platform_value", "Value claimed", "purchase value one platform claims, in one attribution window", "money",
        "ads", "SUM(conversion_value_micros)", absent=None, claimed=True),
    Sum("clicked_spend", "Spend with clicks known", "spend of ad-days whose clicks were asked for", "money", "ads",
        "SUM(IF(clicks IS NULL, NULL, spend_micros))", absent=None, listed=False),
    Sum("shown_clicks", "Clicks with impressions known", "clicks of ad-days whose impressions were asked for",
        "count", "ads", "SUM(IF(impressions IS NULL, NULL, clicks))", absent=None, listed=False),
    Sum("clicked_impressions", "Impressions with clicks known", "impressions of ad-days whose clicks were asked for",
        "count", "ads", "SUM(IF(clicks IS NULL, NULL, impressions))", absent=None, listed=False),
    Sum("valued_spend", "Spend with value known", "spend of ad-days whose claimed value was asked for", "money",
        "ads", "SUM(IF(conversion_value_micros IS NULL, NULL, spend_micros))", absent=None, claimed=True,
        listed=False),
    Sum("attributed_revenue", "Attributed revenue", "net revenue the model credits to a touch", "money", "credits",
        "SUM(IF(channel = 'unattributed', 0, revenue_micros))"),
    Sum("unattributed_revenue", "Unattributed revenue", "net revenue the model credits to no touch", "money",
        "credits", "SUM(IF(channel = 'unattributed', revenue_micros, 0))"),
    Sum("ad_revenue", "Revenue from ads", "net revenue the model credits to paid touches of the ad platforms",
        "money", "credits", f"SUM(IF(paid AND {_PLATFORMS_SQL}, revenue_micros, 0))"),
    Sum("attributed_orders", "Attributed orders", "orders of which the model credits some part to a touch", "count",
        "credits", "COUNT(DISTINCT IF(channel = 'unattributed' OR entry_kind <> 'sale', NULL, order_id))"),
    Sum("unattributed_orders", "Unattributed orders", "orders the model credits to no touch", "count", "credits",
        "COUNT(DISTINCT IF(channel = 'unattributed' AND entry_kind = 'sale', order_id, NULL))"),
    Sum("available_units", "Units available", "units available to sell now", "count", "stock", "SUM(available)"),
    Sum("velocity", "Velocity", "units sold a day over the days in stock", "micro_count", "stock",
        "SUM(velocity_micros)"),
    Ratio("aov", "Average order value", "(gross sales − discounts) ÷ orders", "money", "sold_value", "orders", 1),
    Ratio("roas", "ROAS", "Σ revenue from ads ÷ Σ ad spend", "ratio", "ad_revenue", "spend", MICROS),
    Ratio("mer", "Marketing efficiency (blended ROAS)", "Σ net revenue ÷ Σ ad spend", "ratio", "net_revenue",
          "spend", MICROS),
    Ratio("blended_roas", "Blended ROAS (MER)", "Σ net revenue ÷ Σ ad spend", "ratio", "net_revenue", "spend",
          MICROS),
    Ratio("cac", "Customer acquisition cost", "Σ ad spend ÷ new customers (known ones only)", "money", "spend",
          "new_customers", 1),
    Ratio("cpc", "Cost per click", "Σ spend ÷ Σ clicks, of ad-days whose clicks were asked for", "money",
          "clicked_spend", "clicks", 1),
    Ratio("ctr", "Click-through rate", "Σ clicks ÷ Σ impressions, of ad-days where both were asked for", "ratio",
          "shown_clicks", "clicked_impressions", MICROS),
    Ratio("platform_roas", "ROAS claimed", "Σ value one platform claims ÷ Σ its spend, in one attribution window",
          "ratio", "platform_value", "valued_spend", MICROS),
    Ratio("days_of_cover", "Days of cover", "Σ units available ÷ Σ velocity", "days", "available_units", "velocity",
          MICROS * MICROS),
)  # fmt: skip

METRICS: dict[str, Metric] = {metric.name: metric for metric in _METRICS}


def metric(name: str) -> Metric:
    """The metric of that name; raises `UnknownMetric`."""
    definition = METRICS.get(name)
    if definition is None:
        raise UnknownMetric(f"no metric is named {name!r}; see the metric catalog")
    return definition


def sums_of(name: str) -> tuple[Sum, ...]:
    """The sums a metric is made of: itself, or its numerator and denominator."""
    definition = metric(name)
    if isinstance(definition, Sum):
        return (definition,)
    parts = metric(definition.numerator), metric(definition.denominator)
    return tuple(part for part in parts if isinstance(part, Sum))


def dimensions_of(name: str) -> frozenset[str]:
    """The ways a metric can be broken down: those its sources share."""
    return frozenset.intersection(*(frozenset(SOURCES[part.source].dimensions) for part in sums_of(name)))


def catalog() -> list[dict[str, object]]:
    """Every metric that is shown to people, as plain data."""
    return [
        {
            "name": each.name,
            "label": each.label,
            "formula": each.formula,
            "unit": each.unit,
            "dimensions": sorted(dimensions_of(each.name)),
            "sources": sorted({SOURCES[part.source].view for part in sums_of(each.name)}),
        }
        for each in _METRICS
        if each.listed
    ]
