"""The sentences of a summary: sold, spent, ROAS, stock, what first, what is not known."""

from __future__ import annotations

from collections.abc import Sequence

from pulsepoint.brand.facts import DAYS_LEFT_OUT, FOREIGN_SPEND, RecommendationFacts, Stated, SummaryFacts
from pulsepoint.brand.sentences.recommendations import recommendation_text
from pulsepoint.brand.sentences.values import amount, day, days_named, has_value, value, values_of
from pulsepoint.brand.texts import Texts, of_any_row
from pulsepoint.brand.vocabulary import RecommendationType


def summary_text(summary: SummaryFacts, advice: Sequence[RecommendationFacts], texts: Texts) -> str:
    """The summary of a period and of the advice that stands, best first; the text it was stored with, where it has one.

    What the summary has no figures of is left out. Raises `UnknownText` for a text that is missing.
    """
    if summary.summary is not None:
        return summary.summary
    return of_any_row(lambda words: _composed(summary, advice, words), texts)


def _composed(summary: SummaryFacts, advice: Sequence[RecommendationFacts], texts: Texts) -> str:
    sentences = (
        _sold(summary, texts),
        _customers(summary, texts),
        _spent(summary, texts),
        left_out_sentence(summary, texts),
        foreign_sentence(summary, texts),
        stock_sentence(summary, texts),
        _first(advice, texts),
        _too_little(summary, texts),
        _margins(advice, texts),
    )
    return " ".join(sentence for sentence in sentences if sentence)


def _sold(summary: SummaryFacts, texts: Texts) -> str:
    if summary.start_day is None or summary.end_day is None or "net_revenue" not in summary.figures:
        return ""
    when = texts.say(
        "summary.when.today" if summary.today_counts else "summary.when",
        start=day(summary.start_day, texts),
        end=day(summary.end_day, texts),
    )
    now, before = value(summary, "net_revenue"), value(summary, "net_revenue_before")
    if not now and not value(summary, "orders"):
        return texts.say("summary.nothing_sold", when=when)
    values = {**values_of(summary, texts), "when": when, "orders": amount(summary, "orders", texts, "orders")}
    if before <= 0:
        return texts.say("summary.sold", values)
    percent = _change_percent(now, before)
    compared = "as_much" if percent == 0 else "more" if now > before else "less"
    days = amount(summary, "days_before", texts, "days")
    return texts.say(f"summary.sold.{compared}", values, change=texts.wording.percent(percent), days=days)


def _customers(summary: SummaryFacts, texts: Texts) -> str:
    if not value(summary, "new_customers"):
        return ""
    guessed = ".guessed" if value(summary, "guessed_customers") else ""
    values = {**values_of(summary, texts), "guessed": texts.wording.number(value(summary, "guessed_customers"))}
    return texts.say(f"summary.customers{guessed}", values, count=value(summary, "new_customers"))


def _change_percent(now: int, before: int) -> int:
    """The change in whole per cents of a positive `before`, without its sign, halves up."""
    return (abs(now - before) * 200 + before) // (2 * before)


def _spent(summary: SummaryFacts, texts: Texts) -> str:
    if "spend" not in summary.figures:
        return ""
    if not has_value(summary, "blended_roas"):
        if value(summary, "spend"):
            return texts.say("summary.spent.unrated", values_of(summary, texts))
        return "" if foreign_spend(summary, texts) else texts.say("summary.no_spend")
    compared = has_value(summary, "blended_roas_before")
    return texts.say("summary.spent.compared" if compared else "summary.spent", values_of(summary, texts))


def left_out_sentence(summary: Stated, texts: Texts) -> str:
    """The sentence about days whose ad spend is in quarantine; empty without any."""
    days = summary.names.get(DAYS_LEFT_OUT)
    return texts.say("summary.days_left_out", days=days_named(days, texts)) if days else ""


def foreign_spend(summary: Stated, texts: Texts) -> str:
    """The amounts of ad spend in other currencies than the shop's, `5.00 SEK and 3.00 USD`; empty without any."""
    names = sorted(name for name in summary.figures if name.startswith(FOREIGN_SPEND))
    return texts.say("list.and").join(texts.wording.figure(summary.figures[name]) for name in names)


def foreign_sentence(summary: Stated, texts: Texts) -> str:
    """The sentence about ad spend in other currencies than the shop's; empty without any."""
    amounts = foreign_spend(summary, texts)
    return texts.say("summary.foreign_spend", amounts=amounts) if amounts else ""


def stock_sentence(summary: Stated, texts: Texts) -> str:
    """The state of the stock, from the figures `tracked`, `out_of_stock`, `critical` and `low`; empty without them."""
    if "tracked" not in summary.figures:
        return ""
    out, critical, low = (value(summary, state) for state in ("out_of_stock", "critical", "low"))
    tracked = texts.wording.figure(summary.figures["tracked"])
    if not value(summary, "tracked"):
        return texts.say("summary.no_stock")
    if not (out or critical or low):
        return texts.say("summary.stock.fine", tracked=tracked)
    return texts.say(
        "summary.stock",
        tracked=tracked,
        out=texts.say("summary.stock.out", count=out),
        critical=texts.say("summary.stock.critical", count=critical),
        low=texts.say("summary.stock.low", count=low),
    )


def _first(advice: Sequence[RecommendationFacts], texts: Texts) -> str:
    if not advice:
        return texts.say("summary.nothing_advised")
    action = recommendation_text(advice[0], texts).action
    if len(advice) == 1:
        return texts.say("summary.first", action=action)
    return texts.say("summary.first.more", count=len(advice) - 1, action=action)


def _too_little(summary: SummaryFacts, texts: Texts) -> str:
    campaigns = value(summary, "too_little_data")
    return texts.say("summary.too_little_data", count=campaigns) if campaigns else ""


def _margins(advice: Sequence[RecommendationFacts], texts: Texts) -> str:
    weighed = any(recommendation.type is not RecommendationType.REORDER for recommendation in advice)
    return texts.say("summary.margins") if weighed else ""
