"""Sentences about a period, channel by channel, and about the stock: the parts of a dashboard's summary."""

from __future__ import annotations

from pulsepoint.brand.facts import Stated, SummaryFacts
from pulsepoint.brand.sentences.summaries import stock_sentence
from pulsepoint.brand.sentences.values import amount, day, value, values_of
from pulsepoint.brand.texts import Texts
from pulsepoint.brand.vocabulary import Channel


def channel_text(channel: Channel, period: SummaryFacts, texts: Texts) -> str:
    """One channel's period in a sentence, from its figures `spend`, `revenue`, `orders` and `attributed_roas`.

    Raises `UnknownText` for a figure that the chosen sentence lacks.
    """
    spent, earned = value(period, "spend") > 0, bool(value(period, "revenue") or value(period, "orders"))
    brought = {
        (True, True): "channel.spent_and_earned",
        (True, False): "channel.spent",
        (False, True): "channel.earned",
        (False, False): "channel.nothing",
    }[spent, earned]
    values = {
        **values_of(period, texts),
        "channel": channel.label,
        "orders": amount(period, "orders", texts, "orders"),
        "start": day(period.start_day, texts) if period.start_day else "",
        "end": day(period.end_day, texts) if period.end_day else "",
    }
    return texts.say(brought, values)


def inventory_text(stock: Stated, texts: Texts) -> str:
    """The stock in one or two sentences, from its figures: variants `tracked`, those of each state, `spend_at_risk`."""
    stands = stock_sentence(stock, texts)
    if not value(stock, "spend_at_risk"):
        return stands
    return f"{stands} {texts.say('inventory.spend_at_risk', values_of(stock, texts))}"
