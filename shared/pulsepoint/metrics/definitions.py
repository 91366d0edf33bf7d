"""Each metric's one definition: number, name, formula, unit, and what it sums or divides.

Its name for people is the text `metric.<name>` of the catalog of texts; formulas are told in English.
"""

from __future__ import annotations

from dataclasses import dataclass

from pulsepoint.brand.vocabulary import CancelledOrders, Channel, EntryKind, Evidence, Platform, Unit
from pulsepoint.brand.words import sql_list
from pulsepoint.metrics.quarantined_days import CHANNEL_DAY, SHOP_DAY
from pulsepoint.money import MICROS

CATALOG_VERSION = 3
"""Raised whenever a formula changes; then `since` of the metric is this number."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A metric summed over its source's rows; `expression` is an aggregate in BigQuery's dialect.

    `number` stands for the metric in citations and is never used again. `absent` is its value where there are no
    rows: 0 for what we count ourselves, None for what was not asked for. `claimed` marks what an ad platform claims:
    never summed over platforms or over mixed attribution windows. `since` is the catalog's version that changed its
    formula last. `part_of` is the sum that it leaves some days out of. Money is in micros, `micro_count`, `ratio` and
    `days` are in millionths.
    """

    number: int
    name: str
    formula: str
    unit: Unit
    source: str
    expression: str
    absent: int | None = 0
    claimed: bool = False
    listed: bool = True
    since: int = 1
    part_of: str | None = None


@dataclass(frozen=True, slots=True)
class Ratio:
    """Sum of `numerator` ÷ sum of `denominator`, times `scale`, at least `floor`; None where there is nothing to
    divide by.
    """

    number: int
    name: str
    formula: str
    unit: Unit
    numerator: str
    denominator: str
    scale: int
    floor: int | None = None
    listed: bool = True
    since: int = 1


Metric = Sum | Ratio

_MONEY, _COUNT, _MICRO_COUNT, _RATIO, _DAYS = Unit.MONEY, Unit.COUNT, Unit.MICRO_COUNT, Unit.RATIO, Unit.DAYS
_SALE = f"'{EntryKind.SALE}'"
_SOLD = sql_list((EntryKind.SALE, EntryKind.EDIT))
_NOBODY = f"channel = '{Channel.UNATTRIBUTED}'"
_TRACED = f"channel IN ({sql_list(channel for channel in Channel if channel.is_tagged)})"
_FROM_OUTSIDE = f"channel <> '{Channel.DIRECT}' AND evidence <> '{Evidence.DISCOUNT_CODE}'"
_NOTED = f"CONCAT(',', evidence, ',') LIKE '%,{Evidence.NOTE_ATTRIBUTES},%'"
_FROM_ADS = f"paid AND channel IN ({sql_list(Platform)})"

GUESSED_CUSTOMERS = "guessed_new_customers"
"""The sum that says how much of `new_customers` is a guess."""

_SALES: tuple[Metric, ...] = (
    Sum(1, "gross_sales", "price × quantity of orders that count, without tax", _MONEY, "sales",
        "SUM(gross_micros)"),
    Sum(2, "discounts", "discounts on those orders", _MONEY, "sales", "SUM(discount_micros)"),
    Sum(3, "returns", "refunds and cancellations, without tax and shipping, on their own date", _MONEY,
        "sales", f"-SUM(IF(kind IN ({_SOLD}), 0, net_micros))"),
    Sum(4, "net_revenue", "gross sales − discounts − returns", _MONEY, "sales", "SUM(net_micros)"),
    Sum(5, "orders", "orders that count; test and deleted ones do not", _COUNT, "sales",
        f"COUNTIF(kind = {_SALE})"),
    Sum(6, "sold_value", "gross sales − discounts", _MONEY, "sales",
        f"SUM(IF(kind IN ({_SOLD}), net_micros, 0))", listed=False),
    Sum(7, "units", "quantities of the lines of those orders, before returns", _COUNT, "lines",
        "SUM(quantity)"),
    Sum(8, "new_customers", "customers whose first order that counts falls in the period, as the shop "
        "says, else the first that is known", _COUNT, "customers", "COUNT(*)"),
    Sum(54, GUESSED_CUSTOMERS, "new customers of whom only the first order that is known "
        "says so", _COUNT, "customers",
        f"SUM(IF({CancelledOrders.dropping()}, guessed_kept, guessed))", listed=False),
    Sum(48, "comparable_revenue", "net revenue of days whose ad spend is known",
        _MONEY, "sales", f"SUM(IF({SHOP_DAY}, 0, net_micros))", listed=False, part_of="net_revenue"),
    Sum(49, "comparable_new_customers",
        "new customers of days whose ad spend is known", _COUNT, "customers", f"COUNTIF(NOT {SHOP_DAY})", listed=False),
    Ratio(25, "aov", "(gross sales − discounts) ÷ orders", _MONEY, "sold_value", "orders", 1),
)  # fmt: skip

_ADS: tuple[Metric, ...] = (
    Sum(9, "spend", "cost as the platforms report it, of days that add up to the account's total", _MONEY,
        "ads", "SUM(spend_micros)"),
    Sum(10, "impressions", "times an ad was shown, as the platforms report it", _COUNT, "ads",
        "SUM(impressions)", absent=None),
    Sum(11, "clicks", "clicks as the platforms report them", _COUNT, "ads", "SUM(clicks)", absent=None),
    Sum(12, "platform_conversions", "purchases one platform claims, in one attribution window",
        _MICRO_COUNT, "ads", "SUM(conversions_micros)", absent=None, claimed=True),
    Sum(13, "platform_value", "purchase value one platform claims, in one attribution window", _MONEY,
        "ads", "SUM(conversion_value_micros)", absent=None, claimed=True),
    Sum(14, "clicked_spend", "spend of ad-days whose clicks were asked for", _MONEY, "ads",
        "SUM(IF(clicks IS NULL, NULL, spend_micros))", absent=None, listed=False),
    Sum(15, "shown_clicks", "clicks of ad-days whose impressions were asked for",
        _COUNT, "ads", "SUM(IF(impressions IS NULL, NULL, clicks))", absent=None, listed=False),
    Sum(16, "clicked_impressions",
        "impressions of ad-days whose clicks were asked for", _COUNT, "ads",
        "SUM(IF(clicks IS NULL, NULL, impressions))", absent=None, listed=False),
    Sum(17, "valued_spend", "spend of ad-days whose claimed value was asked for", _MONEY,
        "ads", "SUM(IF(conversion_value_micros IS NULL, NULL, spend_micros))", absent=None, claimed=True,
        listed=False),
    Sum(50, "comparable_spend", "spend of days on which that of every account is known",
        _MONEY, "ads", f"SUM(IF({SHOP_DAY}, 0, spend_micros))", listed=False, part_of="spend"),
    Sum(51, "comparable_ad_spend",
        "spend of days on which that of the platform, or of the account asked for, is known", _MONEY, "ads",
        f"SUM(IF({CHANNEL_DAY}, 0, spend_micros))", listed=False, part_of="spend"),
    Sum(42, "spend_days", "days on which anything was spent", _COUNT, "ads",
        "COUNT(DISTINCT IF(spend_micros > 0, day, NULL))", listed=False),
    Ratio(43, "daily_spend", "Σ ad spend ÷ days on which anything was spent", _MONEY, "spend",
          "spend_days", 1),
    Ratio(29, "cpc", "Σ spend ÷ Σ clicks, of ad-days whose clicks were asked for", _MONEY,
          "clicked_spend", "clicks", 1),
    Ratio(30, "ctr", "Σ clicks ÷ Σ impressions, of ad-days where both were asked for", _RATIO,
          "shown_clicks", "clicked_impressions", MICROS),
    Ratio(31, "claimed_roas", "Σ value one platform claims ÷ Σ its spend, in one attribution window",
          _RATIO, "platform_value", "valued_spend", MICROS),
)  # fmt: skip

_CREDITS: tuple[Metric, ...] = (
    Sum(18, "attributed_revenue", "net revenue the model credits to a touch", _MONEY, "credits",
        f"SUM(IF({_NOBODY}, 0, revenue_micros))"),
    Sum(19, "unattributed_revenue", "net revenue the model credits to no touch", _MONEY,
        "credits", f"SUM(IF({_NOBODY}, revenue_micros, 0))"),
    Sum(20, "ad_revenue", "net revenue the model credits to paid touches of the ad platforms",
        _MONEY, "credits", f"SUM(IF({_FROM_ADS}, revenue_micros, 0))"),
    Sum(21, "attributed_orders", "orders of which the model credits some part to a touch", _COUNT,
        "credits", f"COUNT(DISTINCT IF({_NOBODY} OR entry_kind <> {_SALE}, NULL, order_id))"),
    Sum(22, "unattributed_orders", "orders the model credits to no touch", _COUNT, "credits",
        f"COUNT(DISTINCT IF({_NOBODY} AND entry_kind = {_SALE}, order_id, NULL))"),
    Sum(33, "ad_orders", "orders the model credits in part to paid touches of the ad platforms",
        _COUNT, "credits", f"COUNT(DISTINCT IF({_FROM_ADS} AND entry_kind = {_SALE}, order_id, NULL))"),
    Sum(34, "paid_revenue", "net revenue the model credits to paid touches", _MONEY,
        "credits", "SUM(IF(paid, revenue_micros, 0))", listed=False),
    Sum(35, "paid_credits", "sales, refunds and cancellations credited to paid touches",
        _COUNT, "credits", "COUNTIF(paid)", listed=False),
    Sum(44, "credited_orders", "orders that were attributed", _COUNT, "credits",
        f"COUNT(DISTINCT IF(entry_kind = {_SALE}, order_id, NULL))", listed=False),
    Sum(45, "traced_orders", "orders credited in part to a visit by a tagged link: of an ad, an "
        "e-mail, a message or a partner", _COUNT, "credits",
        f"COUNT(DISTINCT IF({_TRACED} AND entry_kind = {_SALE}, order_id, NULL))"),
    Ratio(46, "traced_share", "Σ traced orders ÷ Σ attributed orders", _RATIO,
          "traced_orders", "credited_orders", MICROS),
    Sum(52, "comparable_ad_revenue", "revenue from ads of days on which the "
        "spend of the platform, or of the account asked for, is known", _MONEY, "credits",
        f"SUM(IF({_FROM_ADS} AND NOT {CHANNEL_DAY}, revenue_micros, 0))", listed=False, part_of="ad_revenue"),
    Sum(53, "comparable_ad_orders", "orders from ads of days on which the spend "
        "of the platform, or of the account asked for, is known", _COUNT, "credits",
        f"COUNT(DISTINCT IF({_FROM_ADS} AND entry_kind = {_SALE} AND NOT {CHANNEL_DAY}, order_id, NULL))",
        listed=False),
    Sum(36, "campaign_weight",
        "Σ cents of a line × ten-thousandths of its order's sale that the model credits to the campaign", _COUNT,
        "credited_items", "SUM(weight)", listed=False),
)  # fmt: skip

_TOUCHES: tuple[Metric, ...] = (
    Sum(60, "seen_orders", "orders to which a visit leads that did not come directly",
        _COUNT, "touches", f"COUNT(DISTINCT IF({_FROM_OUTSIDE}, order_id, NULL))"),
    Sum(61, "noted_orders", "of these, orders of whose visits the shop's own pixel wrote "
        "something into the note attributes", _COUNT, "touches",
        f"COUNT(DISTINCT IF({_FROM_OUTSIDE} AND {_NOTED}, order_id, NULL))"),
    Ratio(62, "noted_share", "Σ orders the pixel saw ÷ Σ orders by a visit from "
          "outside", _RATIO, "noted_orders", "seen_orders", MICROS),
)  # fmt: skip

_BOTH_SIDES = "; days whose ad spend does not add up to the account's total are left out on both sides"
_ACROSS: tuple[Metric, ...] = (
    Ratio(26, "attributed_roas", f"Σ revenue from ads ÷ Σ ad spend{_BOTH_SIDES}", _RATIO,
          "comparable_ad_revenue", "comparable_ad_spend", MICROS, since=3),
    Ratio(27, "blended_roas", f"Σ net revenue ÷ Σ ad spend{_BOTH_SIDES}", _RATIO, "comparable_revenue",
          "comparable_spend", MICROS, since=3),
    Ratio(28, "cac", f"Σ ad spend ÷ new customers (known ones only){_BOTH_SIDES}", _MONEY,
          "comparable_spend", "comparable_new_customers", 1, since=3),
    Ratio(80, "attributed_roas_to_2", "Σ revenue from ads ÷ Σ ad spend", _RATIO, "ad_revenue",
          "spend", MICROS, listed=False),
    Ratio(81, "blended_roas_to_2", "Σ net revenue ÷ Σ ad spend", _RATIO, "net_revenue", "spend",
          MICROS, listed=False),
    Ratio(82, "cac_to_2", "Σ ad spend ÷ new customers (known ones only)", _MONEY, "spend",
          "new_customers", 1, listed=False),
)  # fmt: skip

_STOCK: tuple[Metric, ...] = (
    Sum(23, "available_units", "units available to sell now", _COUNT, "stock", "SUM(available)"),
    Sum(24, "velocity", "units sold a day over the days in stock", _MICRO_COUNT, "stock",
        "SUM(velocity_micros)"),
    Ratio(32, "days_of_cover", "Σ units available ÷ Σ velocity, never below zero", _DAYS,
          "available_units", "velocity", MICROS * MICROS, floor=0),
    Sum(47, "tracked_variants", "variants whose stock the shop counts", _COUNT, "stock",
        "COUNT(*)"),
    Sum(37, "variants", "variants as they were judged last", _COUNT, "variants", "COUNT(*)"),
    Sum(38, "spend_at_risk", "daily spend of the campaigns that sell what is running out, by each "
        "variant's share of what they sell", _MONEY, "variants", "SUM(spend_at_risk_micros)"),
    Sum(39, "level_units", "units available at the shop's locations, as last counted", _COUNT,
        "levels", "SUM(available)", absent=None, listed=False),
    Sum(55, "incoming_units", "units ordered from suppliers that have not arrived, where the "
        "shop says so", _COUNT, "stock", "SUM(incoming)", absent=None),
    Sum(56, "level_incoming", "units on their way to the shop's locations, as last "
        "told, less what has come since", _COUNT, "incoming", "SUM(incoming)", absent=None, listed=False),
    Sum(40, "days_in_stock", "days on which an item had units available at any time, over its "
        "locations together; days before its first count too", _COUNT, "stock_days", "SUM(days_in_stock)",
        listed=False),
    Sum(41, "days_unknown", "days of those in stock before an item was first counted",
        _COUNT, "stock_days", "SUM(days_unknown)", listed=False),
    Sum(70, "window_units", "units sold in the window that velocity is of",
        _COUNT, "stock", "SUM(units_sold)", listed=False),
    Sum(71, "window_days_in_stock", "days of that window on which the variant "
        "was in stock; days before its first count too", _COUNT, "stock", "SUM(days_in_stock)", listed=False),
    Sum(72, "window_days_unknown",
        "days of those in stock before the variant was first counted", _COUNT, "stock", "SUM(days_unknown)",
        listed=False),
    Sum(75, "units_left", "units available to sell now; none where more were sold than there were",
        _COUNT, "stock", "SUM(GREATEST(available, 0))", listed=False),
    Sum(76, "units_coming", "units on their way; none where the shop does not say", _COUNT, "stock",
        "SUM(COALESCE(incoming, 0))", listed=False),
)  # fmt: skip

_QUARANTINED: tuple[Metric, ...] = (
    Sum(73, "account_total", "what the ad account says was spent on days that are not counted, "
        "in the account's currency", _MONEY, "quarantined_days", "SUM(account_spend_micros)", listed=False),
    Sum(74, "campaigns_total", "what its campaigns say was spent on these days, in the "
        "account's currency", _MONEY, "quarantined_days", "SUM(campaign_spend_micros)", listed=False),
)  # fmt: skip

DEFINITIONS: tuple[Metric, ...] = (*_SALES, *_ADS, *_CREDITS, *_TOUCHES, *_ACROSS, *_STOCK, *_QUARANTINED)

EARLIER = {"attributed_roas": "attributed_roas_to_2", "blended_roas": "blended_roas_to_2", "cac": "cac_to_2"}
"""The definitions that metrics had until catalog 2: citations of then are opened by them."""

ALIASES = {"roas": "attributed_roas", "mer": "blended_roas", "platform_roas": "claimed_roas"}
"""Names that metrics had once: still answered, no longer listed."""
