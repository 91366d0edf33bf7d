"""The sentences of a recommendation: what to do, why, what it should bring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pulsepoint.brand.facts import RecommendationFacts
from pulsepoint.brand.sentences.values import amount, channel_name, day, value, values_of
from pulsepoint.brand.texts import Texts, of_any_row
from pulsepoint.brand.vocabulary import Cause, RecommendationType
from pulsepoint.brand.wording import UNKNOWN


@dataclass(frozen=True, slots=True)
class RecommendationText:
    """A recommendation in one language; untrusted names in it are cut and unescaped."""

    action: str
    reason: str
    expected_impact: str


def recommendation_text(advice: RecommendationFacts, texts: Texts) -> RecommendationText:
    """The sentences of a recommendation; those it was stored with, where it has some, and a dash for a figure it lacks.

    Raises `KeyError` for a type without sentences, `UnknownText` for a text that is missing.
    """
    if advice.action is not None:
        return RecommendationText(advice.action, advice.reason or "", advice.expected_impact or "")
    compose = COMPOSERS[advice.type]
    return of_any_row(lambda words: compose(advice, words), texts)


def _pause(advice: RecommendationFacts, texts: Texts) -> RecommendationText:
    return _for_stock(advice, texts, "advice.pause_campaign.action")


def _reduce(advice: RecommendationFacts, texts: Texts) -> RecommendationText:
    if advice.cause is Cause.ROAS:
        return _for_roas(advice, texts, "advice.reduce_spend.roas")
    return _for_stock(advice, texts, "advice.reduce_spend.stock.action")


def _raise(advice: RecommendationFacts, texts: Texts) -> RecommendationText:
    return _for_roas(advice, texts, "advice.raise_spend")


def _for_stock(advice: RecommendationFacts, texts: Texts, action: str) -> RecommendationText:
    cause = "out_of_stock" if advice.cause is Cause.OUT_OF_STOCK else "running_out"
    more = ".more" if value(advice, "other_variants") else ""
    values = {**_of_campaign(advice, texts), "units": amount(advice, "available", texts, "units")}
    return RecommendationText(
        action=texts.say(action, values),
        reason=texts.say(f"advice.stock.{cause}.reason{more}", values),
        expected_impact=texts.say("advice.stock.impact", values),
    )


def _for_roas(advice: RecommendationFacts, texts: Texts, text_id: str) -> RecommendationText:
    values = {
        **_of_campaign(advice, texts),
        "orders": amount(advice, "orders", texts, "orders"),
        "start": day(advice.start_day, texts) if advice.start_day else "",
        "end": day(advice.end_day, texts) if advice.end_day else "",
    }
    return RecommendationText(
        action=texts.say(f"{text_id}.action", values),
        reason=f"{texts.say(f'{text_id}.reason', values)} {texts.say('advice.credited')}",
        expected_impact=texts.say(f"{text_id}.impact", values),
    )


def _reorder(advice: RecommendationFacts, texts: Texts) -> RecommendationText:
    values = {
        **values_of(advice, texts),
        "units": amount(advice, "reorder_units", texts, "units"),
        "left": amount(advice, "available", texts, "units"),
        "sold": amount(advice, "units_sold", texts, "units"),
        "in_stock": amount(advice, "days_in_stock", texts, "days"),
        "lead_time": amount(advice, "lead_time", texts, "days"),
        "review": amount(advice, "review", texts, "days"),
    }
    reason = ["advice.reorder.reason"]
    if value(advice, "incoming"):
        values["incoming"] = amount(advice, "incoming", texts, "units")
        reason.append("advice.reorder.on_its_way")
    if "days_known" in advice.figures:
        reason.append("advice.reorder.partly_known")
    if advice.cause is Cause.BACKORDERED:
        reason.append("advice.reorder.backordered")
    return RecommendationText(
        action=texts.say("advice.reorder.action", values),
        reason=" ".join(texts.say(text_id, values) for text_id in reason),
        expected_impact=texts.say("advice.reorder.impact", values),
    )


def _of_campaign(advice: RecommendationFacts, texts: Texts) -> dict[str, str]:
    values = values_of(advice, texts)
    named = texts.say(
        "advice.campaign", platform=channel_name(advice.channel, texts), campaign=values.get("campaign", UNKNOWN)
    )
    return {**values, "campaign": named}


COMPOSERS: Mapping[RecommendationType, Callable[[RecommendationFacts, Texts], RecommendationText]] = {
    RecommendationType.PAUSE_CAMPAIGN: _pause,
    RecommendationType.REDUCE_SPEND: _reduce,
    RecommendationType.RAISE_SPEND: _raise,
    RecommendationType.REORDER: _reorder,
}
