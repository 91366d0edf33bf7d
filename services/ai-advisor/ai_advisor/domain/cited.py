"""The figures of recommendations, each with its citation."""

from __future__ import annotations

from ai_advisor.domain.citations import Citations
from ai_advisor.domain.performance import CampaignPerformance
from pulsepoint.brand import figures
from pulsepoint.brand.facts import CURRENT_SPEND, RECOMMENDED_CHANGE
from pulsepoint.events.inventory import StockStatus
from pulsepoint.metrics import derived
from pulsepoint.metrics.running import RECENT_DAYS
from pulsepoint.money import MICROS


def at_risk(citations: Citations, campaign: CampaignPerformance, gone: int) -> dict[str, figures.Figure]:
    """The part of a campaign's daily spend that sells what is gone or nearly."""
    recent, daily = citations.period.recent, campaign.daily_spend_micros
    share = citations.of_campaign("share_at_risk", campaign, recent, (gone,))
    return {
        "share": figures.percent(derived.part_percent(gone, daily), share),
        "daily_spend": daily_spend(citations, campaign),
        "spend_at_risk": figures.money(
            gone, citations.currency, citations.of_gone_stock("gone_stock_spend", campaign, gone)
        ),
    }


def worst_variant(
    citations: Citations, campaign: CampaignPerformance, worst: StockStatus, others: int
) -> dict[str, figures.Figure]:
    """The variant that most of that part sells, and how many more there are."""
    available, cover, of_variant = worst.available, worst.days_of_cover_micros, citations.stock.of_variant
    return {
        "other_variants": figures.count(others, citations.of_gone_stock("gone_variants", campaign, others)),
        "available": figures.count(available, of_variant("available_units", worst.variant_id, available)),
        "days_of_cover": figures.days(cover, of_variant("days_of_cover", worst.variant_id, cover)),
    }


def spend_and_change(
    citations: Citations, campaign: CampaignPerformance, percent: int | None, gone: int = 0
) -> dict[str, figures.Figure]:
    """The present daily spend and its change: by a signed per cent of it, or (None) by the part that is gone."""
    recent, daily = citations.period.recent, campaign.daily_spend_micros
    if percent is None:
        change, cited = -gone, citations.of_gone_stock("gone_stock_change", campaign, -gone)
    else:
        change = derived.spend_change(daily, percent)
        cited = citations.of_campaign("spend_change", campaign, recent, (percent,))
    return {
        CURRENT_SPEND: daily_spend(citations, campaign),
        RECOMMENDED_CHANGE: figures.money(change, citations.currency, cited),
    }


def changes(citations: Citations, campaign: CampaignPerformance, roas: int, percent: int) -> dict[str, figures.Figure]:
    """So many percent of a campaign's daily spend, and the revenue of that at its ROAS."""
    recent, change = citations.period.recent, derived.spend_change(campaign.daily_spend_micros, percent)
    revenue = citations.of_campaign("revenue_change", campaign, None, (percent, RECENT_DAYS))
    return {
        "change": figures.money(
            change, citations.currency, citations.of_campaign("spend_change", campaign, recent, (percent,))
        ),
        "revenue_change": figures.money(change * roas // MICROS, citations.currency, revenue),
    }


def earned(citations: Citations, campaign: CampaignPerformance) -> dict[str, figures.Figure]:
    """The spend of a campaign in the period, and what is credited to it."""
    cite, currency = citations.of_campaign, citations.currency
    return {
        "spend": figures.money(campaign.spend_micros, currency, cite("comparable_ad_spend", campaign)),
        "ad_revenue": figures.money(campaign.revenue_micros, currency, cite("comparable_ad_revenue", campaign)),
        "orders": figures.count(campaign.orders, cite("comparable_ad_orders", campaign)),
    }


def stock_of(citations: Citations, status: StockStatus) -> dict[str, figures.Figure]:
    """A variant's stock and its sales; of oversold ones none is left."""

    def cite(name: str, value: int) -> str | None:
        return citations.stock.of_variant(name, status.variant_id, value)

    left, cover, velocity = max(status.available, 0), status.days_of_cover_micros or 0, status.velocity_micros
    sold, in_stock, counted = status.units_sold, status.days_in_stock, status.days_in_stock - status.days_unknown
    incoming = status.incoming
    coming = {"incoming": figures.count(incoming, cite("incoming_units", incoming))} if incoming else {}
    history = {"days_known": figures.count(counted, cite("days_known", counted))} if status.days_unknown else {}
    return {
        "available": figures.count(left, cite("units_left", left)),
        "velocity": figures.rate(velocity, cite("velocity", velocity)),
        "days_of_cover": figures.days(cover, cite("days_of_cover", cover)),
        "units_sold": figures.count(sold, cite("window_units", sold)),
        "days_in_stock": figures.count(in_stock, cite("window_days_in_stock", in_stock)),
        **history,
        **coming,
    }


def daily_spend(citations: Citations, campaign: CampaignPerformance) -> figures.Figure:
    """The spend of a campaign a day, of its recent days with any."""
    cited = citations.of_campaign("daily_spend", campaign, citations.period.recent)
    return figures.money(campaign.daily_spend_micros, citations.currency, cited)
