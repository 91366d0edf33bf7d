"""Numbers that are worked out of other numbers: formula, unit and inputs of each, so that they can be cited too.

A citation of a derived number opens to its formula with the values filled in, and to its inputs. An input is a metric
of the catalog over the same rows (`Input`), measured again when the citation is opened, or `given`: an integer that
stands in the citation itself, such as a brand's setting, a rule's length of days, or what was counted once and is no
sum over rows. A derived number of given ones alone says where its value comes from, and has nothing to measure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from pulsepoint.brand.vocabulary import Unit
from pulsepoint.metrics.basis import Period
from pulsepoint.metrics.catalog import BY_NUMBER, metric
from pulsepoint.metrics.definitions import Metric
from pulsepoint.money import MICROS

Values = Mapping[str, int]
"""Integers of inputs by name; of several inputs of one name their sum."""


@dataclass(frozen=True, slots=True)
class Input:
    """A metric over `period`, under the name that formulas call it by."""

    name: str
    metric: str
    period: Period


@dataclass(frozen=True, slots=True)
class Given:
    """An integer that a citation itself holds, under the name that formulas call it by."""

    name: str
    unit: Unit


@dataclass(frozen=True, slots=True)
class Derived:
    """A number worked out of others; `number` stands for it in citations, never used again and none of a metric's.

    `formula` has the names of inputs in braces. `compute` gets the values, none of them None, and answers an integer
    of `unit`, or None where there is nothing to divide by. `since` is the catalog's version that changed it last.
    """

    number: int
    name: str
    formula: str
    unit: Unit
    compute: Callable[[Values], int | None]
    given: tuple[Given, ...] = ()
    inputs: Callable[[Period, Sequence[int]], tuple[Input, ...]] = lambda period, given: ()
    since: int = 1

    def said(self, words: Mapping[str, str] | None = None) -> str:
        """The formula with `words` for its inputs; with their names where there are none."""
        chosen = words or {}
        return _PLACE.sub(lambda place: chosen.get(place[1], place[1].replace("_", " ")), self.formula)

    def value(self, values: Mapping[str, int | None]) -> int | None:
        """The number for these values; None where one of them is not known."""
        present = {name: value for name, value in values.items() if value is not None}
        return self.compute(present) if len(present) == len(values) else None


_PLACE = re.compile(r"\{(\w+)\}")


def fall_percent(before: int, now: int) -> int:
    """The fall of a positive number in whole percent of what it was, cut; negative where it rose."""
    return (before - now) * 100 // before


def expected_orders(spend: int, spend_before: int, orders_before: int) -> float:
    """Orders that `spend` brings at the rate of the days before; 0.0 where these had no spend."""
    return orders_before * spend / spend_before if spend_before else 0.0


def expected_claims(claimed_before: int, spend: int, spend_before: int) -> float:
    """Purchases (whole ones, of millionths) that a platform would claim of `spend` as it did of the spend before."""
    return claimed_before / MICROS * (spend / (spend_before or 1))


def claims_drop(claimed: int, expected: float) -> int:
    """The fall of claimed purchases (millionths) against those expected, in whole percent, cut; negative for a rise."""
    return int(100 - 100 * claimed / MICROS / expected)


def whole_percent(share: int) -> int:
    """A share in millionths as whole per cents, halves up."""
    return (share * 100 + MICROS // 2) // MICROS


def reorder_units(velocity: int, lead_time: int, review: int, available: int, coming: int) -> int:
    """Units that last through the lead time and until stock is looked at again, less those there and on their way.

    0 where that is enough.
    """
    return max(0, -(-velocity * (lead_time + review) // MICROS) - available - coming)


def part_percent(part: int, whole: int) -> int:
    """A part in whole percent of a positive whole, cut."""
    return part * 100 // whole


def spend_change(daily_spend: int, percent: int) -> int:
    """So many percent of a daily spend, cut towards zero; negative for a negative percent."""
    change = daily_spend * abs(percent) // 100
    return change if percent >= 0 else -change


def cut_percent(roas: int, target: int, smallest: int, largest: int) -> int:
    """The percent of its target that a ROAS lacks, within bounds."""
    return min(largest, max(smallest, (target - max(roas, 0)) * 100 // target))


def _same_days(**metrics: str) -> Callable[[Period, Sequence[int]], tuple[Input, ...]]:
    """Inputs over the days of the citation."""
    return lambda period, given: tuple(Input(name, each, period) for name, each in metrics.items())


def _just_before(period: Period, days: int) -> Period:
    return Period(period.start - timedelta(days=days), period.start - timedelta(days=1))


def _of_roas_drop(period: Period, given: Sequence[int]) -> tuple[Input, ...]:
    before = _just_before(period, given[0])
    return Input("roas", "attributed_roas", period), Input("roas_before", "attributed_roas", before)


def _before(metric: str) -> Callable[[Period, Sequence[int]], tuple[Input, ...]]:
    """A metric over the days before."""
    return lambda period, given: (Input(metric, metric, _just_before(period, given[0])),)


def _of_claims(period: Period, given: Sequence[int]) -> tuple[Input, ...]:
    before = _just_before(period, given[0])
    return (
        Input("claimed_before", "platform_conversions", before),
        Input("spend", "comparable_ad_spend", period),
        Input("spend_before", "comparable_ad_spend", before),
    )


def _of_claims_drop(period: Period, given: Sequence[int]) -> tuple[Input, ...]:
    return Input("claimed", "platform_conversions", period), *_of_claims(period, given)


def _claims_of(values: Values) -> float:
    return expected_claims(values["claimed_before"], values["spend"], values["spend_before"])


def _of_expected_orders(period: Period, given: Sequence[int]) -> tuple[Input, ...]:
    """The spend of the days, and spend and orders of the same weekdays in each of the weeks before."""
    earlier = [
        Period(period.start - timedelta(weeks=week), period.end - timedelta(weeks=week))
        for week in range(1, given[0] + 1)
    ]
    return (
        Input("spend", "comparable_ad_spend", period),
        *(Input("spend_before", "comparable_ad_spend", days) for days in earlier),
        *(Input("orders_before", "comparable_ad_orders", days) for days in earlier),
    )


def _of_a_campaigns_stock(period: Period, given: Sequence[int]) -> tuple[Input, ...]:
    """The weight of each line that a campaign sold in the days that stock was judged by."""
    days = Period(period.end - timedelta(days=max(given[1], 1) - 1), period.end)
    return (Input("credited", "campaign_weight", days),)


def _of_a_campaigns_spend(period: Period, given: Sequence[int]) -> tuple[Input, ...]:
    return Input("daily_spend", "daily_spend", period), *_of_a_campaigns_stock(period, given)


def _of_revenue_change(period: Period, given: Sequence[int]) -> tuple[Input, ...]:
    recent = Period(period.end - timedelta(days=given[1] - 1), period.end)
    return Input("daily_spend", "daily_spend", recent), Input("roas", "attributed_roas", period)


_MONEY, _COUNT, _PERCENT, _RATIO, _RATE, _DAYS = (
    Unit.MONEY, Unit.COUNT, Unit.PERCENT, Unit.RATIO, Unit.MICRO_COUNT, Unit.DAYS
)  # fmt: skip
_DAILY_SPEND = _same_days(daily_spend="daily_spend")

_WORKED_OUT: tuple[Derived, ...] = (
    Derived(200, "roas_drop", "({roas_before} − {roas}) ÷ {roas_before}", _PERCENT,
            lambda of: fall_percent(of["roas_before"], of["roas"]) if of["roas_before"] > 0 else None,
            (Given("days_before", _COUNT),), _of_roas_drop),
    Derived(201, "expected_orders",
            "{orders_before} × {spend} ÷ {spend_before}, of the same weekdays before", _COUNT,
            lambda of: round(expected_orders(of["spend"], of["spend_before"], of["orders_before"])),
            (Given("weeks_before", _COUNT),), _of_expected_orders),
    Derived(202, "traced_share_percent", "{traced_share}, in whole per cent",
            _PERCENT, lambda of: whole_percent(of["traced_share"]), (), _same_days(traced_share="traced_share")),
    Derived(211, "traced_share_before_percent",
            "{traced_share}, of the days before, in whole per cent", _PERCENT,
            lambda of: whole_percent(of["traced_share"]), (Given("days_before", _COUNT),), _before("traced_share")),
    Derived(214, "noted_share_percent",
            "{noted_share}, in whole per cent",
            _PERCENT, lambda of: whole_percent(of["noted_share"]), (), _same_days(noted_share="noted_share")),
    Derived(215, "noted_share_before_percent",
            "{noted_share}, of the days before, in whole per cent", _PERCENT,
            lambda of: whole_percent(of["noted_share"]), (Given("days_before", _COUNT),), _before("noted_share")),
    Derived(212, "expected_claims", "{claimed_before} × {spend} ÷ {spend_before}",
            _COUNT, lambda of: round(_claims_of(of)), (Given("days_before", _COUNT),), _of_claims),
    Derived(213, "claims_drop",
            "1 − {claimed} ÷ ({claimed_before} × {spend} ÷ {spend_before})", _PERCENT,
            lambda of: claims_drop(of["claimed"], _claims_of(of)) if _claims_of(of) > 0 else None,
            (Given("days_before", _COUNT),), _of_claims_drop),
    Derived(203, "reorder_units",
            "{velocity} × ({lead_time} + {review}) − {available} − {coming}, rounded up, never below zero", _COUNT,
            lambda of: reorder_units(of["velocity"], of["lead_time"], of["review"], of["available"], of["coming"]),
            (Given("lead_time", _COUNT), Given("review", _COUNT)),
            _same_days(velocity="velocity", available="available_units", coming="units_coming")),
    Derived(204, "share_at_risk", "{spend_at_risk} ÷ {daily_spend}", _PERCENT,
            lambda of: part_percent(of["spend_at_risk"], of["daily_spend"]) if of["daily_spend"] > 0 else None,
            (Given("spend_at_risk", _MONEY),), _DAILY_SPEND),
    Derived(205, "spend_change", "{daily_spend} × {percent}", _MONEY,
            lambda of: spend_change(of["daily_spend"], of["percent"]), (Given("percent", _PERCENT),), _DAILY_SPEND),
    Derived(206, "revenue_change", "{daily_spend} × {percent} × {roas}", _MONEY,
            lambda of: spend_change(of["daily_spend"], of["percent"]) * of["roas"] // MICROS,
            (Given("percent", _PERCENT), Given("recent_days", _COUNT)), _of_revenue_change),
    Derived(207, "spend_held_back", "− {spend_at_risk}", _MONEY,
            lambda of: -of["spend_at_risk"], (Given("spend_at_risk", _MONEY),)),
    Derived(208, "cut_percent",
            "({roas_target} − {roas}) ÷ {roas_target}, at least {smallest} and at most {largest}", _PERCENT,
            lambda of: cut_percent(of["roas"], of["roas_target"], of["smallest"], of["largest"]),
            (Given("roas_target", _RATIO), Given("smallest", _PERCENT), Given("largest", _PERCENT)),
            _same_days(roas="attributed_roas")),
    Derived(209, "days_known", "{days_in_stock} − {days_unknown}", _COUNT,
            lambda of: of["days_in_stock"] - of["days_unknown"], (),
            _same_days(days_in_stock="window_days_in_stock", days_unknown="window_days_unknown")),
    Derived(210, "account_gap", "{account} − {campaigns}, without its sign",
            _MONEY, lambda of: abs(of["account"] - of["campaigns"]), (),
            _same_days(account="account_total", campaigns="campaigns_total")),
    Derived(216, "gone_stock_spend", "{value}: the part of {daily_spend} that sells variants that are gone or nearly, "
            "by each variant's part of {credited}, when advice was computed", _MONEY, lambda of: of["value"],
            (Given("value", _MONEY), Given("stock_days", _COUNT)), _of_a_campaigns_spend),
    Derived(219, "gone_stock_change", "{value}: the part of {daily_spend} held back that sells variants that are gone "
            "or nearly, by each variant's part of {credited}, when advice was computed", _MONEY, lambda of: of["value"],
            (Given("value", _MONEY), Given("stock_days", _COUNT)), _of_a_campaigns_spend),
    Derived(217, "gone_variants", "{value}: variants that are gone or nearly, besides the one that is named, of those "
            "in {credited}, when advice was computed", _COUNT, lambda of: of["value"],
            (Given("value", _COUNT), Given("stock_days", _COUNT)), _of_a_campaigns_stock),
    Derived(218, "unjudged_campaigns", "{value}: running campaigns of {spend} that spent too short, or too little "
            "against an order value of {aov}, when advice was computed", _COUNT, lambda of: of["value"],
            (Given("value", _COUNT),), _same_days(spend="spend", aov="aov")),
)  # fmt: skip


def _given(number: int, name: str, formula: str, unit: Unit) -> Derived:
    """A number that its citation holds itself, and where it comes from."""
    return Derived(number, name, formula, unit, lambda of: of["value"], (Given("value", unit),))


_UNWRITTEN = "as stock was assessed, between two written snapshots"
_GIVEN: tuple[Derived, ...] = (
    _given(220, "compared_days", "a length of time that the rule or the question says", _COUNT),
    _given(221, "lead_time", "days until ordered units arrive: a setting of the brand or of the variant",
           _COUNT),
    _given(222, "review_days", "a length of time that the rule says", _COUNT),
    _given(223, "roas_target", "a setting of the brand", _RATIO),
    _given(224, "advised_percent", "what the rule says, in per cent of the daily spend", _PERCENT),
    # 207 and 225 to 227 are of citations made before 2026-12: 216 to 219 lead to rows.
    _given(225, "campaign_spend_at_risk", "the part of its daily spend that sells "
           "variants that are gone or nearly, by each variant's share of what it sells, when advice was computed",
           _MONEY),
    _given(226, "other_variants", "variants that the campaign sells and that are gone or nearly, "
           "besides the one that is named, when advice was computed", _COUNT),
    _given(227, "too_little_data", "running campaigns that spent too little or too "
           "short to be judged, when advice was computed", _COUNT),
    _given(228, "failed_pulls", "attempts in a row that the platform did not answer well",
           _COUNT),
    _given(230, "assessed_count", _UNWRITTEN, _COUNT),
    _given(231, "assessed_rate", _UNWRITTEN, _RATE),
    _given(232, "assessed_days", _UNWRITTEN, _DAYS),
    _given(233, "assessed_money", _UNWRITTEN, _MONEY),
)  # fmt: skip

DERIVED: dict[str, Derived] = {each.name: each for each in (*_WORKED_OUT, *_GIVEN)}
_BY_NUMBER: dict[int, Derived] = {each.number: each for each in DERIVED.values()}
AS_ASSESSED: Mapping[Unit, str] = {
    Unit.COUNT: "assessed_count",
    Unit.MICRO_COUNT: "assessed_rate",
    Unit.DAYS: "assessed_days",
    Unit.MONEY: "assessed_money",
}
"""The given number of each unit for stock that was assessed and not written down."""


def citable(name: str) -> Metric | Derived:
    """The definition of what a citation may be of: a derived number, or a metric by its name or a name it had once.

    Raises `UnknownMetric`.
    """
    return DERIVED.get(name) or metric(name)


def citable_number(number: int) -> Metric | Derived:
    """The same by the number that stands for it in citations; raises `KeyError`."""
    return _BY_NUMBER.get(number) or BY_NUMBER[number]
