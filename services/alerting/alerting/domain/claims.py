"""When a platform's claims are an alert on tracking: it claims hardly any purchases, and orders from it go on.

A platform hears of purchases from its own tag or from the shop's server. Where that is cut off, what it claims
collapses and its bidding learns from nothing, while the shop's own evidence still leads orders to its ads. Where these
fall too, it is no matter of tracking.

Platforms add to a day's claims for days after it, so of the last days less is claimed yet than will be: only
`reported_percent` of it is expected, which is less than the sandbox's platforms report by then (about 88 %).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from alerting.domain import chance
from alerting.domain.open_alerts import Finding
from alerting.domain.roas import BASE_DAYS, DAILY, CiteDays, lengths, subject_of
from pulsepoint.brand import figures
from pulsepoint.brand.figures import Figure
from pulsepoint.brand.vocabulary import AlertType, Cause, Platform, Severity
from pulsepoint.metrics import derived
from pulsepoint.money import MICROS

METRICS = ("platform_conversions", *DAILY)
"""What is measured of each channel, for the recent days and for those before."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Where fewer claims become an alert (whole percent of those of the same spend before), and how rare it must be.

    `reported_percent`: the part of a day's claims that is expected to be reported by now. `orders_percent`: orders
    from it go on, at so much of those of the same spend at least, of `orders_before` or more.
    """

    fall_percent: int = 60
    clear_percent: int = 40
    reported_percent: int = 60
    orders_percent: int = 70
    orders_before: int = 20
    spend_floor_micros: int = 50 * MICROS
    chance: float = 0.0001


@dataclass(frozen=True, slots=True)
class Claimed:
    """A channel's claimed purchases (millionths), spend and credited orders over one period, measured as `METRICS`."""

    purchases: Figure
    spend: Figure
    orders: Figure

    @classmethod
    def of(cls, by_metric: Mapping[str, Figure]) -> Claimed:
        """Those measured as `METRICS`."""
        return cls(*(by_metric[name] for name in METRICS))


@dataclass(frozen=True, slots=True)
class Compared:
    """A channel's recent days against those before, which spent and claimed something.

    The expected counts are those of the spend before.
    """

    channel: str
    recent: Claimed
    base: Claimed

    @property
    def expected_purchases(self) -> float:
        """The purchases that would be claimed in the end, had nothing changed."""
        return derived.expected_claims(
            self.base.purchases.value or 0, self.recent.spend.value or 0, self.base.spend.value or 0
        )

    @property
    def expected_orders(self) -> float:
        """The credited orders, had nothing changed."""
        return (self.base.orders.value or 0) * self._spend_ratio

    @property
    def fall_percent(self) -> int:
        """The fall of the claims against those expected in whole percent, cut; negative where they rose."""
        return derived.claims_drop(self.recent.purchases.value or 0, self.expected_purchases)

    def holds(self, rules: Rules) -> bool:
        """True where claims fell by more than the rules and chance say, and orders from it go on."""
        if (self.recent.spend.value or 0) < rules.spend_floor_micros or self.fall_percent < rules.fall_percent:
            return False
        by_now = self.expected_purchases * rules.reported_percent / 100
        count = round((self.recent.purchases.value or 0) / MICROS)
        likely = chance.of_so_few(count, by_now, uncertainty=self._spend_ratio)
        return likely < rules.chance and self._orders_go_on(rules)

    def is_clear(self, rules: Rules) -> bool:
        """True where it claims about as much as before again."""
        return self.fall_percent <= rules.clear_percent

    @property
    def _spend_ratio(self) -> float:
        return (self.recent.spend.value or 0) / (self.base.spend.value or 1)

    def _orders_go_on(self, rules: Rules) -> bool:
        enough = (self.base.orders.value or 0) >= rules.orders_before
        return enough and (self.recent.orders.value or 0) * 100 >= self.expected_orders * rules.orders_percent


def compare(recent: Mapping[str, Claimed], base: Mapping[str, Claimed]) -> list[Compared]:
    """Every ad platform that spent recently, and spent and claimed purchases before, by name.

    What a platform was not asked for is no claim of nothing: such a channel is left out.
    """
    return [
        Compared(channel, recent[channel], base[channel])
        for channel in sorted(recent.keys() & base.keys() & set(Platform))
        if recent[channel].purchases.value is not None
        and all((each.value or 0) > 0 for each in (recent[channel].spend, base[channel].spend, base[channel].purchases))
    ]


def findings(comparisons: Iterable[Compared], rules: Rules, cite: CiteDays) -> list[Finding]:
    """One finding for each channel whose claims collapsed, deepest first."""
    fallen = sorted(
        (each for each in comparisons if each.holds(rules)), key=lambda each: (-each.fall_percent, each.channel)
    )
    return [_finding(each, cite) for each in fallen]


def _finding(comparison: Compared, cite: CiteDays) -> Finding:
    at = {"channel": comparison.channel}
    return Finding(
        type=AlertType.BROKEN_TRACKING,
        subject=subject_of(comparison.channel),
        severity=Severity.HIGH,
        cause=Cause.CLAIMS,
        figures={
            "drop": figures.percent(comparison.fall_percent, cite("claims_drop", at, (BASE_DAYS,))),
            "claimed": comparison.recent.purchases,
            "expected_claims": figures.count(
                round(comparison.expected_purchases), cite("expected_claims", at, (BASE_DAYS,))
            ),
            "orders": comparison.recent.orders,
            "spend": comparison.recent.spend,
            **lengths(cite),
        },
        channel=comparison.channel,
    )
