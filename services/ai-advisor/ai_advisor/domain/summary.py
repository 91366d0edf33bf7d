"""The figures of a summary: sold, spent, ROAS, stock; and for how many campaigns there is too little data."""

from __future__ import annotations

from collections.abc import Mapping

from ai_advisor.domain.citations import Citations
from ai_advisor.domain.performance import Performance
from pulsepoint.brand import figures
from pulsepoint.brand.facts import FOREIGN_SPEND, SummaryFacts
from pulsepoint.brand.vocabulary import StockState
from pulsepoint.events.insights import ADVISED_DAYS
from pulsepoint.metrics.quarantined_days import days_left_out


def summarise(
    citations: Citations, currency: str, performance: Performance, counts: Mapping[str, int], too_little_data: int
) -> SummaryFacts:
    """The figures of the period and of the one before it; `counts` are variants by stock status."""
    return SummaryFacts(
        start_day=performance.period.start_day,
        end_day=performance.period.end_day,
        today_counts=performance.today_counts,
        names=days_left_out(performance.left_out),
        figures={
            **_money(citations, currency, performance),
            **_stock(citations, counts),
            "too_little_data": figures.count(
                too_little_data, citations.of_shop("unjudged_campaigns", given=(too_little_data,))
            ),
        },
    )


def _money(citations: Citations, currency: str, performance: Performance) -> dict[str, figures.Figure]:
    now, before, earlier = performance.now, performance.before, performance.period.before
    return {
        "net_revenue": figures.money(now.net_micros, currency, citations.of_shop("net_revenue")),
        "net_revenue_before": figures.money(before.net_micros, currency, citations.of_shop("net_revenue", earlier)),
        "days_before": figures.count(ADVISED_DAYS, citations.of_given("compared_days", ADVISED_DAYS)),
        "orders": figures.count(now.orders, citations.of_shop("orders")),
        "spend": figures.money(now.spend_micros, currency, citations.of_shop("spend")),
        "blended_roas": figures.ratio(now.roas_micros, citations.of_shop("blended_roas")),
        "blended_roas_before": figures.ratio(before.roas_micros, citations.of_shop("blended_roas", earlier)),
        **{f"{FOREIGN_SPEND}{code}": spend for code, spend in sorted(performance.foreign_spend.items())},
    }


def _stock(citations: Citations, counts: Mapping[str, int]) -> dict[str, figures.Figure]:
    tracked = sum(count for state, count in counts.items() if state != StockState.UNTRACKED)
    stock = citations.stock
    short = {
        state.value: figures.count(counts.get(state.value, 0), stock.of_state(state, counts.get(state.value, 0)))
        for state in StockState
        if state.runs_out
    }
    return {"tracked": figures.count(tracked, stock.of_tracked(tracked)), **short}
