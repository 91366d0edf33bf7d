"""The clockwork: an agenda of what comes next, one item after the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from heapq import heappop, heappush

from sandbox.ad_reports import AdReports, deliver
from sandbox.baskets import Demand
from sandbox.buying import Buyer, next_morning
from sandbox.calendar_days import Calendar
from sandbox.campaigns import Pressures
from sandbox.catalog import LOCATIONS, make_assortment
from sandbox.causes import causes_of, causes_of_refund
from sandbox.checkout import Checkout
from sandbox.draws import Draws
from sandbox.ground_truth import GroundTruth
from sandbox.journeys import Intent, repeat_wait
from sandbox.records import Order, Sessions, StockChange
from sandbox.returns import Comeback, foresee, make_refund
from sandbox.settings import Incident, PromotionSettings, WorldSettings
from sandbox.shoppers import Shoppers
from sandbox.stock import Purchase, Stock
from sandbox.traffic import OpenDay, Traffic

_REVIEW_AT, _COUNT_AT = 6 * 3_600, 10 * 3_600
_PLACE = {location.location_id: index for index, location in enumerate(LOCATIONS)}


@dataclass(frozen=True, slots=True)
class Review:
    """The buyer's daily look at the shelf."""


@dataclass(frozen=True, slots=True)
class Count:
    """A stocktake that finds nothing of an article."""

    article: int


@dataclass(frozen=True, slots=True)
class Return:
    """Someone who will come back on a later day."""

    stream: str
    customer: int
    acquired_by: str | None


Task = Intent | Comeback | Purchase | Review | Count


class Engine:
    """The state of a world and how it moves on, item by item and day by day."""

    def __init__(self, settings: WorldSettings) -> None:
        self.settings = settings
        self.calendar = Calendar(settings.shop.timezone)
        first = settings.shop.first_day
        created = datetime.fromtimestamp(self.calendar.starts_at(first), UTC)
        self.assortment = make_assortment(created)
        self.ground_truth, self.ads = GroundTruth(), AdReports(settings.shop)
        self.stock = Stock(self.assortment, self._record_stock)
        self.incidents = list(settings.incidents)
        self._check_skus(settings.incidents)
        self._shoppers, self._traffic = Shoppers(), Traffic(settings)
        self._pressures = Pressures(settings.campaigns)
        self._buyer = Buyer(settings, self.assortment, self.stock)
        self._checkout = Checkout(settings, self.assortment, self.stock, self._shoppers)
        self._agenda: list[tuple[int, int, Task]] = []
        self._entered = self._orders = self._refunds = 0
        self._now = self.calendar.starts_at(first)
        self._demands: dict[date, Demand] = {}
        self._returning: dict[date, list[Return]] = {}
        self._visits: dict[date, dict[str, int]] = {}
        self.today = self._open_day(first, 0)

    def _check_skus(self, incidents: tuple[Incident, ...]) -> None:
        for incident in incidents:
            if incident.sku and incident.sku not in self.assortment.by_sku:
                raise ValueError(f"incidents.{incident.kind}.sku: no article {incident.sku!r}")

    # -- time

    def advance(self, until: int) -> None:
        """Live through everything before `until`, seconds since 1970; nothing where that is past."""
        while True:
            while self._agenda and self._agenda[0][0] < min(until, self.today.ends_at):
                self._now, _, task = heappop(self._agenda)
                self._live_through(task)
            if until <= self.today.ends_at:
                return
            self.today = self._open_day(self.today.day + timedelta(days=1), self.today.number + 1)

    def advance_to_next(self) -> None:
        """Live through items until at least one happening is recorded."""
        before = len(self.ground_truth.happenings)
        while len(self.ground_truth.happenings) == before:
            if self._agenda and self._agenda[0][0] < self.today.ends_at:
                self._now, _, task = heappop(self._agenda)
                self._live_through(task)
            else:
                self.today = self._open_day(self.today.day + timedelta(days=1), self.today.number + 1)

    def strike(self, incident: Incident, at: int) -> None:
        """Add an incident, not before `at`; one that covers that day begins at once."""
        self._check_skus((incident,))
        self.advance(at)
        self.incidents.append(incident)
        self._active = self._active_on(self.today.day)
        if incident.kind == "stock_loss" and incident.when.covers(self.today.day, self.settings.shop):
            self._enter(max(self._now, at), Count(self.assortment.by_sku[incident.sku]))

    def _enter(self, at: int, task: Task) -> None:
        self._entered += 1
        heappush(self._agenda, (at, self._entered, task))

    def _active_on(self, day: date) -> tuple[Incident, ...]:
        return tuple(incident for incident in self.incidents if incident.when.covers(day, self.settings.shop))

    # -- days

    def _demand(self, day: date) -> Demand:
        if day not in self._demands:
            self._demands[day] = Demand(self.assortment, self.settings, day)
        return self._demands[day]

    def _promotion(self, day: date) -> PromotionSettings | None:
        return next((p for p in self.settings.promotions if p.when.covers(day, self.settings.shop)), None)

    def _open_day(self, day: date, number: int) -> OpenDay:
        starts_at, ends_at = self.calendar.starts_at(day), self.calendar.ends_at(day)
        campaigns = self._pressures.advance(day, self.settings.shop, self.incidents)
        self.today = today = OpenDay(day, number, starts_at, ends_at, campaigns, self._promotion(day))
        self._now, self._active = max(self._now, starts_at), self._active_on(day)
        if number == 0:
            self._buyer.open(today, self._demand(day))
        self._enter(starts_at + _REVIEW_AT, Review())
        for incident in self.incidents:
            if incident.kind == "stock_loss" and incident.when.last_start(day, self.settings.shop) == day:
                self._enter(starts_at + _COUNT_AT, Count(self.assortment.by_sku[incident.sku]))
        self._open_traffic(today)
        return today

    def _open_traffic(self, today: OpenDay) -> None:
        crowd = self._traffic.crowd(today)
        visits, intents = dict(crowd.visits), list(crowd.intents)
        visits["repeat"] = 0
        for back in self._returning.pop(today.day, ()):
            intents.append(self._traffic.returning(today, back.stream, back.customer, back.acquired_by))
        for intent in intents:
            self._enter(intent.due_at, intent)
            if intent.kind == "repeat":
                visits["repeat"] += self._traffic.visits_of_returning(intent.stream)
        self._visits[today.day] = visits
        draws = Draws(self.settings.seed, "delivery", today.day.isoformat())
        deliveries = tuple(deliver(day, crowd.clicks[day.campaign.campaign_id], draws) for day in today.campaigns)
        self.ads.open(today.day, today.starts_at, today.ends_at, deliveries)

    def sessions(self, day: date) -> tuple[Sessions, ...]:
        """A day's visits by source."""
        return tuple(Sessions(day, source, count) for source, count in sorted(self._visits[day].items()))

    # -- items

    def _live_through(self, task: Task) -> None:
        match task:
            case Intent():
                self._buy(task)
            case Comeback():
                self._come_back(task)
            case Purchase():
                if self._buyer.is_delayed(task, self.today, self._active):
                    self._enter(next_morning(self._now), task)
                else:
                    self._buyer.receive(task, self._now, self.today)
            case Review():
                days = self.today.day
                for at, purchase in self._buyer.review(
                    self._now, self.today, lambda ahead: self._demand(days + timedelta(days=ahead))
                ):
                    self._enter(at, purchase)
            case Count():
                self._count(task)

    def _count(self, task: Count) -> None:
        if self.stock.changed_at(task.article) == self._now:
            # Levels carry seconds: of two levels of one second nobody could say which is the newer.
            self._enter(self._now + 1, task)
        else:
            self._buyer.count_nothing(task.article, self._now, self.today)

    def _record_stock(self, change: StockChange) -> None:
        self.ground_truth.record(int(change.timestamp.timestamp()), change)

    def _buy(self, intent: Intent) -> None:
        demand = self._demand(self.today.day)
        result = self._checkout.serve(
            intent, self._orders + 1, self.today.day, demand, self._promotion(self.today.day), self._active
        )
        for lost in result.lost:
            self.ground_truth.lost(lost)
        if result.order is None:
            return
        self._orders += 1
        order = result.order
        self.ground_truth.record(self._now, order)
        self.ground_truth.sold(order, causes_of(intent, order, self.calendar.day_of))
        for index, line in enumerate(order.lines):
            place = _PLACE[line.location_id]
            self.stock.change(
                result.articles[index], place, -line.quantity, "order", self._now, order.day, order_id=order.order_id
            )
        for claim in self._checkout.claims(intent, order, result.consent, self._now, self._active, self.calendar):
            self.ads.claim(claim)
        self._foresee(intent, order, result.articles, result.customer, demand)

    def _foresee(self, intent: Intent, order: Order, articles: dict[int, int], customer: int, demand: Demand) -> None:
        """Settle what will come of an order: its return, its buyer's return."""
        draws = Draws(self.settings.seed, "after", intent.stream)
        comeback = foresee(order, self._now, articles, demand, self.settings, draws)
        if comeback is not None:
            self._enter(comeback.at, comeback)
        if draws.chance(self.settings.demand.repeat_ppm):
            day = self.today.day + timedelta(days=repeat_wait(draws))
            acquired_by = intent.campaign_id if intent.kind == "campaign" else intent.acquired_by
            self._returning.setdefault(day, []).append(Return(f"{intent.stream}+", customer, acquired_by))

    def _come_back(self, comeback: Comeback) -> None:
        self._refunds += 1
        refund = make_refund(comeback, self._refunds, self.today.day)
        self.ground_truth.record(self._now, refund)
        self.ground_truth.taken_back(refund, causes_of_refund(self.ground_truth.causes_of(refund.order_id), refund))
        if not comeback.restocked:
            return
        for line in refund.lines:
            self.stock.change(
                self.assortment.by_variant[line.variant_id], _PLACE[line.location_id], line.quantity,
                "cancellation" if refund.cancels else "return", self._now, refund.day, order_id=refund.order_id,
            )  # fmt: skip
