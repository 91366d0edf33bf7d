"""The summary in plain words, written by code; every figure comes from the facts it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ai_advisor.domain.advice import Advice
from ai_advisor.domain.performance import Brand, Performance
from ai_advisor.domain.words import change, money, times


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything a summary may say; `counts` are variants by stock status."""

    brand: Brand
    performance: Performance
    counts: Mapping[str, int]
    advice: Advice


Writer = Callable[[Standing], str]
"""Writes the summary of what stands. Code does; a model that rewords it takes its place here."""


def summarise(standing: Standing) -> str:
    """The summary, sentence by sentence: sold, spent, ROAS, stock, what first, what is not known."""
    sentences = (
        _sold(standing),
        _spent(standing),
        _foreign(standing.performance),
        _stock(standing.counts),
        _first(standing.advice),
        _too_little(standing.advice),
        _margins(standing.advice),
    )
    return " ".join(sentence for sentence in sentences if sentence)


def _sold(standing: Standing) -> str:
    performance, currency = standing.performance, standing.brand.currency
    now, before, period = performance.now, performance.before, performance.period
    today = " (today so far)" if performance.today_counts else ""
    when = f"From {period.start_day} to {period.end_day}{today}"
    if not now.orders and not now.net_micros:
        return f"{when} nothing was sold."
    compared = f", {change(now.net_micros, before.net_micros)} than the 14 days before" if before.net_micros > 0 else ""
    compared = compared.replace("as much than", "as much as")
    orders = f"{now.orders:,} order" if now.orders == 1 else f"{now.orders:,} orders"
    return f"{when} the shop sold {money(now.net_micros, currency)} net in {orders}{compared}."


def _spent(standing: Standing) -> str:
    now, before, currency = standing.performance.now, standing.performance.before, standing.brand.currency
    if now.roas_micros is None:
        return "No ad spend is known for these days." if not standing.performance.foreign_spend else ""
    compared = f" ({times(before.roas_micros)} before)" if before.roas_micros is not None else ""
    return f"Ads cost {money(now.spend_micros, currency)}: blended ROAS {times(now.roas_micros)}{compared}."


def _foreign(performance: Performance) -> str:
    if not performance.foreign_spend:
        return ""
    spent = " and ".join(money(micros, code) for code, micros in performance.foreign_spend.items())
    return f"Ads for {spent} are in another currency than the shop's and are not part of these figures."


def _stock(counts: Mapping[str, int]) -> str:
    out, critical, low = (counts.get(status, 0) for status in ("out_of_stock", "critical", "low"))
    tracked = sum(count for status, count in counts.items() if status != "untracked")
    if not tracked:
        return "No stock is known."
    if not (out or critical or low):
        return f"None of {tracked:,} variants is running out."
    are, last = "is" if out == 1 else "are", "lasts" if critical == 1 else "last"
    return (
        f"Of {tracked:,} variants {out:,} {are} out of stock, {critical:,} {last} less than half the lead time and "
        f"{low:,} less than the lead time."
    )


def _first(advice: Advice) -> str:
    if not advice.recommendations:
        return "There is nothing to advise."
    more = len(advice.recommendations) - 1
    others = f" ({more} more below)" if more else ""
    return f"First: {advice.recommendations[0].action}{others}."


def _too_little(advice: Advice) -> str:
    count = advice.too_little_data
    if not count:
        return ""
    campaigns = "1 campaign has" if count == 1 else f"{count} campaigns have"
    return f"{campaigns} too little spend or too few days for advice on ROAS."


def _margins(advice: Advice) -> str:
    if not any(recommendation.type != "reorder" for recommendation in advice.recommendations):
        return ""
    return "Product margins are not known here: advice weighs revenue, not profit."
