"""The sentences of an alert: its title, why it opened, what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pulsepoint.brand.facts import AlertFacts
from pulsepoint.brand.sentences.failures import pull_failure_text
from pulsepoint.brand.sentences.values import amount, channel_name, day, value, values_of
from pulsepoint.brand.texts import Texts, of_any_row
from pulsepoint.brand.vocabulary import AlertType, Cause
from pulsepoint.brand.wording import UNKNOWN
from pulsepoint.money import to_decimal


@dataclass(frozen=True, slots=True)
class AlertText:
    """An alert in one language; untrusted names in it are cut and unescaped."""

    title: str
    explanation: str
    recommended_action: str


def alert_text(alert: AlertFacts, texts: Texts) -> AlertText:
    """The sentences of an alert; those it was stored with, where it has some, and a dash for a figure it lacks.

    Raises `KeyError` for a type without sentences, `UnknownText` for a text that is missing.
    """
    if alert.title is not None:
        return AlertText(alert.title, alert.explanation or "", alert.recommended_action or "")
    compose = COMPOSERS[alert.type]
    return of_any_row(lambda words: compose(alert, words), texts)


def resolved_text(alert: AlertFacts, texts: Texts) -> str:
    """The sentence that says that an alert is over."""
    return texts.say("alert.resolved", title=alert_text(alert, texts).title)


def _stockout_risk(alert: AlertFacts, texts: Texts) -> AlertText:
    cause = "out_of_stock" if alert.cause is Cause.OUT_OF_STOCK else "running_out"
    values = {
        **values_of(alert, texts),
        "units": amount(alert, "available", texts, "units"),
        "sold": amount(alert, "units_sold", texts, "units"),
    }
    advertised = ".advertised" if value(alert, "spend_at_risk") else ""
    partly = ".partly_known" if value(alert, "days_unknown") else ""
    stands = texts.say(f"alert.stockout_risk.{cause}.explanation{advertised}", values)
    sold = texts.say(f"alert.stockout_risk.sold{partly}", values)
    if value(alert, "incoming"):
        on_its_way = amount(alert, "incoming", texts, "units")
        sold = f"{sold} {texts.say('alert.stockout_risk.on_its_way', incoming=on_its_way)}"
    return AlertText(
        title=texts.say(f"alert.stockout_risk.{cause}.title", values),
        explanation=f"{stands} {sold}",
        recommended_action=_stock_action(alert, texts, values),
    )


def _stock_action(alert: AlertFacts, texts: Texts, values: Mapping[str, str]) -> str:
    ads = value(alert, "spend_at_risk") > 0
    if not value(alert, "reorder_units") and value(alert, "incoming"):
        return texts.say("alert.stockout_risk.action.ads" if ads else "alert.stockout_risk.action.on_its_way", values)
    if not value(alert, "reorder_units"):
        return texts.say("alert.stockout_risk.action" if ads else "alert.stockout_risk.action.unadvertised", values)
    reorder = texts.say(
        "advice.reorder.action",
        units=amount(alert, "reorder_units", texts, "units"),
        product=values.get("product", UNKNOWN),
    )
    return f"{reorder}. {texts.say('alert.stockout_risk.action.ads', values)}" if ads else reorder


def _roas_drop(alert: AlertFacts, texts: Texts) -> AlertText:
    values = {**values_of(alert, texts), "channel": channel_name(alert.channel, texts)}
    return _plain("alert.roas_drop", texts, values)


def _broken_tracking(alert: AlertFacts, texts: Texts) -> AlertText:
    # Those stored before 2026-12-01 say no cause: there was one.
    cause = alert.cause or Cause.LINKS
    values = {
        **values_of(alert, texts),
        "orders": amount(alert, "orders", texts, "orders"),
        "platform": channel_name(alert.channel, texts),
    }
    return _plain(f"alert.broken_tracking.{cause}", texts, values)


def _sync_failure(alert: AlertFacts, texts: Texts) -> AlertText:
    cause = "refused" if alert.cause is Cause.REFUSED else "failed"
    values = {**values_of(alert, texts), "platform": channel_name(alert.channel, texts)}
    if (failure := alert.names.get("failure")) is not None:
        values["reason"] = pull_failure_text(failure, alert.names, alert.channel, texts)
    return AlertText(
        title=texts.say("alert.sync_failure.title", values),
        explanation=texts.say("alert.sync_failure.explanation", values, count=value(alert, "attempts")),
        recommended_action=texts.say(f"alert.sync_failure.{cause}.action", values),
    )


def _ad_days_mismatch(alert: AlertFacts, texts: Texts) -> AlertText:
    # The amounts are in the account's currency, which nobody told.
    amounts = {
        name: texts.wording.number(to_decimal(value(alert, name)), 2)
        for name in ("account_spend", "campaign_spend", "difference")
    }
    values = {
        **values_of(alert, texts),
        **amounts,
        "platform": channel_name(alert.channel, texts),
        "day": day(alert.names["day"], texts) if "day" in alert.names else UNKNOWN,
    }
    return _plain("alert.ad_days_mismatch", texts, values)


def _plain(text_id: str, texts: Texts, values: Mapping[str, str]) -> AlertText:
    return AlertText(
        title=texts.say(f"{text_id}.title", values),
        explanation=texts.say(f"{text_id}.explanation", values),
        recommended_action=texts.say(f"{text_id}.action", values),
    )


COMPOSERS: Mapping[AlertType, Callable[[AlertFacts, Texts], AlertText]] = {
    AlertType.STOCKOUT_RISK: _stockout_risk,
    AlertType.ROAS_DROP: _roas_drop,
    AlertType.SYNC_FAILURE: _sync_failure,
    AlertType.AD_DAYS_MISMATCH: _ad_days_mismatch,
    AlertType.BROKEN_TRACKING: _broken_tracking,
}
