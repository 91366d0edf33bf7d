"""`…/events`, what happens to a brand as it happens; and `…/orders`, the newest orders."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials
from pydantic import BaseModel

from gateway.bootstrap import Ports
from gateway.domain.dashboard import money
from gateway.endpoints.access import BEARER, BrandOf, PersonOf, PortsOf, logged_in
from gateway.endpoints.dashboard import Model, chosen_model
from gateway.endpoints.problems import PROBLEMS
from gateway.identity.tokens import BadToken
from gateway.ports import FeedEntry
from gateway.settings import Settings
from pulsepoint.errors import PulsepointError
from pulsepoint.metrics.named_queries import run_named_query

router = APIRouter(prefix="/api/brands/{brand_id}", tags=["live"], responses=PROBLEMS)
LastEventId = Annotated[str | None, Header(max_length=20, description="the id of the last event seen, to go on from")]


class OrderView(BaseModel):
    """An order; `net_revenue` before returns, `channel` and `campaign` by the model (null until attributed)."""

    order_id: str
    name: str | None
    processed_at: datetime
    cancelled_at: datetime | None
    net_revenue: float
    currency: str
    country: str | None
    channel: str | None
    campaign: str | None


class Orders(BaseModel):
    """The newest orders, newest first; `model` says whose channels these are."""

    model: str
    orders: list[OrderView]


@router.get("/orders")
async def newest_orders(
    brand: BrandOf,
    person: PersonOf,
    ports: PortsOf,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
    model: Model = None,
) -> Orders:
    """The newest orders and where they came from."""
    scope, chosen = person.scope.brand(brand.brand_id), chosen_model(model, brand)
    rows = await run_named_query(ports.warehouse, scope, "newest_orders", model=chosen, limit=limit)
    orders = [OrderView(**row | {"net_revenue": money(row["net_micros"])}) for row in rows]
    return Orders(model=chosen, orders=orders)


@router.get("/events", response_class=StreamingResponse)
async def follow_events(
    request: Request,
    brand: BrandOf,
    person: PersonOf,
    ports: PortsOf,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    last_event_id: LastEventId = None,
) -> StreamingResponse:
    """Server-sent events: `order.recorded`, `alert.opened`, `alert.resolved`, `ads.synced`, from now on or after
    Last-Event-ID. `from` opens the stream; a second one says that events in between are no longer kept: read
    everything anew. The stream ends with the log-in.
    """
    settings: Settings = request.app.state.settings
    after = int(last_event_id) if last_event_id and last_event_id.isdecimal() else None
    scope = person.scope.brand(brand.brand_id)

    async def stream() -> AsyncIterator[bytes]:
        following = ports.live.follow(scope, after, idle_seconds=settings.feed_heartbeat_seconds)
        async with aclosing(following):
            async for news in following:
                if news == [] and not await _still_logged_in(ports, credentials):
                    return
                yield as_events(news)

    return StreamingResponse(stream(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _still_logged_in(ports: Ports, credentials: HTTPAuthorizationCredentials | None) -> bool:
    try:
        await logged_in(ports, credentials)
    except BadToken:
        return False
    except PulsepointError:
        return True  # the identity store did not answer now; it is asked again at the next heartbeat
    return True


def as_events(news: list[FeedEntry] | int) -> bytes:
    """What `LiveFeed.follow` tells, as a piece of an event stream; a comment where nothing happened."""
    if isinstance(news, int):
        return b"id: %d\nevent: from\ndata: {}\n\n" % news
    return b"".join(map(as_event, news)) or b": nothing new\n\n"


def as_event(entry: FeedEntry) -> bytes:
    """An entry as https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation."""
    data = orjson.dumps({**entry.body, "at": entry.created_at})
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (entry.number, entry.kind.encode(), data)
