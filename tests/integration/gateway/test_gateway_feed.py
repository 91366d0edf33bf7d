"""What open pages are told live: numbered by brand, resumed where they left off, nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest

from gateway.domain.feed import KEPT, FeedEntry, FeedPlace
from gateway.live import LiveFeed
from pulsepoint.events.ads import AdsSynced
from pulsepoint.events.alerts import AlertOpened, AlertResolved
from pulsepoint.events.envelope import Payload, new_event
from pulsepoint.ports.document_store import Commit, Transaction, Write
from pulsepoint.tenancy import TenantContext
from tests.builders.browser import served
from tests.builders.identity_store import RunningGateway, brand_body, running_gateway
from tests.builders.orders import order
from tests.builders.runtime import deliver

TOPICS = {"order.recorded": "orders", "alert.opened": "alerts", "alert.resolved": "alerts", "ads.synced": "ads"}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(scope="module")
async def live(server: str) -> AsyncIterator[tuple[RunningGateway, str]]:
    """A gateway served on a port, whose feed is quick."""
    quick = {"feed_poll_seconds": 0.02, "feed_heartbeat_seconds": 0.3}
    async with running_gateway(server, **quick) as gateway, served(gateway) as address:
        yield gateway, address


async def a_brand(gateway: RunningGateway, **changes: Any) -> tuple[str, TenantContext]:
    """A token and the scope of a brand of a new tenant."""
    email = f"{uuid4().hex}@feed.example"
    tenant = await gateway.person(email, "admin")
    async with await gateway.login(email) as client:
        brand_id = (await client.post("/api/brands", json=brand_body(**changes))).json()["brand_id"]
    return await gateway.token(email), TenantContext(tenant, UUID(brand_id))


async def tell(gateway: RunningGateway, scope: TenantContext, payload: Payload, entity: str = "e") -> None:
    """Deliver an event twice, as a bus may."""
    event = new_event(
        payload, source="test", entity=entity, version=1, scope=scope, time=datetime.now(UTC),
        traceparent=f"00-{TRACE}-00f067aa0ba902b7-01",
    )  # fmt: skip
    for _ in range(2):
        assert await deliver(gateway.runtime, TOPICS[payload.TYPE], event) == 204


async def tell_order(gateway: RunningGateway, scope: TenantContext, order_id: str, ago: timedelta) -> None:
    await tell(gateway, scope, order(order_id, processed_at=datetime.now(UTC) - ago), order_id)


class Stream:
    """Events of an open stream, one at a time."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def next(self) -> tuple[int, str, dict[str, Any]]:
        """(id, kind, data) of the next event; comments are passed over."""
        event: dict[str, str] = {}
        async with asyncio.timeout(10):
            async for line in self._lines:
                if line.startswith(":"):
                    continue
                if not line and event:
                    return int(event["id"]), event["event"], orjson.loads(event["data"])
                name, _, value = line.partition(": ")
                if name:
                    event[name] = value
        raise AssertionError("the stream ended")

    async def ended(self) -> None:
        """Wait until the server ends the stream."""
        async with asyncio.timeout(10):
            async for _ in self._lines:
                pass

    async def comment(self) -> None:
        """Wait for a heartbeat."""
        async with asyncio.timeout(10):
            async for line in self._lines:
                if line.startswith(":"):
                    return
        raise AssertionError("the stream ended")


@asynccontextmanager
async def following(address: str, token: str, brand_id: UUID, after: int | None = None) -> AsyncIterator[Stream]:
    headers = {"Authorization": f"Bearer {token}"} | ({} if after is None else {"Last-Event-ID": str(after)})
    async with (
        httpx.AsyncClient(base_url=address, headers=headers, trust_env=False, timeout=10) as client,
        client.stream("GET", f"/api/brands/{brand_id}/events") as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Stream(answer.aiter_lines())


async def test_an_order_of_now_is_told_once_and_one_of_long_ago_never(live: tuple[RunningGateway, str]) -> None:
    gateway, address = live
    token, scope = await a_brand(gateway)
    async with following(address, token, scope.brand_id) as stream:
        assert (await stream.next())[:2] == (0, "from")
        await tell_order(gateway, scope, "old", timedelta(days=3))
        await tell_order(gateway, scope, "one", timedelta(hours=1))
        await tell_order(gateway, scope, "two", timedelta())
        number, kind, events = await stream.next()
        assert (number, kind, events["order_id"], events["net_revenue"]) == (1, "order.recorded", "one", 100.0)
        assert (await stream.next())[2]["order_id"] == "two"


async def test_now_is_by_the_brands_own_clock(live: tuple[RunningGateway, str]) -> None:
    gateway, address = live
    days = timedelta(days=400)
    token, scope = await a_brand(gateway, clock_offset_seconds=-int(days.total_seconds()))
    async with following(address, token, scope.brand_id) as stream:
        await stream.next()
        await tell_order(gateway, scope, "wall", timedelta())
        await tell_order(gateway, scope, "business", days)
        assert (await stream.next())[2]["order_id"] == "business"


async def test_a_stream_goes_on_after_the_last_event_seen(live: tuple[RunningGateway, str]) -> None:
    gateway, address = live
    token, scope = await a_brand(gateway)
    for number in range(1, 6):
        await tell_order(gateway, scope, f"o{number}", timedelta())
    async with following(address, token, scope.brand_id, after=3) as stream:
        assert (await stream.next())[:2] == (3, "from")
        assert [(await stream.next())[2]["order_id"] for _ in range(2)] == ["o4", "o5"]
        await tell_order(gateway, scope, "o6", timedelta())
        assert (await stream.next())[:2] == (6, "order.recorded")


async def test_another_tenants_stream_shows_nothing_of_it(live: tuple[RunningGateway, str]) -> None:
    gateway, address = live
    _, scope = await a_brand(gateway)
    other_token, other = await a_brand(gateway)
    async with following(address, other_token, other.brand_id) as stream:
        await stream.next()
        await tell_order(gateway, scope, "theirs", timedelta())
        await tell_order(gateway, other, "own", timedelta())
        assert (await stream.next())[2]["order_id"] == "own"
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        path = f"/api/brands/{scope.brand_id}/events"
        foreign = await client.get(path, headers={"Authorization": f"Bearer {other_token}"})
        assert foreign.status_code == 404
        assert (await client.get(path)).status_code == 401


async def test_alerts_and_pulls_are_told_and_an_alert_knows_its_trace(live: tuple[RunningGateway, str]) -> None:
    gateway, address = live
    token, scope = await a_brand(gateway)
    at = datetime.now(UTC)
    opened = AlertOpened(
        alert_id="a", type="roas_drop", severity="warning", subject="s", title="T", explanation="e",
        recommended_action="r", opened_at=at,
    )  # fmt: skip
    pull = {"platform": "meta", "account_id": "1", "start_day": at.date(), "end_day": at.date(), "rows": 1}
    async with following(address, token, scope.brand_id) as stream:
        await stream.next()
        await tell(gateway, scope, opened)
        await tell(gateway, scope, AdsSynced(**pull, changed=0, synced_at=at), "nothing new")
        await tell(gateway, scope, AdsSynced(**pull, changed=1, synced_at=at + timedelta(seconds=1)))
        await tell(gateway, scope, AlertResolved(alert_id="a", resolved_at=at, explanation="e"))
        events = [await stream.next() for _ in range(3)]
    assert [(number, kind) for number, kind, _ in events] == [
        (1, "alert.opened"),
        (2, "ads.synced"),
        (3, "alert.resolved"),
    ]
    assert await gateway.ports.identity_store.alert_traces(scope, scope.brand_id) == {"a": TRACE}


async def test_a_quiet_stream_has_a_heartbeat_and_ends_with_the_log_in(live: tuple[RunningGateway, str]) -> None:
    gateway, address = live
    token, scope = await a_brand(gateway)
    async with following(address, token, scope.brand_id) as stream:
        await stream.comment()

        async def disable(transaction: Transaction) -> Commit:
            [user] = await transaction.find("users", {"tenant_id": str(scope.tenant_id)})
            return Commit(writes=[Write("users", user.id, {**user.data, "disabled_at": datetime.now(UTC).isoformat()})])

        await gateway.ports.store.transact(TenantContext(scope.tenant_id), disable)
        await stream.ended()


async def test_concurrent_events_get_numbers_without_gaps_and_the_oldest_are_dropped(
    live: tuple[RunningGateway, str],
) -> None:
    gateway, _ = live
    _, scope = await a_brand(gateway)
    now = datetime.now(UTC).isoformat()

    async def add(first: int, many: int) -> None:
        async def work(transaction: Transaction) -> Commit:
            row = {"kind": "k", "body": {}, "created_at": now}
            return Commit(writes=[Write("feed", f"{first}-{each}", row) for each in range(many)])

        await gateway.ports.store.transact(scope, work)

    await asyncio.gather(*(add(each, 6) for each in range(8)))
    feed = gateway.ports.live._feed
    assert [entry.number for entry in await feed.since(scope, 0, limit=100)] == list(range(1, 49))
    for each in range(3):
        await add(1000 + each, 400)
    kept = await feed.since(scope, 0, limit=2 * KEPT)
    assert (len(kept), kept[-1].number) == (KEPT, 48 + 1200)


class CountedFeed:
    """A feed in memory that remembers what it was asked."""

    def __init__(self) -> None:
        self.entries: list[FeedEntry] = []
        self.look_sizes: list[int] = []
        self.first_look = asyncio.Event()
        self.caught_up = 0

    async def newest(self, scope: TenantContext) -> int:
        return self.entries[-1].number if self.entries else 0

    async def since(self, scope: TenantContext, number: int, *, limit: int) -> list[FeedEntry]:
        self.caught_up += 1
        return [entry for entry in self.entries if entry.number > number][:limit]

    async def after(self, places: Sequence[FeedPlace], *, limit: int) -> list[FeedEntry]:
        self.look_sizes.append(len(places))
        self.first_look.set()
        return [entry for place in places for entry in self.entries if entry.number > place.number][:limit]

    def add(self, scope: TenantContext, number: int) -> None:
        self.entries.append(FeedEntry(scope.tenant_id, scope.brand_id, number, "k", {}, datetime.now(UTC)))


async def heard(live: LiveFeed, scope: TenantContext, after: int | None, count: int) -> list[int]:
    """The first numbers a follower hears; announcements of a place as negative numbers."""
    numbers: list[int] = []
    async for news in live.follow(scope, after, idle_seconds=5):
        numbers += [-news] if isinstance(news, int) else [entry.number for entry in news]
        if len(numbers) >= count:
            break
    return numbers


async def test_many_pages_cost_one_look() -> None:
    scope, feed = TenantContext(uuid4(), uuid4()), CountedFeed()
    live = LiveFeed(feed, poll_seconds=0.01)
    followers = [asyncio.create_task(heard(live, scope, None, 3)) for _ in range(50)]
    await feed.first_look.wait()
    feed.add(scope, 1)
    feed.add(scope, 2)
    async with asyncio.timeout(5):
        assert await asyncio.gather(*followers) == [[0, 1, 2]] * 50
    assert set(feed.look_sizes) == {1}
    assert feed.caught_up == 0
    live.close()


async def test_a_page_that_comes_back_too_late_is_told_to_read_everything_anew() -> None:
    scope, feed = TenantContext(uuid4(), uuid4()), CountedFeed()
    for number in (8, 9):
        feed.add(scope, number)
    live = LiveFeed(feed, poll_seconds=0.01)
    assert await heard(live, scope, 3, 4) == [-3, -7, 8, 9]
    live.close()


async def test_closing_ends_every_stream() -> None:
    scope, feed = TenantContext(uuid4(), uuid4()), CountedFeed()
    live = LiveFeed(feed, poll_seconds=0.01)
    followers = [asyncio.create_task(heard(live, scope, None, 9)) for _ in range(3)]
    await feed.first_look.wait()
    live.close()
    async with asyncio.timeout(2):
        assert await asyncio.gather(*followers) == [[0]] * 3
