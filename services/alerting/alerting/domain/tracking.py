"""When tracking is an alert: of the orders of the last days far fewer than before show a kind of evidence.

Three kinds can vanish while orders go on, and each has a condition of its own, with a test of chance:

- links: orders lead back to a tagged link. Where landing addresses lose their parameters or consent is gone, orders
  only seem to come by themselves.
- pixel: the shop's own pixel wrote something down of an order to which a visit from outside leads. Only such orders are
  asked, so that neither fewer ads nor less consent looks like a broken pixel.
- claims: a platform claims purchases (`alerting.domain.claims`).

Figures by channel are too low then, and no campaign is at fault. Where ads spend much less, fewer orders lead to them
for that reason, and that is no alert.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from alerting.domain import chance
from alerting.domain.open_alerts import Finding
from alerting.domain.roas import BASE_DAYS, CiteDays, lengths
from pulsepoint.brand import figures
from pulsepoint.brand.figures import Figure
from pulsepoint.brand.vocabulary import AlertType, Cause, Severity
from pulsepoint.metrics.derived import whole_percent
from pulsepoint.money import MICROS

_LINKS = ("traced_share", "traced_orders", "credited_orders")
_PIXEL = ("noted_share", "noted_orders", "seen_orders")
METRICS = (*_LINKS, *_PIXEL, "unattributed_orders", "comparable_spend")
LINKS, PIXEL = "shop", "pixel"
"""The subjects."""


@dataclass(frozen=True, slots=True)
class ShareRules:
    """Where the fall of a share becomes an alert: in whole points, on how many orders, and how rare it must be."""

    fall_points: int
    clear_points: int
    orders: int
    orders_before: int = 50
    chance: float = 0.0001


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules by kind; `spend_percent`: ads spend at least so much of what they spent a day before."""

    links: ShareRules = field(default_factory=lambda: ShareRules(fall_points=10, clear_points=6, orders=10))
    pixel: ShareRules = field(default_factory=lambda: ShareRules(fall_points=20, clear_points=10, orders=5))
    spend_percent: int = 70


@dataclass(frozen=True, slots=True)
class Share:
    """The orders with a kind of evidence, among those asked."""

    value: Figure
    hits: Figure
    orders: Figure

    @classmethod
    def of(cls, by_metric: Mapping[str, Figure], names: tuple[str, str, str]) -> Share:
        """That of the metrics `names`: the share, the orders with evidence, the orders asked."""
        return cls(*(by_metric[name] for name in names))

    def fell_to(self, recent: Share, rules: ShareRules) -> bool:
        """True where `recent` is lower by more than the rules say, and than chance explains."""
        counts = [each.value or 0 for each in (recent.hits, recent.orders, self.hits, self.orders)]
        enough = counts[1] >= rules.orders and counts[3] >= rules.orders_before
        fell = self.fall_to(recent) * 100 >= rules.fall_points * MICROS
        return enough and fell and chance.of_so_small_a_share(*counts) < rules.chance

    def fall_to(self, recent: Share) -> int:
        """The fall in millionths; negative where the share rose."""
        return (self.value.value or 0) - (recent.value.value or 0)


@dataclass(frozen=True, slots=True)
class Shares:
    """The shares of orders with each kind of evidence over the recent days or those before, measured as `METRICS`.

    `spend` is that of `spend_days`, those of which it is known in full.
    """

    links: Share
    pixel: Share
    untouched: Figure
    spend: Figure
    spend_days: int

    @classmethod
    def of(cls, by_metric: Mapping[str, Figure], spend_days: int) -> Shares:
        """That measured as `METRICS`."""
        return cls(
            Share.of(by_metric, _LINKS),
            Share.of(by_metric, _PIXEL),
            by_metric["unattributed_orders"],
            by_metric["comparable_spend"],
            spend_days,
        )


def findings(recent: Shares, base: Shares, rules: Rules, cite: CiteDays) -> list[Finding]:
    """One finding for each kind whose share fell."""
    if not _spend_goes_on(recent, base, rules):
        return []
    fallen = []
    if base.links.fell_to(recent.links, rules.links):
        shares = _shares("traced_share", recent.links, base.links, cite)
        fallen.append(_finding(LINKS, Cause.LINKS, {**shares, "untouched_orders": recent.untouched}, cite))
    if base.pixel.fell_to(recent.pixel, rules.pixel):
        shares = _shares("noted_share", recent.pixel, base.pixel, cite)
        fallen.append(_finding(PIXEL, Cause.PIXEL, {**shares, "noted_orders": recent.pixel.hits}, cite))
    return fallen


def clear_subjects(recent: Shares, base: Shares, rules: Rules) -> set[str]:
    """The subjects whose share is clearly back: within `clear_points` of what it was."""
    kinds = ((LINKS, recent.links, base.links, rules.links), (PIXEL, recent.pixel, base.pixel, rules.pixel))
    return {subject for subject, now, then, rule in kinds if then.fall_to(now) * 100 <= rule.clear_points * MICROS}


def _spend_goes_on(recent: Shares, base: Shares, rules: Rules) -> bool:
    spend, before = recent.spend.value or 0, base.spend.value or 0
    return spend * base.spend_days * 100 >= before * recent.spend_days * rules.spend_percent


def _shares(name: str, recent: Share, base: Share, cite: CiteDays) -> dict[str, Figure]:
    before = cite(f"{name}_before_percent", {}, (BASE_DAYS,))
    return {
        name: _percent(recent.value, cite(f"{name}_percent", {})),
        f"{name}_before": _percent(base.value, before),
        "orders": recent.orders,
    }


def _finding(subject: str, cause: Cause, measured: Mapping[str, Figure], cite: CiteDays) -> Finding:
    return Finding(
        type=AlertType.BROKEN_TRACKING,
        subject=subject,
        severity=Severity.HIGH,
        cause=cause,
        figures={
            **measured,
            **lengths(cite),
        },
    )


def _percent(share: Figure, fact_id: str | None) -> Figure:
    return figures.percent(None if share.value is None else whole_percent(share.value), fact_id)
