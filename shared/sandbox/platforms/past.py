"""The shop's past, as far as the next webhook needs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from file_import.webhooks import Webhook
from sandbox.platforms.bodies import ShopifyBodies, settled
from sandbox.platforms.sending import in_time_order
from sandbox.records import Happening, Order, Product, Refund, StockChange


def happened_at(item: Happening) -> datetime:
    """The moment of a happening, UTC."""
    return item.timestamp if isinstance(item, StockChange) else item.created_at


class Past:
    """Orders with their refunds, and the newest level of each item at each place."""

    def __init__(self, bodies: ShopifyBodies) -> None:
        """Nothing has happened."""
        self._bodies = bodies
        self.orders: dict[int, Order] = {}
        self._refunds: dict[int, list[Refund]] = {}
        self.levels: dict[tuple[int, int], StockChange] = {}

    def remember(self, items: Iterable[Happening]) -> None:
        """Note what happened, in order of time; a refund that is there already changes nothing."""
        for item in items:
            if isinstance(item, Order):
                self.orders[item.order_id] = item
            elif isinstance(item, Refund):
                refunds = self._refunds.setdefault(item.order_id, [])
                if all(refund.refund_id != item.refund_id for refund in refunds):
                    refunds.append(item)
            else:
                self.levels[item.inventory_item_id, item.location_id] = item

    def refunds_of(self, order_id: int) -> list[Refund]:
        """The order's refunds so far, oldest first."""
        return self._refunds.get(order_id, [])

    def webhooks_of(self, item: Happening) -> list[Webhook]:
        """The webhooks of one remembered happening, a list in order of time."""
        if isinstance(item, Order):
            return self._bodies.ordered(item)
        if isinstance(item, StockChange):
            return [self._bodies.level(item)]
        earlier = [refund for refund in self.refunds_of(item.order_id) if refund.refund_id < item.refund_id]
        return self._bodies.refunded(item, self.orders[item.order_id], earlier)

    def looking_back(self, items: Iterable[Happening]) -> list[Webhook]:
        """The webhooks of an interval of the past in order of time, levels thinned to what a look back needs."""
        every = list(items)
        levels = settled([item for item in every if isinstance(item, StockChange)])
        others = [item for item in every if not isinstance(item, StockChange)]
        return in_time_order(webhook for item in (*others, *levels) for webhook in self.webhooks_of(item))

    def catalog(self, products: Iterable[Product], at: datetime) -> list[Webhook]:
        """A list of webhooks: products with their stock, and every level, as they are `at`."""
        available: Counter[int] = Counter()
        for level in self.levels.values():
            available[level.variant_id] += level.available
        webhooks = [self._bodies.product(product, available, at) for product in products]
        return webhooks + [self._bodies.level(level) for level in self.levels.values()]

    def best_seller(self, until: datetime, days: int = 28) -> tuple[str, str] | None:
        """(sku, title) of what sold most units in the last `days` and is in stock; None where nothing is."""
        since = until - timedelta(days=days)
        sold: Counter[tuple[int, str, str]] = Counter()
        for order in self.orders.values():
            if since <= order.created_at <= until:
                for line in order.lines:
                    sold[line.variant_id, line.sku, line.title] += line.quantity
        stocked = {level.variant_id for level in self.levels.values() if level.available > 0}
        for (variant_id, sku, title), _ in sorted(sold.items(), key=lambda entry: (-entry[1], entry[0])):
            if variant_id in stocked:
                return sku, title
        return None
