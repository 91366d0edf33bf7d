"""Recommendations by rule: what to pause, reduce, raise and reorder, and what there is too little data for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from ai_advisor.domain.citations import Citations
from ai_advisor.domain.cited import at_risk, changes, daily_spend, earned, spend_and_change, stock_of, worst_variant
from ai_advisor.domain.performance import CampaignPerformance, Performance
from ai_advisor.domain.purposes import meets_buyers_on_their_way
from pulsepoint.brand import figures
from pulsepoint.brand.facts import RECOMMENDED_CHANGE
from pulsepoint.brand.settings import BrandSettings
from pulsepoint.brand.vocabulary import Cause, Priority, RecommendationType, StockState
from pulsepoint.brand.wording import name
from pulsepoint.events.insights import Recommendation
from pulsepoint.events.inventory import StockStatus
from pulsepoint.metrics import derived
from pulsepoint.money import MICROS

NAMESPACE = UUID("0a4c2f4e-6f0b-5c33-9d0e-5d7a3a1f8b52")


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
    citations: Citations,
    brand: BrandSettings,
    performance: Performance,
    statuses: Sequence[StockStatus],
    rules: Rules,
) -> Advice:
    """All advice that stands; at most one recommendation a campaign, stock before ROAS."""
    exposure_of = exposures(statuses)
    recommendations: list[Recommendation] = []
    too_little = 0
    for campaign in performance.campaigns:
        exposure = exposure_of.get((campaign.platform, campaign.campaign_id), Exposure(0, 0, None, 0))
        recommendation = for_stock(citations, brand, campaign, exposure, rules)
        if recommendation is None and not enough_data(brand, performance, campaign, rules):
            too_little += 1
            continue
        recommendation = recommendation or for_roas(citations, brand, performance, campaign, exposure, rules)
        if recommendation is not None:
            recommendations.append(recommendation)
    recommendations.extend(reorders(citations, brand, statuses, rules))
    return Advice(tuple(sorted(recommendations, key=_best_first)), too_little)


def exposures(statuses: Iterable[StockStatus]) -> Mapping[tuple[str, str], Exposure]:
    """By (platform, campaign id): the spend behind what runs out; backorders are exempt."""
    by_campaign: dict[tuple[str, str], Exposure] = defaultdict(lambda: Exposure(0, 0, None, 0))
    largest: dict[tuple[str, str], int] = {}
    for status in statuses:
        state = status.status
        if status.continue_selling or not state.runs_out:
            continue
        for channel, campaign_id, part in status.campaigns:
            key = (channel, campaign_id)
            exposure = by_campaign[key]
            if not state.is_gone:
                by_campaign[key] = Exposure(
                    exposure.gone_micros, exposure.low_micros + part, exposure.worst, exposure.variants
                )
                continue
            worst = status if part > largest.get(key, -1) else exposure.worst
            largest[key] = max(part, largest.get(key, -1))
            by_campaign[key] = Exposure(exposure.gone_micros + part, exposure.low_micros, worst, exposure.variants + 1)
    return by_campaign


def enough_data(brand: BrandSettings, performance: Performance, campaign: CampaignPerformance, rules: Rules) -> bool:
    """True where the campaign spent long and much enough for its ROAS to mean something."""
    value = performance.now.order_value_micros
    if value is None or campaign.days_with_spend < rules.fewest_days:
        return False
    return campaign.spend_micros * brand.roas_target_micros >= rules.orders_at_target * value * MICROS


def for_stock(
    citations: Citations, brand: BrandSettings, campaign: CampaignPerformance, exposure: Exposure, rules: Rules
) -> Recommendation | None:
    """Pause what sells mostly gone stock, reduce what sells it in part; None below `reduce_share`."""
    daily, worst = campaign.daily_spend_micros, exposure.worst
    if worst is None or daily <= 0:
        return None
    gone = min(exposure.gone_micros, daily)
    share = derived.part_percent(gone, daily)
    if share < rules.reduce_share:
        return None
    pause, out = share >= rules.pause_share, worst.status == StockState.OUT_OF_STOCK
    return _cited(
        Recommendation(
            recommendation_id=_id(citations, "stock", campaign),
            type=RecommendationType.PAUSE_CAMPAIGN if pause else RecommendationType.REDUCE_SPEND,
            priority=Priority.HIGH if pause or out else Priority.MEDIUM,
            cause=Cause.OUT_OF_STOCK if out else Cause.RUNNING_OUT,
            subject=_subject(campaign),
            figures={
                **at_risk(citations, campaign, gone),
                **worst_variant(citations, campaign, worst, exposure.variants - 1),
                **spend_and_change(citations, campaign, None, gone),
            },
            names={"campaign": name(campaign.name), "product": name(worst.title)},
            channel=campaign.platform,
            current_spend_micros=daily,
            recommended_change_micros=-gone,
        )
    )


def for_roas(
    citations: Citations,
    brand: BrandSettings,
    performance: Performance,
    campaign: CampaignPerformance,
    exposure: Exposure,
    rules: Rules,
) -> Recommendation | None:
    """Reduce under the target ROAS, raise well above it where stock is healthy.

    The ROAS is of credited revenue: its advice is never urgent, and what meets buyers on their way is never raised.
    """
    roas, target = campaign.roas_micros, brand.roas_target_micros
    if roas is None or campaign.daily_spend_micros <= 0:
        return None
    if roas < target:
        return _reduce(citations, brand, campaign, roas, rules)
    proven = campaign.orders >= rules.raise_orders and campaign.days_with_spend >= rules.raise_days
    in_stock = exposure.gone_micros == 0 and exposure.low_micros == 0
    causal = not meets_buyers_on_their_way(campaign.platform, campaign.name, brand.name)
    if roas * 100 >= target * rules.raise_over_target and proven and in_stock and causal:
        return _raise(citations, brand, campaign, roas, rules)
    return None


def reorders(
    citations: Citations, brand: BrandSettings, statuses: Iterable[StockStatus], rules: Rules
) -> Iterable[Recommendation]:
    """Order again what sells and is covered for less than the lead time, most urgent first.

    What is on its way is not ordered again.
    """
    urgent = [
        status
        for status in statuses
        if status.status.runs_out
        and status.velocity_micros > 0
        and reorder_quantity(status, lead_time_of(status, brand), rules.review_days) > 0
    ]
    urgent.sort(key=lambda status: (status.status.rank, -status.velocity_micros, status.variant_id))
    for status in urgent[: rules.most_reorders]:
        yield _reorder(citations, brand, status, rules)


def lead_time_of(status: StockStatus, brand: BrandSettings) -> int:
    """The days that a reorder of the variant takes: its own, else the brand's."""
    return brand.lead_time_days if status.lead_time_days is None else status.lead_time_days


def reorder_quantity(status: StockStatus, lead_time_days: int, review_days: int) -> int:
    """Units that last through the lead time and until stock is looked at again, less what is there or on its way.

    0 where that is enough.
    """
    coming = status.incoming or 0
    return derived.reorder_units(status.velocity_micros, lead_time_days, review_days, status.available, coming)


def _reduce(
    citations: Citations,
    brand: BrandSettings,
    campaign: CampaignPerformance,
    roas: int,
    rules: Rules,
) -> Recommendation:
    target, bounds = brand.roas_target_micros, (rules.smallest_cut, rules.largest_cut)
    percent = derived.cut_percent(roas, target, *bounds)
    priority = Priority.MEDIUM if roas * 2 < target else Priority.LOW
    cited = citations.of_campaign("cut_percent", campaign, None, (target, *bounds))
    kind, shown = RecommendationType.REDUCE_SPEND, figures.percent(percent, cited)
    return _change_spend(citations, brand, campaign, roas, kind=kind, priority=priority, percent=-percent, shown=shown)


def _raise(
    citations: Citations,
    brand: BrandSettings,
    campaign: CampaignPerformance,
    roas: int,
    rules: Rules,
) -> Recommendation:
    kind, percent = RecommendationType.RAISE_SPEND, rules.raise_by
    shown = figures.percent(percent, citations.of_given("advised_percent", percent))
    return _change_spend(
        citations, brand, campaign, roas, kind=kind, priority=Priority.LOW, percent=percent, shown=shown
    )


def _change_spend(
    citations: Citations,
    brand: BrandSettings,
    campaign: CampaignPerformance,
    roas: int,
    *,
    kind: RecommendationType,
    priority: Priority,
    percent: int,
    shown: figures.Figure,
) -> Recommendation:
    """Change a campaign's daily spend by a signed per cent of it, for its ROAS; `shown` is that per cent unsigned."""
    spend = spend_and_change(citations, campaign, percent)
    return _cited(
        Recommendation(
            recommendation_id=_id(citations, "roas", campaign),
            type=kind,
            priority=priority,
            cause=Cause.ROAS,
            subject=_subject(campaign),
            figures={
                "percent": shown,
                **changes(citations, campaign, roas, abs(percent)),
                "daily_spend": daily_spend(citations, campaign),
                "roas": figures.ratio(roas, citations.of_campaign("attributed_roas", campaign)),
                "roas_target": figures.ratio(
                    brand.roas_target_micros, citations.of_given("roas_target", brand.roas_target_micros)
                ),
                **earned(citations, campaign),
                **spend,
            },
            names={"campaign": name(campaign.name)},
            channel=campaign.platform,
            start_day=citations.period.start_day,
            end_day=citations.period.end_day,
            current_spend_micros=campaign.daily_spend_micros,
            recommended_change_micros=spend[RECOMMENDED_CHANGE].value,
        )
    )


def _reorder(citations: Citations, brand: BrandSettings, status: StockStatus, rules: Rules) -> Recommendation:
    lead, review, state = lead_time_of(status, brand), rules.review_days, status.status
    units = reorder_quantity(status, lead, review)
    cited = citations.stock.of_variant("reorder_units", status.variant_id, units, (lead, review))
    return _cited(
        Recommendation(
            recommendation_id=uuid5(NAMESPACE, f"{citations.brand_id}/reorder/{status.variant_id}").hex,
            type=RecommendationType.REORDER,
            priority=Priority.HIGH if state.is_gone else Priority.MEDIUM,
            cause=_stock_cause(status),
            subject=f"variant:{status.variant_id}",
            figures={
                "reorder_units": figures.count(units, cited),
                **stock_of(citations, status),
                "lead_time": figures.count(lead, citations.of_given("lead_time", lead)),
                "review": figures.count(review, citations.of_given("review_days", review)),
            },
            names={"product": name(status.title)},
        )
    )


def _stock_cause(status: StockStatus) -> Cause:
    if status.continue_selling:
        return Cause.BACKORDERED
    return Cause.OUT_OF_STOCK if status.status == StockState.OUT_OF_STOCK else Cause.RUNNING_OUT


def _cited(recommendation: Recommendation) -> Recommendation:
    """The recommendation with the citations of its figures, each once, in their order."""
    return recommendation.model_copy(update={"facts": recommendation.citations})


def _subject(campaign: CampaignPerformance) -> str:
    return f"campaign:{campaign.platform}:{campaign.campaign_id}"


def _id(citations: Citations, why: str, campaign: CampaignPerformance) -> str:
    return uuid5(
        NAMESPACE, f"{citations.brand_id}/{why}/{campaign.platform}/{campaign.account_id}/{campaign.campaign_id}"
    ).hex


def _best_first(recommendation: Recommendation) -> tuple[int, int, int, str]:
    return (
        recommendation.priority.rank,
        recommendation.type.rank,
        -abs(recommendation.recommended_change_micros or 0),
        recommendation.subject,
    )
