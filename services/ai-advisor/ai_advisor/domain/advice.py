"""Recommendations by rule: what to pause, reduce, raise and reorder, and what there is too little data for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from ai_advisor.domain.citations import Citations
from ai_advisor.domain.performance import Brand, CampaignPerformance, Performance
from ai_advisor.domain.words import days, money, name, platform, tenths, times, units
from pulsepoint.events.insights import Recommendation
from pulsepoint.events.inventory import StockStatus
from pulsepoint.money import MICROS

NAMESPACE = UUID("0a4c2f4e-6f0b-5c33-9d0e-5d7a3a1f8b52")
RUNS_OUT = ("out_of_stock", "critical", "low")
GONE = ("out_of_stock", "critical")


@dataclass(frozen=True, slots=True)
class Rules:
    """Where advice begins; percentages are whole numbers.

    `orders_at_target`: orders the spend should have brought at the target ROAS before a poor ROAS is more than
    chance (fewer than none in five happens once in 150: exp(-5)).
    """

    pause_share: int = 50
    reduce_share: int = 10
    orders_at_target: int = 5
    fewest_days: int = 3
    largest_cut: int = 50
    smallest_cut: int = 10
    raise_over_target: int = 150
    raise_orders: int = 10
    raise_days: int = 7
    raise_by: int = 20
    review_days: int = 7
    most_reorders: int = 50


@dataclass(frozen=True, slots=True)
class Exposure:
    """The parts of a campaign's daily spend that sell variants gone or nearly, and variants that run low."""

    gone_micros: int
    low_micros: int
    worst: StockStatus | None
    variants: int


@dataclass(frozen=True, slots=True)
class Advice:
    """Recommendations, best first, and how many campaigns had too little data to judge."""

    recommendations: tuple[Recommendation, ...]
    too_little_data: int


def advise(
    citations: Citations, settings: Brand, performance: Performance, statuses: Sequence[StockStatus], rules: Rules
) -> Advice:
    """All advice that stands; at most one recommendation a campaign, stock before ROAS."""
    exposure_of = exposures(statuses)
    recommendations: list[Recommendation] = []
    too_little = 0
    for campaign in performance.campaigns:
        exposure = exposure_of.get((campaign.platform, campaign.campaign_id), Exposure(0, 0, None, 0))
        recommendation = for_stock(citations, settings, campaign, exposure, rules)
        if recommendation is None and not enough_data(settings, performance, campaign, rules):
            too_little += 1
            continue
        recommendation = recommendation or for_roas(citations, settings, performance, campaign, exposure, rules)
        if recommendation is not None:
            recommendations.append(recommendation)
    recommendations.extend(reorders(citations, settings, statuses, rules))
    return Advice(tuple(sorted(recommendations, key=_best_first)), too_little)


def exposures(statuses: Iterable[StockStatus]) -> Mapping[tuple[str, str], Exposure]:
    """By (platform, campaign id): the spend behind what runs out; backorders are exempt."""
    by_campaign: dict[tuple[str, str], Exposure] = defaultdict(lambda: Exposure(0, 0, None, 0))
    largest: dict[tuple[str, str], int] = {}
    for status in statuses:
        if status.continue_selling or status.status not in RUNS_OUT:
            continue
        for channel, campaign_id, part in status.campaigns:
            key = (channel, campaign_id)
            exposure = by_campaign[key]
            if status.status not in GONE:
                by_campaign[key] = Exposure(
                    exposure.gone_micros, exposure.low_micros + part, exposure.worst, exposure.variants
                )
                continue
            worst = status if part > largest.get(key, -1) else exposure.worst
            largest[key] = max(part, largest.get(key, -1))
            by_campaign[key] = Exposure(exposure.gone_micros + part, exposure.low_micros, worst, exposure.variants + 1)
    return by_campaign


def enough_data(settings: Brand, performance: Performance, campaign: CampaignPerformance, rules: Rules) -> bool:
    """True where the campaign spent long and much enough for its ROAS to mean something."""
    value = performance.now.order_value_micros
    if value is None or campaign.days_with_spend < rules.fewest_days:
        return False
    return campaign.spend_micros * settings.roas_target_micros >= rules.orders_at_target * value * MICROS


def for_stock(
    citations: Citations, settings: Brand, campaign: CampaignPerformance, exposure: Exposure, rules: Rules
) -> Recommendation | None:
    """Pause what sells mostly gone stock, reduce what sells it in part."""
    daily, worst = campaign.daily_spend_micros, exposure.worst
    if worst is None or daily <= 0:
        return None
    gone = min(exposure.gone_micros, daily)
    share = gone * 100 // daily
    if share < rules.reduce_share:
        return None
    pause = share >= rules.pause_share
    left = (
        "is out of stock"
        if worst.status == "out_of_stock"
        else f"has {units(worst.available)} left, {tenths(worst.days_of_cover_micros or 0)} days of cover"
    )
    others = f" and {exposure.variants - 1} more" if exposure.variants > 1 else ""
    spend, part = money(daily, settings.currency), money(gone, settings.currency)
    reason = (
        f"{share} % of what this campaign sells is gone or nearly ({name(worst.title)} {left}{others}); "
        f"backorders are not taken. It spends {spend} a day, {part} of it on these."
    )
    verb = "Pause" if pause else "Reduce"
    by = "" if pause else f" by {part} a day"
    return Recommendation(
        recommendation_id=_id(citations, "stock", campaign),
        type="pause_campaign" if pause else "reduce_spend",
        priority="high" if pause or worst.status == "out_of_stock" else "medium",
        subject=_subject(campaign),
        action=f"{verb} {_campaign_words(campaign)}{by} until stock is back",
        reason=reason,
        expected_impact=f"Estimated: saves {spend if pause else part} a day that would sell what is not there.",
        current_spend_micros=daily,
        recommended_change_micros=-(daily if pause else gone),
        facts=(*citations.of_campaign(campaign), *citations.of_variant(worst.variant_id)),
    )


def for_roas(
    citations: Citations,
    settings: Brand,
    performance: Performance,
    campaign: CampaignPerformance,
    exposure: Exposure,
    rules: Rules,
) -> Recommendation | None:
    """Reduce under the target ROAS, raise well above it where stock is healthy."""
    roas, target = campaign.roas_micros, settings.roas_target_micros
    if roas is None or campaign.daily_spend_micros <= 0:
        return None
    if roas < target:
        return _reduce(citations, settings, performance, campaign, roas, rules)
    proven = campaign.orders >= rules.raise_orders and campaign.days_with_spend >= rules.raise_days
    in_stock = exposure.gone_micros == 0 and exposure.low_micros == 0
    if roas * 100 >= target * rules.raise_over_target and proven and in_stock:
        return _raise(citations, settings, performance, campaign, roas, rules)
    return None


def reorders(
    citations: Citations, settings: Brand, statuses: Iterable[StockStatus], rules: Rules
) -> Iterable[Recommendation]:
    """Order again what sells and is covered for less than the lead time, most urgent first."""
    urgent = [status for status in statuses if status.status in RUNS_OUT and status.velocity_micros > 0]
    urgent.sort(key=lambda status: (RUNS_OUT.index(status.status), -status.velocity_micros, status.variant_id))
    for status in urgent[: rules.most_reorders]:
        yield _reorder(citations, settings, status, rules)


def reorder_quantity(status: StockStatus, lead_time_days: int, review_days: int) -> int:
    """Units that last through the lead time and until stock is looked at again, less what is there; at least one."""
    needed = -(-status.velocity_micros * (lead_time_days + review_days) // MICROS)
    return max(1, needed - status.available)


def _reduce(
    citations: Citations,
    settings: Brand,
    performance: Performance,
    campaign: CampaignPerformance,
    roas: int,
    rules: Rules,
) -> Recommendation:
    target, currency = settings.roas_target_micros, settings.currency
    missing = (target - max(roas, 0)) * 100 // target
    percent = min(rules.largest_cut, max(rules.smallest_cut, missing))
    cut = campaign.daily_spend_micros * percent // 100
    return Recommendation(
        recommendation_id=_id(citations, "roas", campaign),
        type="reduce_spend",
        priority="high" if roas * 2 < target else "medium",
        subject=_subject(campaign),
        action=f"Reduce {_campaign_words(campaign)} by {percent} %, {money(cut, currency)} a day",
        reason=_roas_reason(settings, performance, campaign, roas),
        expected_impact=(
            f"Estimated: saves {money(cut, currency)} a day; at the present ROAS that spend brings "
            f"{money(cut * roas // MICROS, currency)}."
        ),
        current_spend_micros=campaign.daily_spend_micros,
        recommended_change_micros=-cut,
        facts=citations.of_campaign(campaign),
    )


def _raise(
    citations: Citations,
    settings: Brand,
    performance: Performance,
    campaign: CampaignPerformance,
    roas: int,
    rules: Rules,
) -> Recommendation:
    more = campaign.daily_spend_micros * rules.raise_by // 100
    currency = settings.currency
    return Recommendation(
        recommendation_id=_id(citations, "roas", campaign),
        type="raise_spend",
        priority="medium",
        subject=_subject(campaign),
        action=f"Raise {_campaign_words(campaign)} by {rules.raise_by} %, {money(more, currency)} a day",
        reason=f"{_roas_reason(settings, performance, campaign, roas)} Nothing it sells is running out.",
        expected_impact=(
            f"Estimated, if the ROAS holds: {money(more * roas // MICROS, currency)} more revenue a day. "
            "Returns usually fall as spend grows."
        ),
        current_spend_micros=campaign.daily_spend_micros,
        recommended_change_micros=more,
        facts=citations.of_campaign(campaign),
    )


def _reorder(citations: Citations, settings: Brand, status: StockStatus, rules: Rules) -> Recommendation:
    lead, review = settings.lead_time_days, rules.review_days
    quantity = reorder_quantity(status, lead, review)
    cover = tenths(status.days_of_cover_micros or 0)
    history = (
        f" Stock is known for {status.days_in_stock - status.days_unknown} of these days; the others count as in stock."
        if status.days_unknown
        else ""
    )
    pace = f"{tenths(status.velocity_micros)} a day"
    taken = " Backorders are taken meanwhile." if status.continue_selling else ""
    return Recommendation(
        recommendation_id=uuid5(NAMESPACE, f"{citations.scope.brand_id}/reorder/{status.variant_id}").hex,
        type="reorder",
        priority="high" if status.status in GONE else "medium",
        subject=f"variant:{status.variant_id}",
        action=f"Reorder {units(quantity)} of {name(status.title)}",
        reason=(
            f"{units(max(status.available, 0))} left at {pace} ({units(status.units_sold)} sold in "
            f"{days(status.days_in_stock)} in stock) last {cover} days; the lead time is {days(lead)}. The quantity "
            f"covers the lead time and {days(review)} until the next look.{history}{taken}"
        ),
        expected_impact=f"Estimated: keeps {pace} selling after the {cover} days that stock lasts.",
        facts=citations.of_variant(status.variant_id),
    )


def _roas_reason(settings: Brand, performance: Performance, campaign: CampaignPerformance, roas: int) -> str:
    period = performance.period
    return (
        f"ROAS {times(roas)} against a target of {times(settings.roas_target_micros)}: "
        f"{money(campaign.spend_micros, settings.currency)} spent, {money(campaign.revenue_micros, settings.currency)} "
        f"net revenue credited ({campaign.orders:,} orders) from {period.start_day} to {period.end_day}."
    )


def _campaign_words(campaign: CampaignPerformance) -> str:
    return f"{platform(campaign.platform)} campaign “{name(campaign.name)}”"


def _subject(campaign: CampaignPerformance) -> str:
    return f"campaign:{campaign.platform}:{campaign.campaign_id}"


def _id(citations: Citations, why: str, campaign: CampaignPerformance) -> str:
    return uuid5(
        NAMESPACE, f"{citations.scope.brand_id}/{why}/{campaign.platform}/{campaign.account_id}/{campaign.campaign_id}"
    ).hex


_TYPES = ("pause_campaign", "reduce_spend", "reorder", "raise_spend")


def _best_first(recommendation: Recommendation) -> tuple[int, int, int, str]:
    priority = ("high", "medium", "low").index(recommendation.priority)
    return (
        priority,
        _TYPES.index(recommendation.type),
        -abs(recommendation.recommended_change_micros or 0),
        recommendation.subject,
    )
