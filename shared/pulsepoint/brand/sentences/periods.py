"""Sentences about a period, channel by channel, and about the stock: the parts of a dashboard's summary."""

from __future__ import annotations

from pulsepoint.brand.facts import Stated, SummaryFacts
from pulsepoint.brand.sentences.summaries import foreign_sentence, foreign_spend, left_out_sentence, stock_sentence
from pulsepoint.brand.sentences.values import amount, channel_name, day, has_value, value, values_of
from pulsepoint.brand.texts import Texts
from pulsepoint.brand.vocabulary import Channel


def channel_text(channel: Channel, period: SummaryFacts, texts: Texts) -> str:
    """One channel's period in a few sentences, from its figures `spend`, `revenue`, `orders` and `attributed_roas`.

    Spend in other currencies than the shop's has figures whose names begin with `FOREIGN_SPEND`. Raises `UnknownText`
    for a figure that the chosen sentence lacks.
    """
    spent, earned = value(period, "spend") > 0, bool(value(period, "revenue") or value(period, "orders"))
    rated, foreign = has_value(period, "attributed_roas"), foreign_spend(period, texts)
    brought = {
        (True, True): "period.spent_and_earned" if rated else "period.spent_and_earned.unrated",
        (True, False): "period.spent",
        (False, True): "period.earned.foreign" if foreign else "period.earned",
        (False, False): "period.spent.foreign" if foreign else "period.nothing",
    }[spent, earned]
    values = {
        **values_of(period, texts),
        "channel": channel_name(channel, texts),
        "amounts": foreign,
        "orders": amount(period, "orders", texts, "orders"),
        "start": day(period.start_day, texts) if period.start_day else "",
        "end": day(period.end_day, texts) if period.end_day else "",
    }
    more = foreign_sentence(period, texts) if spent and foreign else ""
    sentences = (texts.say(brought, values), left_out_sentence(period, texts), more)
    return " ".join(sentence for sentence in sentences if sentence)


def inventory_text(stock: Stated, texts: Texts) -> str:
    """The stock in one or two sentences, from its figures: variants `tracked`, those of each state, `spend_at_risk`."""
    stands = stock_sentence(stock, texts)
    if not value(stock, "spend_at_risk"):
        return stands
    return f"{stands} {texts.say('inventory.spend_at_risk', values_of(stock, texts))}"
