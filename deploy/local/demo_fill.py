"""The demo once its sandbox runs: open the shop, keep up with its clock, fill in its past newest first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from deploy.local.demo_clients import InstanceApi, SandboxApi
from deploy.local.demo_file import DemoFile, write_demo
from pulsepoint.values import JsonObject
from sandbox.settings import WorldSettings

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
CLOCK_STEP = timedelta(hours=1)
CLOCK_SECONDS = 10.0
"""The brand's business clock is set again once it lags so far behind the world's, or so many wall seconds of it."""
CLAIM_DAYS = 28
"""Platforms restate the claims of about so many days."""
ADS_SPAN, RECENT_ADS_SPAN = 30, 2
"""How many days of ads are pulled at once; of recent days few, so that advice weighs spend with its sales beside it."""
RECENT_DAYS = 30
"""Told as fast as the instance takes it; days before that rest as long as they took, so that the page stays quick."""
MOST_WAITING = 80
"""Messages that may wait in the instance's queues before another day is told: what happens now goes first."""
SETTLED = 20
"""Messages that may wait when the past counts as told: while the shop lives there are always a few."""
LONGEST_REST = 3.0
QUIET_DAYS = 20
"""Days of the past that alerts compare with: until they are told, nothing is sent."""


@dataclass(slots=True)
class Demo:
    """A demo under way: its file, its two addresses, and how many messages wait in the instance."""

    home: Path
    file: DemoFile
    world: WorldSettings
    instance: InstanceApi
    sandbox: SandboxApi
    waiting: Callable[[], Awaitable[int]]
    state: dict[str, object]
    offset: timedelta | None = None

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.world.shop.timezone)

    @property
    def _brand(self) -> str:
        return f"/api/brands/{self.file.brand_id}"

    async def run(self) -> None:
        """Opens the shop, follows its clock and fills in its past until cancelled; raises what its requests raise."""
        await self._until_ready()
        await self._follow_clock(await self.sandbox.get("/sandbox/state"))
        if not self.file.catalog_sent:
            await self.sandbox.post("/sandbox/catalog")
            self.file.catalog_sent = True
            self._save()
        await self.sandbox.post("/sandbox/live")
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_up())
            if not self.file.filled:
                group.create_task(self._fill())

    def progress(self) -> JsonObject:
        """The progress as JSON values, as the page and the console show it: days, counts, state."""
        newest = datetime.fromisoformat(self.file.opened_at).astimezone(self._zone).date()
        oldest = date.fromisoformat(self.file.oldest_day) if self.file.oldest_day else None
        total = (newest - self._first_day).days + 1
        days_done = (newest - oldest).days + 1 if oldest else 0
        return {
            "state": "live" if self.file.filled else "filling" if self.state.get("live") else "starting",
            "brand_id": self.file.brand_id,
            "now": self.state.get("now"),
            "speed": self.state.get("speed"),
            "days_told": days_done,
            "days": total,
            "oldest_day": self.file.oldest_day,
            "webhooks": self.state.get("acknowledged", 0),
            "orders_live": self.state.get("orders_live", 0),
            "sends_alerts": self.file.sends_alerts,
            "slack": f"{self.file.sandbox_url}/slack/",
            "failed": self.state.get("failed"),
        }

    @property
    def _first_day(self) -> date:
        return self.world.ending(date.fromisoformat(self.file.last_day), self.file.days).shop.first_day

    async def _until_ready(self) -> None:
        while not (await self._look())["ready"]:  # noqa: ASYNC110 - another process is asked
            await asyncio.sleep(LOOK_SECONDS / 2)

    async def _look(self) -> JsonObject:
        state: dict[str, object] = await self.sandbox.get("/sandbox/state")
        self.state.clear()
        self.state.update(state)
        return state

    # -- the present

    async def _keep_up(self) -> None:
        """Follow the sandbox: its clock, its ads, and how far it has told the present."""
        while True:
            state = await self._look()
            self.file.played_until, self.file.strikes = state["played_until"], state["strikes"]
            self._save()
            await self._follow_clock(state)
            await asyncio.sleep(LOOK_SECONDS)

    async def _follow_clock(self, state: JsonObject) -> None:
        """Set the brand's clock where it lags, and pull the ads; after midnight also the days whose claims grow."""
        wall, now = datetime.now(UTC), datetime.fromisoformat(state["now"])
        kept = wall + self.offset if self.offset is not None else None
        today = now.astimezone(self._zone).date()
        turned = kept is None or kept.astimezone(self._zone).date() != today
        step = max(CLOCK_STEP, timedelta(seconds=CLOCK_SECONDS * state["speed"]))
        if not turned and kept is not None and abs(now - kept) < step:
            return
        self.offset = now - wall
        seconds = round(self.offset.total_seconds())
        await self.instance.put(f"{self._brand}/settings", {"clock_offset_seconds": seconds})
        start = max(today - timedelta(days=CLAIM_DAYS), self._oldest_played)
        dates = {"start_day": str(start), "end_day": str(today)} if turned else {}
        await self.instance.post(f"{self._brand}/sync", dates)

    @property
    def _oldest_played(self) -> date:
        if self.file.oldest_day is not None:
            return date.fromisoformat(self.file.oldest_day)
        return datetime.fromisoformat(self.file.opened_at).astimezone(self._zone).date()

    # -- the past

    async def _fill(self) -> None:
        day, first = self.file.next_day(self.world.shop.timezone), self._first_day
        newest = datetime.fromisoformat(self.file.opened_at).astimezone(self._zone).date()
        pulled = day + timedelta(days=1)
        while day >= first:
            if day < pulled:
                # Spend before sales: a day with sales alone would look better than it was.
                span = RECENT_ADS_SPAN if (newest - day).days <= RECENT_DAYS else ADS_SPAN
                pulled = max(day - timedelta(days=span - 1), first)
                await self.instance.post(f"{self._brand}/sync", {"start_day": str(pulled), "end_day": str(day)})
            await self._tell(day, rests=(newest - day).days > RECENT_DAYS)
            self.file.oldest_day = str(day)
            self._save()
            if not self.file.sends_alerts and (newest - day).days >= min(QUIET_DAYS, (newest - first).days):
                await self._send_alerts()
            day -= timedelta(days=1)
        self.file.filled = True
        self._save()
        log.info("demo.filled", days=(newest - first).days + 1)

    async def _tell(self, day: date, *, rests: bool) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await self._room()
        await self.sandbox.post(f"/sandbox/days/{day}")
        if rests:
            await self._room()
            await asyncio.sleep(min(loop.time() - began, LONGEST_REST))

    async def _room(self, most: int = MOST_WAITING) -> None:
        while await self.waiting() > most:  # noqa: ASYNC110 - the queues are asked
            await asyncio.sleep(0.1)

    async def _send_alerts(self) -> None:
        """From the world's now on alerts are sent; those that opened while the past came in are not."""
        await self._room(SETTLED)
        now = (await self._look())["now"]
        await self.instance.put(f"{self._brand}/settings", {"quiet_until": now})
        self.file.sends_alerts = True
        self._save()

    def _save(self) -> None:
        write_demo(self.home, self.file)
