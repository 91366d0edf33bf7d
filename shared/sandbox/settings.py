"""The settings of a world: frozen, checked when made.

Shares, rates and factors are integers in parts per million (`_ppm`); money is integer cents.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pulsepoint.brand.vocabulary import Platform
from sandbox.records import CampaignKind

PPM = 1_000_000

IncidentKind = Literal[
    "stock_loss", "supplier_delay", "broken_pixel", "broken_utm", "consent_drop", "paused_ads", "more_ads"
]
"""Each one's effect while it lasts, and the fields it reads.

- stock_loss: `sku` is counted and there is none; its deliveries are held up as well.
- supplier_delay: deliveries of `sku` due meanwhile come when it ends.
- broken_pixel: orders carry no note attributes; platforms do not hear of `amount_ppm` of them.
- broken_utm: landing addresses lose their query.
- consent_drop: consent is `amount_ppm` of what it was.
- paused_ads: `campaign_id` spends nothing, from the next day that begins; what it did before fades.
- more_ads: the budget of `campaign_id` is `amount_ppm` of the plan, likewise.
"""


class InvalidWorld(ValueError):
    """A world's settings cannot be; the text names the setting and says why."""


def demand(condition: bool, setting: str, why: str) -> None:
    """Raise `InvalidWorld` unless `condition` holds."""
    if not condition:
        raise InvalidWorld(f"{setting}: {why}")


def _rate(setting: str, value: int, *, most: int = PPM) -> None:
    demand(0 <= value <= most, setting, f"must be from 0 to {most} parts per million, got {value}")


@dataclass(frozen=True, slots=True)
class ShopSettings:
    """The shop itself; `history_days` is the past a first run shows."""

    name: str = "Fjell & Fjord"
    domain: str = "fjell-and-fjord.myshopify.com"
    currency: str = "EUR"
    timezone: str = "Europe/Berlin"
    first_day: date = date(2024, 9, 1)
    history_days: int = 730
    taxes_included: bool = True
    tax_ppm: int = 190_000
    shipping_cents: int = 490
    free_shipping_from_cents: int = 8_000

    def __post_init__(self) -> None:
        """Check."""
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            raise InvalidWorld(f"shop.timezone: no such timezone {self.timezone!r}") from None
        demand(len(self.currency) == 3 and self.currency.isupper(), "shop.currency", "must be an ISO code such as EUR")
        demand(1 <= self.history_days <= 3_660, "shop.history_days", f"must be 1 to 3660, got {self.history_days}")
        demand(min(self.shipping_cents, self.free_shipping_from_cents) >= 0, "shop", "shipping must not be negative")
        _rate("shop.tax_ppm", self.tax_ppm)


@dataclass(frozen=True, slots=True)
class DemandSettings:
    """The statistics of a world.

    `orders_per_day` is a year's mean with repeat orders; `conversion_ppm` orders per visit; `aov_cents` mean of
    price times quantity per order as shown; `repeat_ppm` the chance that an order is followed by another of the
    same buyer; `return_ppm` the share of units sent back; `cancel_ppm` of orders called off. The origins
    `organic_ppm`, `direct_ppm`, `email_ppm` and the campaigns' `share_ppm` add up to one: the mix of first orders.
    `season_ppm` scales seasons, weekdays and paydays: 0 makes all days alike.
    """

    orders_per_day: int = 45
    conversion_ppm: int = 26_000
    aov_cents: int = 14_500
    repeat_ppm: int = 240_000
    return_ppm: int = 90_000
    cancel_ppm: int = 8_000
    season_ppm: int = PPM
    organic_ppm: int = 300_000
    direct_ppm: int = 180_000
    email_ppm: int = 90_000
    substitute_ppm: int = 350_000

    def __post_init__(self) -> None:
        """Check."""
        demand(1 <= self.orders_per_day <= 5_000, "demand.orders_per_day", "must be 1 to 5000")
        demand(1_000 <= self.conversion_ppm <= 300_000, "demand.conversion_ppm", "must be 1000 to 300000")
        demand(self.aov_cents > 0, "demand.aov_cents", "must be positive")
        _rate("demand.repeat_ppm", self.repeat_ppm, most=800_000)
        _rate("demand.return_ppm", self.return_ppm, most=400_000)
        for name in ("cancel_ppm", "season_ppm", "organic_ppm", "direct_ppm", "email_ppm", "substitute_ppm"):
            _rate(f"demand.{name}", getattr(self, name))


@dataclass(frozen=True, slots=True)
class StockSettings:
    """The shop's buying: `cover_days` of expected demand, when less than lead time and `safety_days` is left.

    `late_ppm` of deliveries come late; `restock_ppm` of returned units can be sold again.
    """

    cover_days: int = 45
    safety_days: int = 14
    late_ppm: int = 80_000
    restock_ppm: int = 900_000

    def __post_init__(self) -> None:
        """Check."""
        demand(self.cover_days >= 1, "stock.cover_days", "must be at least 1")
        demand(self.safety_days >= 0, "stock.safety_days", "must not be negative")
        _rate("stock.late_ppm", self.late_ppm)
        _rate("stock.restock_ppm", self.restock_ppm)


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """The view on buyers: consent, click ids that survive the browser, buyers who change device, untidy UTMs."""

    consent_ppm: int = 720_000
    click_id_ppm: int = 900_000
    cross_device_ppm: int = 120_000
    drift_ppm: int = 250_000

    def __post_init__(self) -> None:
        """Check."""
        for name in ("consent_ppm", "click_id_ppm", "cross_device_ppm", "drift_ppm"):
            _rate(f"evidence.{name}", getattr(self, name))


@dataclass(frozen=True, slots=True)
class ClaimSettings:
    """Platforms' counting: the chance that an unseen order is modelled, and the share of one such a claim counts."""

    modelled_ppm: int = 600_000
    modelled_weight_ppm: int = 850_000

    def __post_init__(self) -> None:
        """Check."""
        _rate("claims.modelled_ppm", self.modelled_ppm)
        _rate("claims.modelled_weight_ppm", self.modelled_weight_ppm)


@dataclass(frozen=True, slots=True)
class CampaignSettings:
    """One campaign: what it is paid and what it truly does.

    Pay: `budget_cents` a day (times `weekend_ppm` on Saturday and Sunday), spent in full, or, where `cpc_cents` is
    set, per click up to the budget. Effect: with the budget as planned it creates `share_ppm` of all first orders,
    more or less with carried-over pressure, saturating at half its most at `half_cents`; `carry_ppm` of a day's
    pressure stays for the next. Of those it creates `click_ppm` come by a click, the others on their own later.
    Besides, it meets `reach_ppm` of the other buyers by a click, which makes `lift_ppm` more of them buy, and
    `view_ppm` of all buyers merely see it. Of those it creates some use its discount code, where it has one.
    """

    campaign_id: str
    platform: Platform
    kind: CampaignKind
    name: str
    account_id: str
    budget_cents: int
    share_ppm: int
    half_cents: int
    carry_ppm: int = 300_000
    weekend_ppm: int = PPM
    click_ppm: int = PPM
    reach_ppm: int = 0
    lift_ppm: int = 0
    view_ppm: int = 0
    cpc_cents: int = 0
    cpm_cents: int = 900
    code: str = ""
    code_percent: int = 10
    code_ppm: int = 300_000

    def __post_init__(self) -> None:
        """Check."""
        where = f"campaigns.{self.campaign_id}"
        demand(self.campaign_id.isdigit(), f"{where}.campaign_id", "must be digits, as platforms have them")
        demand(isinstance(self.platform, Platform), f"{where}.platform", f"unknown: {self.platform!r}")
        kinds = ("prospecting", "retargeting", "brand_search", "shopping", "performance_max")
        demand(self.kind in kinds, f"{where}.kind", f"must be one of {', '.join(kinds)}")
        demand(self.budget_cents >= 0, f"{where}.budget_cents", "must not be negative")
        demand(self.half_cents > 0, f"{where}.half_cents", "must be positive")
        demand(self.cpm_cents > 0 and self.cpc_cents >= 0, f"{where}.cpm_cents", "must be positive")
        _rate(f"{where}.carry_ppm", self.carry_ppm, most=950_000)
        _rate(f"{where}.weekend_ppm", self.weekend_ppm, most=5 * PPM)
        _rate(f"{where}.lift_ppm", self.lift_ppm, most=3 * PPM)
        demand(1 <= self.code_percent <= 90, f"{where}.code_percent", "must be 1 to 90")
        for name in ("share_ppm", "click_ppm", "reach_ppm", "view_ppm", "code_ppm"):
            _rate(f"{where}.{name}", getattr(self, name))


@dataclass(frozen=True, slots=True)
class When:
    """The days of something: each year from `annual` ("MM-DD"), or once, `on_day` days after the first day.

    A negative `on_day` counts back from the end of the history: -1 is its last day.
    """

    days: int
    annual: str = ""
    on_day: int = 0

    def __post_init__(self) -> None:
        """Check."""
        demand(self.days >= 1, "days", f"must be at least 1, got {self.days}")
        if self.annual:
            try:
                date.fromisoformat(f"2023-{self.annual}")
            except ValueError:
                raise InvalidWorld(f"when: {self.annual!r} is no day of the year such as '11-24'") from None

    def covers(self, day: date, shop: ShopSettings) -> bool:
        """True where `day` is within."""
        return (start := self.last_start(day, shop)) is not None and (day - start).days < self.days

    def last_start(self, day: date, shop: ShopSettings) -> date | None:
        """The newest start that is not after `day`."""
        if self.annual:
            month, number = int(self.annual[:2]), int(self.annual[3:])
            this_year = date(day.year, month, number)
            return this_year if this_year <= day else date(day.year - 1, month, number)
        offset = self.on_day if self.on_day >= 0 else shop.history_days + self.on_day
        start = shop.first_day + timedelta(days=offset)
        return start if start <= day else None


@dataclass(frozen=True, slots=True)
class PromotionSettings:
    """A discount code: `percent` off; visits times `traffic_ppm`, and `lift_ppm` more of the visitors buy."""

    code: str
    percent: int
    when: When
    traffic_ppm: int = PPM
    lift_ppm: int = 0

    def __post_init__(self) -> None:
        """Check."""
        demand(bool(self.code), "promotions.code", "must not be empty")
        demand(1 <= self.percent <= 90, f"promotions.{self.code}.percent", "must be 1 to 90")
        _rate(f"promotions.{self.code}.traffic_ppm", self.traffic_ppm, most=10 * PPM)
        _rate(f"promotions.{self.code}.lift_ppm", self.lift_ppm, most=5 * PPM)


@dataclass(frozen=True, slots=True)
class Incident:
    """Something goes wrong for a while; `IncidentKind` says what each does and which fields it reads."""

    kind: IncidentKind
    when: When
    sku: str = ""
    campaign_id: str = ""
    amount_ppm: int = 0

    def __post_init__(self) -> None:
        """Check."""
        stock, ads = ("stock_loss", "supplier_delay"), ("paused_ads", "more_ads")
        others = ("broken_pixel", "broken_utm", "consent_drop")
        demand(self.kind in (*stock, *ads, *others), "incidents.kind", f"unknown: {self.kind!r}")
        demand(
            bool(self.sku) == (self.kind in stock), f"incidents.{self.kind}.sku", f"belongs to {' and '.join(stock)}"
        )
        demand(
            bool(self.campaign_id) == (self.kind in ads),
            f"incidents.{self.kind}.campaign_id",
            f"belongs to {' and '.join(ads)}",
        )
        _rate(f"incidents.{self.kind}.amount_ppm", self.amount_ppm, most=10 * PPM)


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """A whole world. Read from a file by `sandbox.settings_file.read_world`."""

    name: str
    seed: int
    campaigns: tuple[CampaignSettings, ...]
    shop: ShopSettings = field(default_factory=ShopSettings)
    demand: DemandSettings = field(default_factory=DemandSettings)
    stock: StockSettings = field(default_factory=StockSettings)
    evidence: EvidenceSettings = field(default_factory=EvidenceSettings)
    claims: ClaimSettings = field(default_factory=ClaimSettings)
    promotions: tuple[PromotionSettings, ...] = ()
    incidents: tuple[Incident, ...] = ()

    def __post_init__(self) -> None:
        """Check."""
        demand(0 <= self.seed < 1 << 63, "seed", "must be from 0 to 2^63 - 1")
        ids = [campaign.campaign_id for campaign in self.campaigns]
        demand(len(ids) == len(set(ids)), "campaigns", "two campaigns have the same campaign_id")
        demand_settings = self.demand
        shares = sum(campaign.share_ppm for campaign in self.campaigns)
        total = demand_settings.organic_ppm + demand_settings.direct_ppm + demand_settings.email_ppm + shares
        demand(total == PPM, "demand", f"organic, direct, email and the campaigns' shares add up to {total}, not {PPM}")
        for incident in self.incidents:
            exists = not incident.campaign_id or incident.campaign_id in ids
            demand(exists, f"incidents.{incident.kind}", f"no campaign {incident.campaign_id}")

    def ending(self, last_day: date, days: int | None = None) -> WorldSettings:
        """The same world with the last day of its history on `last_day`, and so many days of it."""
        days = days or self.shop.history_days
        first = last_day - timedelta(days=days - 1)
        return replace(self, shop=replace(self.shop, first_day=first, history_days=days))
