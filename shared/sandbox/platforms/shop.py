"""The shop's side of the sandbox: lives the world at the business clock's pace and sends Shopify's webhooks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from heapq import heappop, heappush
from itertools import chain
from typing import Literal
from zoneinfo import ZoneInfo

from file_import.webhooks import Webhook
from sandbox.platforms.bodies import ShopifyBodies
from sandbox.platforms.clock import BusinessClock
from sandbox.platforms.past import Past, happened_at
from sandbox.platforms.sending import Sender
from sandbox.platforms.turns import Turns
from sandbox.records import Happening
from sandbox.settings import Incident, When
from sandbox.world import World

LONGEST_NAP = 0.25
"""Wall seconds between two looks at the clock: its speed may change."""
STRIKE_DAYS = 5
Trouble = Literal["stock-out", "broken-pixel"]


class CannotStrike(Exception):
    """Nothing can be struck that way now; the message says why."""


@dataclass(frozen=True, slots=True)
class Strike:
    """An incident and the world's moment at which it began."""

    at: datetime
    incident: Incident


class Shop:
    """One shop: its past sent day by day, and its present as it happens.

    `opened_at` is the world's moment of the first start: what came before is past, what comes after is live.
    `played_until` is how far the live part had been played; later starts resume there. `strikes` are those of earlier
    starts: they happen again at the same moments, so that the world is the same.
    """

    def __init__(
        self,
        turns: Turns,
        clock: BusinessClock,
        sender: Sender,
        *,
        opened_at: datetime,
        played_until: datetime | None = None,
        strikes: Sequence[Strike] = (),
    ) -> None:
        self._turns, self.clock, self.sender = turns, clock, sender
        self.opened_at = opened_at
        self.played_until = played_until or opened_at
        self.strikes = list(strikes)
        self._zone = ZoneInfo(turns.settings.shop.timezone)
        self.past = Past(ShopifyBodies(turns.settings.shop.timezone))
        self._early: list[Happening] = []
        self._lived_until = opened_at
        self._waiting: list[tuple[datetime, int, Webhook]] = []
        self._waited = 0
        self.orders_live = 0

    @property
    def history_ends(self) -> date:
        """The day of the first start: the newest that is past, in part."""
        return self.opened_at.astimezone(self._zone).date()

    async def prepare(self) -> None:
        """Live through everything until `played_until`: the first days take a while, in a thread."""
        await self._turns.later(self._catch_up)
        self._turns.ready.set()

    def _catch_up(self, world: World) -> None:
        moments = [self.played_until, *(strike.at for strike in self.strikes)]
        live_from = min(min(moments).astimezone(self._zone).date(), self.history_ends)
        day = self._turns.settings.shop.first_day
        while day < live_from:
            happened = world.day(day)
            self.past.remember(in_order((*happened.orders, *happened.refunds, *happened.stock_changes)))
            day += timedelta(days=1)
        self._lived_until = datetime.combine(live_from, datetime.min.time(), self._zone) - timedelta(seconds=1)
        for strike in self.strikes:
            self._take(world, strike.at)
            world.strike(strike.incident, after=strike.at)
        self._take(world, self.played_until)

    def _take(self, world: World, until: datetime) -> None:
        """Live through everything until then, and line up the webhooks that it makes."""
        passed = world.between(self._lived_until, until)
        self._lived_until = max(self._lived_until, until)
        self.past.remember(passed)
        self._early += [
            item
            for item in passed
            if happened_at(item) <= self.opened_at
            and happened_at(item).astimezone(self._zone).date() == self.history_ends
        ]
        for webhook in chain.from_iterable(map(self.past.webhooks_of, passed)):
            if webhook.occurred_at > self.played_until:
                self._waited += 1
                heappush(self._waiting, (webhook.occurred_at, self._waited, webhook))

    async def send_catalog(self) -> int:
        """Products and stock as they are now; how many webhooks that took."""
        products = await self._turns.later(lambda world: world.catalog())
        return await self.sender.send(self.past.catalog(products, self.played_until))

    async def send_day(self, day: date) -> int:
        """One day of the past; how many webhooks that took. Raises `ValueError` for a day that is not past."""
        if day > self.history_ends:
            raise ValueError(f"{day} is not past")
        if day == self.history_ends:
            items: Iterable[Happening] = self._early
        else:
            history = await self._turns.later(lambda world: world.day(day))
            items = (*history.orders, *history.refunds, *history.stock_changes)
        return await self.sender.send(self.past.looking_back(items))

    async def live(self) -> None:
        """Send everything as it happens, a look every quarter of a second, until cancelled."""
        while True:
            now = self.clock.now()
            await self._turns.later(lambda world, until=now: self._take(world, until))  # type: ignore[misc]
            due: list[Webhook] = []
            while self._waiting and self._waiting[0][0] <= now:
                due.append(heappop(self._waiting)[2])
            if due:
                await self.sender.send(due)
                self.orders_live += sum(webhook.topic == "orders/create" for webhook in due)
            self.played_until = now
            await asyncio.sleep(LONGEST_NAP)

    async def strike(self, trouble: Trouble) -> dict[str, object]:
        """Let something go wrong now; what it is. Raises `CannotStrike`."""
        now = self.clock.now()
        day = (now.astimezone(self._zone).date() - self._turns.settings.shop.first_day).days
        when = When(days=STRIKE_DAYS, on_day=day)
        report: dict[str, object] = {"trouble": trouble, "at": now.isoformat()}
        if trouble == "stock-out":
            best_seller = self.past.best_seller(now)
            if best_seller is None:
                raise CannotStrike("nothing that sells is in stock")
            incidents = [Incident("stock_loss", when, sku=best_seller[0])]
            report |= {"sku": best_seller[0], "title": best_seller[1], "items": self._items_of(best_seller[0])}
        else:
            incidents = [Incident("broken_pixel", when, amount_ppm=900_000), Incident("broken_utm", when)]
        await self._turns.later(lambda world: self._strike(world, now, incidents))
        return report

    def _strike(self, world: World, now: datetime, incidents: Sequence[Incident]) -> None:
        # As a later start will do it: everything until now, then the incident.
        self._take(world, now)
        for incident in incidents:
            world.strike(incident, after=now)
            self.strikes.append(Strike(now, incident))

    def _items_of(self, sku: str) -> list[int]:
        variants = {line.variant_id for order in self.past.orders.values() for line in order.lines if line.sku == sku}
        return sorted({lv.inventory_item_id for lv in self.past.levels.values() if lv.variant_id in variants})


def in_order(items: Iterable[Happening]) -> list[Happening]:
    """Happenings by time; those of one moment as they were given."""
    return sorted(items, key=happened_at)
