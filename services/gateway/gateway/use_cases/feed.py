"""The newest orders, and following what happens to a brand as it happens."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from gateway.domain.brands import Brand
from gateway.domain.feed import FeedEntry
from gateway.domain.identity import Person
from gateway.live import LiveFeed
from pulsepoint.brand.vocabulary import AttributionModel
from pulsepoint.metrics.named_queries import run_named_query
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.tenancy import TenantContext


async def newest_orders(
    person: Person, brand: Brand, model: AttributionModel, limit: int, warehouse: Warehouse
) -> list[dict[str, object]]:
    """The newest orders, newest first, and of each the channel and campaign that the model credits most to."""
    scope = person.scope.brand(brand.brand_id)
    return await run_named_query(warehouse, scope, "newest_orders", model=model.value, limit=limit)


async def follow(
    live: LiveFeed,
    scope: TenantContext,
    after: int | None,
    *,
    idle_seconds: float,
    still_allowed: Callable[[], Awaitable[bool]],
) -> AsyncGenerator[list[FeedEntry] | int, None]:
    """See `LiveFeed.follow`; ends when, in an idle time, the follower is no longer allowed to."""
    async with aclosing(live.follow(scope, after, idle_seconds=idle_seconds)) as following:
        async for news in following:
            if news == [] and not await still_allowed():
                return
            yield news
