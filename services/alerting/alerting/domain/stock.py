"""When stock is an alert: it is gone or nearly, and people or ads still ask for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerting.domain.open_alerts import Finding, key_of
from pulsepoint.brand import figures
from pulsepoint.brand.vocabulary import AlertType, Cause, Severity, StockState
from pulsepoint.brand.wording import name
from pulsepoint.events.inventory import StockAssessed, StockStatus
from pulsepoint.metrics.stock_citations import StockCitations
from pulsepoint.money import MICROS

MOST_KEPT = 300


@dataclass(frozen=True, slots=True)
class StockView:
    """The part of an assessment that is kept until advice on it arrives.

    `risks` are the statuses that are an alert, worst first; `near` the variants that are none but not clearly safe
    (cover up to 1.2 times where the alert begins). `complete` says that every variant not named is safe, `rows_as_of`
    is that of the assessment.
    """

    risks: tuple[StockStatus, ...]
    near: frozenset[str]
    safe: frozenset[str]
    complete: bool
    rows_as_of: datetime | None = None

    def is_clear(self, variant_id: str) -> bool:
        """True for a variant that is clearly out of danger."""
        if variant_id in self.near or any(status.variant_id == variant_id for status in self.risks):
            return False
        return self.complete or variant_id in self.safe

    def as_document(self) -> dict[str, object]:
        """The view as stored."""
        return {
            "risks": [status.model_dump(mode="json") for status in self.risks],
            "near": sorted(self.near),
            "safe": sorted(self.safe),
            "complete": self.complete,
            "rows_as_of": self.rows_as_of.isoformat() if self.rows_as_of else None,
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> StockView:
        """The view that was stored."""
        risks = tuple(StockStatus.model_validate(status) for status in data["risks"])
        kept = data.get("rows_as_of")
        rows_as_of = datetime.fromisoformat(kept) if kept else None
        return cls(risks, frozenset(data["near"]), frozenset(data["safe"]), bool(data["complete"]), rows_as_of)


def is_risk(status: StockStatus) -> bool:
    """Gone or nearly, while it sells or is advertised; backorders are no risk."""
    in_demand = status.spend_at_risk_micros > 0 or status.velocity_micros > 0
    return status.status.is_gone and in_demand and not status.continue_selling


def view_of(assessed: StockAssessed, lead_time_days: int) -> StockView:
    """Returns what alerting keeps of an assessment, at most `MOST_KEPT` risks."""
    risks = [status for status in assessed.statuses if is_risk(status)]
    others = [status for status in assessed.statuses if not is_risk(status)]
    safe = {status.variant_id for status in others if _clearly_safe(status, lead_time_days)}
    counted = sum(
        count for status, count in assessed.counts.items() if status not in (StockState.HEALTHY, StockState.UNTRACKED)
    )
    kept = risks[:MOST_KEPT]
    return StockView(
        risks=tuple(kept),
        near=frozenset(status.variant_id for status in (*others, *risks[MOST_KEPT:])) - safe,
        safe=frozenset(safe),
        complete=counted == len(assessed.statuses),
        rows_as_of=assessed.rows_as_of,
    )


def findings(
    view: StockView, currency: str, reorders: Mapping[str, figures.Figure], cite: StockCitations
) -> list[Finding]:
    """One finding for each variant at risk, worst first; `reorders` are the units advised to order, by variant id."""
    return [_finding(status, currency, reorders.get(status.variant_id), cite) for status in view.risks]


def subject_of(variant_id: str) -> str:
    """Returns the subject of a variant."""
    return f"variant:{variant_id}"


def clear_keys(view: StockView, open_keys: Iterable[str]) -> set[str]:
    """Of the open stock alerts those whose variant is clearly out of danger."""
    prefix = key_of(AlertType.STOCKOUT_RISK, subject_of(""))
    return {key for key in open_keys if key.startswith(prefix) and view.is_clear(key.removeprefix(prefix))}


def _clearly_safe(status: StockStatus, lead_time_days: int) -> bool:
    if status.status.is_gone:
        return False
    cover = status.days_of_cover_micros
    lead_time_days = lead_time_days if status.lead_time_days is None else status.lead_time_days
    # Critical begins under half the lead time: 1.2 times that is six tenths of it.
    return cover is None or cover * 10 > lead_time_days * 6 * MICROS


def _finding(status: StockStatus, currency: str, reorder: figures.Figure | None, cite: StockCitations) -> Finding:
    gone = status.status == StockState.OUT_OF_STOCK
    product = name(status.title)
    return Finding(
        type=AlertType.STOCKOUT_RISK,
        subject=subject_of(status.variant_id),
        severity=Severity.CRITICAL if gone or status.spend_at_risk_micros else Severity.HIGH,
        cause=Cause.OUT_OF_STOCK if gone else Cause.RUNNING_OUT,
        figures={**_figures(status, currency, cite), **({"reorder_units": reorder} if reorder is not None else {})},
        names={"product": product},
        product=product,
    )


def _figures(status: StockStatus, currency: str, citations: StockCitations) -> dict[str, figures.Figure]:
    def cite(name: str, value: int | None) -> str | None:
        return citations.of_variant(name, status.variant_id, value)

    available, cover = status.available, status.days_of_cover_micros
    velocity, risk = status.velocity_micros, status.spend_at_risk_micros
    sold, in_stock, unknown = status.units_sold, status.days_in_stock, status.days_unknown
    incoming = status.incoming
    coming = {"incoming": figures.count(incoming, cite("incoming_units", incoming))} if incoming else {}
    return {
        **coming,
        "available": figures.count(available, cite("available_units", available)),
        "days_of_cover": figures.days(cover, cite("days_of_cover", cover)),
        "velocity": figures.rate(velocity, cite("velocity", velocity)),
        "spend_at_risk": figures.money(risk, currency, cite("spend_at_risk", risk)),
        "units_sold": figures.count(sold, cite("window_units", sold)),
        "days_in_stock": figures.count(in_stock, cite("window_days_in_stock", in_stock)),
        "days_unknown": figures.count(unknown, cite("window_days_unknown", unknown)),
    }
