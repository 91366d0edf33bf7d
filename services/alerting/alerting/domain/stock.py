"""When stock is an alert: it is gone or nearly, and people or ads still ask for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from alerting.domain.open_alerts import Finding, key_of
from alerting.domain.words import clip, money, tenths, units
from pulsepoint.events.insights import Recommendation
from pulsepoint.events.inventory import StockAssessed, StockStatus
from pulsepoint.money import MICROS

MOST_KEPT = 300
GONE = ("out_of_stock", "critical")


@dataclass(frozen=True, slots=True)
class StockView:
    """The part of an assessment that is kept until advice on it arrives.

    `risks` are the statuses that are an alert, worst first; `near` the variants that are none but not clearly safe
    (cover up to 1.2 times where the alert begins). `complete` says that every variant not named is safe.
    """

    risks: tuple[StockStatus, ...]
    near: frozenset[str]
    safe: frozenset[str]
    complete: bool

    def is_clear(self, variant_id: str) -> bool:
        """True for a variant that is clearly out of danger."""
        if variant_id in self.near or any(status.variant_id == variant_id for status in self.risks):
            return False
        return self.complete or variant_id in self.safe

    def as_document(self) -> dict[str, Any]:
        """The view as stored."""
        return {
            "risks": [status.model_dump(mode="json") for status in self.risks],
            "near": sorted(self.near),
            "safe": sorted(self.safe),
            "complete": self.complete,
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> StockView:
        """The view that was stored."""
        risks = tuple(StockStatus.model_validate(status) for status in data["risks"])
        return cls(risks, frozenset(data["near"]), frozenset(data["safe"]), bool(data["complete"]))


def is_risk(status: StockStatus) -> bool:
    """Gone or nearly, while it sells or is advertised; backorders are no risk."""
    in_demand = status.spend_at_risk_micros > 0 or status.velocity_micros > 0
    return status.status in GONE and in_demand and not status.continue_selling


def view_of(assessed: StockAssessed, lead_time_days: int) -> StockView:
    """Returns what alerting keeps of an assessment, at most `MOST_KEPT` risks."""
    risks = [status for status in assessed.statuses if is_risk(status)]
    others = [status for status in assessed.statuses if not is_risk(status)]
    safe = {status.variant_id for status in others if _clearly_safe(status, lead_time_days)}
    counted = sum(count for status, count in assessed.counts.items() if status not in ("healthy", "untracked"))
    kept = risks[:MOST_KEPT]
    return StockView(
        risks=tuple(kept),
        near=frozenset(status.variant_id for status in (*others, *risks[MOST_KEPT:])) - safe,
        safe=frozenset(safe),
        complete=counted == len(assessed.statuses),
    )


def findings(view: StockView, currency: str, advice: Iterable[Recommendation]) -> list[Finding]:
    """One finding for each variant at risk, worst first."""
    by_subject = {one.subject: one.action for one in advice}
    return [_finding(one, currency, by_subject) for one in view.risks]


def subject_of(variant_id: str) -> str:
    """Returns the subject of a variant."""
    return f"variant:{variant_id}"


def clear_keys(view: StockView, open_keys: Iterable[str]) -> set[str]:
    """Of the open stock alerts those whose variant is clearly out of danger."""
    prefix = key_of("stock_out_risk", subject_of(""))
    return {key for key in open_keys if key.startswith(prefix) and view.is_clear(key.removeprefix(prefix))}


def _clearly_safe(status: StockStatus, lead_time_days: int) -> bool:
    if status.status in GONE:
        return False
    cover = status.days_of_cover_micros
    # Critical begins under half the lead time: 1.2 times that is six tenths of it.
    return cover is None or cover * 10 > lead_time_days * 6 * MICROS


def _finding(status: StockStatus, currency: str, actions: Mapping[str, str]) -> Finding:
    title = clip(status.title, 80)
    gone = status.status == "out_of_stock"
    left = (
        "It is out of stock"
        if gone
        else f"{units(status.available)} left, {tenths(status.days_of_cover_micros or 0)} days of cover"
    )
    sells = f"it sells {tenths(status.velocity_micros)} a day on days in stock"
    spend = (
        f"; ads spend {money(status.spend_at_risk_micros, currency)} a day on it" if status.spend_at_risk_micros else ""
    )
    unknown = (
        f" ({status.days_unknown} of these days before its first known stock level)" if status.days_unknown else ""
    )
    advised = [
        actions[subject]
        for subject in (
            *(f"campaign:{channel}:{campaign}" for channel, campaign, _ in status.campaigns),
            subject_of(status.variant_id),
        )
        if subject in actions
    ]
    return Finding(
        type="stock_out_risk",
        subject=subject_of(status.variant_id),
        severity="critical" if gone or status.spend_at_risk_micros else "warning",
        title=f"{title} is out of stock" if gone else f"{title} is running out",
        explanation=f"{left}; {sells}{spend}. {units(status.units_sold)} sold in {status.days_in_stock} days{unknown}.",
        recommended_action=". ".join(advised[:3]) or "Reorder it, and hold back ads for it until it is back",
        product=title,
    )
