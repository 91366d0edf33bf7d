"""The checkout: an intent becomes an order, or demand is lost, and the platforms hear of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from sandbox.baskets import Demand
from sandbox.calendar_days import Calendar
from sandbox.catalog import Assortment
from sandbox.claims import Claimants, Sale
from sandbox.draws import Draws
from sandbox.evidence import Sight, Witness
from sandbox.journeys import Intent
from sandbox.orders import Basket, code_of, fill, make_order, untaxed
from sandbox.records import Claim, LostSale, Order
from sandbox.settings import PPM, Incident, PromotionSettings, WorldSettings
from sandbox.shoppers import Shoppers, nearest_store
from sandbox.stock import Stock


@dataclass(frozen=True, slots=True)
class Served:
    """The outcome of an intent; `articles` are the article indexes of the order's lines."""

    order: Order | None
    lost: tuple[LostSale, ...]
    articles: dict[int, int]
    customer: int
    consent: bool


def sight_of(incidents: tuple[Incident, ...], consent_ppm: int) -> Sight:
    """The view while `incidents` hold; `consent_ppm` as without them."""
    works, addresses = True, True
    for incident in incidents:
        if incident.kind == "consent_drop":
            consent_ppm = min(PPM, consent_ppm * incident.amount_ppm // PPM)
        works = works and incident.kind != "broken_pixel"
        addresses = addresses and incident.kind != "broken_utm"
    return Sight(consent_ppm, works, addresses)


def heard_ppm(incidents: tuple[Incident, ...]) -> int:
    """The chance in ppm that a platform's tag fires while `incidents` hold."""
    heard = PPM
    for incident in incidents:
        if incident.kind == "broken_pixel":
            heard = heard * (PPM - min(PPM, incident.amount_ppm)) // PPM
    return heard


class Checkout:
    """Serves one buyer after the other."""

    def __init__(self, settings: WorldSettings, assortment: Assortment, stock: Stock, shoppers: Shoppers) -> None:
        self._settings, self._assortment, self._stock, self._shoppers = settings, assortment, stock, shoppers
        self._campaigns = {campaign.campaign_id: campaign for campaign in settings.campaigns}
        self._witness = Witness(settings.shop, settings.evidence, self._campaigns)
        self._claimants = Claimants(settings.claims, self._campaigns)
        self._handles = {product.product_id: product.handle for product in assortment.products}

    def serve(
        self, intent: Intent, number: int, day: date, demand: Demand, promotion: PromotionSettings | None,
        incidents: tuple[Incident, ...],
    ) -> Served:  # fmt: skip
        """The order of an intent, numbered `number`, None where the shelf had nothing; and what it wanted in vain."""
        seed, settings = self._settings.seed, self._settings.demand
        draws = Draws(seed, "basket", intent.stream)
        customer = self._customer(intent)
        buyer = self._shoppers[customer]
        wishes = demand.wishes(draws)
        nearest = nearest_store(buyer.address)
        basket = fill(wishes, self._stock, self._assortment, nearest, settings.substitute_ppm, draws)
        lost = self._lost(intent, basket, day)
        if not basket.reserved:
            return Served(None, lost, {}, customer, False)
        code = code_of(promotion, self._campaigns.get(intent.campaign_id or ""), Draws(seed, "code", intent.stream))
        first = self._assortment.articles[next(iter(wishes))].variant.product_id
        sight = sight_of(incidents, self._settings.evidence.consent_ppm)
        seeing = Draws(seed, "evidence", intent.stream)
        device, evidence, consent = self._witness.see(intent, self._handles[first], sight, seeing)
        order = make_order(
            number, intent.due_at, day, basket, self._assortment, self._settings.shop, buyer, code, device, evidence
        )
        buyer.orders += 1
        articles = {index: article for index, (article, _) in enumerate(basket.reserved)}
        return Served(order, lost, articles, customer, consent)

    def claims(
        self, intent: Intent, order: Order, consent: bool, at: int, incidents: tuple[Incident, ...], calendar: Calendar
    ) -> list[Claim]:
        """The platforms' claims on an order, a list with at most one for each."""
        sale = Sale(order, at, consent, heard_ppm(incidents))
        return self._claimants.claims(
            intent, sale, calendar.day_of, Draws(self._settings.seed, "claims", intent.stream)
        )

    def _customer(self, intent: Intent) -> int:
        if intent.customer is not None:
            return intent.customer
        draws = Draws(self._settings.seed, "buyer", intent.stream)
        orders_before = 1 + draws.below(3) if intent.kind == "repeat" else 0
        return self._shoppers.welcome(draws, orders=orders_before)

    def _lost(self, intent: Intent, basket: Basket, day: date) -> tuple[LostSale, ...]:
        rows = []
        for article, units in basket.lost.items():
            variant = self._assortment.articles[article].variant
            rows.append(
                LostSale(
                    timestamp=datetime.fromtimestamp(intent.due_at, UTC),
                    day=day,
                    variant_id=variant.variant_id,
                    units=units,
                    net_cents=untaxed(variant.price_cents * units, self._settings.shop),
                    kind=intent.kind,
                    campaign_id=intent.campaign_id,
                )
            )
        return tuple(rows)
