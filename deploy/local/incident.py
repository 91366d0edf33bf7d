"""`python -m deploy.local.incident`: let something go wrong in the demo's shop, and watch it come through.

From cause to webhook to assessment to alert to Slack message to trace, each step read where a person would read it:
the sandbox, the instance's own API, and the message itself.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import httpx
import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from deploy.cli.home import InstanceAccess, NoInstance, home_directory, read_access
from deploy.local.demo_clients import InstanceApi, SandboxApi, Unanswered
from deploy.local.demo_file import DemoFile, read_demo
from pulsepoint.brand.vocabulary import AlertType

Trouble = Literal["stock-out", "broken-pixel"]
LOOK_SECONDS = 1.5
PATIENCE_SECONDS = 600.0
HURRY = 3_600.0
"""World seconds a second while a broken pixel is followed: ROAS is judged by whole days."""

app = typer.Typer(add_completion=False, help=__doc__)


@dataclass(slots=True)
class Step:
    """One station; `told` is empty until it is reached, `after` the seconds since the cause."""

    name: str
    look: Callable[[], Awaitable[str | None]]
    reached: str = ""
    after: float | None = None


@dataclass(slots=True)
class Incident:
    """An incident being followed, and what is known of it so far."""

    api: InstanceApi
    sandbox: SandboxApi
    brand: str
    sent_before: int
    alerts_before: frozenset[str]
    messages_before: int
    cause: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)

    async def level(self) -> str | None:
        """The stock level that says nothing is left, in words; None until it is sent."""
        for delivery in await self._sent():
            hit = delivery["topic"] == "inventory_levels/update" and delivery["resource_id"] in self.cause["items"]
            if hit and delivery["available"] == 0:
                return f"inventory_levels/update, available 0, acknowledged in {delivery['sent_ms']} ms"
        return None

    async def blind_order(self) -> str | None:
        """The first order that comes without its origin, in words; None until it is sent."""
        for delivery in await self._sent():
            if delivery["topic"] == "orders/create":
                return f"orders/create without click or campaign, acknowledged in {delivery['sent_ms']} ms"
        return None

    async def assessed(self) -> str | None:
        """The article on the dashboard's list of what runs out."""
        dashboard = await self.api.get(f"/api/brands/{self.brand}/dashboard")
        for row in dashboard["inventory"]["running_out"]:
            if row["sku"] == self.cause["sku"] and row["status"] in ("out_of_stock", "critical"):
                self.seen["product"] = row["title"]
                cover = "nothing left" if not row["available"] else f"{row['days_of_cover']:.1f} days of cover"
                return f"{row['sku']} is {row['status'].replace('_', ' ')}: {row['available']} available, {cover}"
        return None

    async def stock_alert(self) -> str | None:
        """The alert on the article, in words; None until it opens."""
        return await self._alert(
            lambda alert: alert["type"] == AlertType.STOCKOUT_RISK and alert["product"] == self._product()
        )

    async def roas_alert(self) -> str | None:
        """The alert on a channel whose ROAS fell, in words; None until it opens."""
        return await self._alert(lambda alert: alert["type"] == AlertType.ROAS_DROP)

    async def message(self) -> str | None:
        """The message in Slack and the trace it names, in words; None until it is posted."""
        payload = await self.sandbox.get("/slack/messages", after=self.messages_before)
        for sent in payload["messages"]:
            if sent["message"].get("text") == self.seen["title"] and sent["trace_id"]:
                self.seen["trace_id"] = sent["trace_id"]
                return f"“{sent['message']['text']}”, trace {sent['trace_id']}"
        return None

    async def level_trace(self) -> str | None:
        """The way from the stock level to the message, in words; None until the trace is whole."""
        return await self._trace("inventory_levels/update")

    async def order_trace(self) -> str | None:
        """The way from an order to the message, in words; None until the trace is whole."""
        return await self._trace("orders/create")

    async def _trace(self, topic: str) -> str | None:
        try:
            trace = await self.api.get(f"/api/traces/{self.seen['trace_id']}")
        except Unanswered:
            return None
        way = way_from(topic, trace["hops"], self.seen["trace_id"])
        if not way:
            return None
        names = dict.fromkeys(span["service"] for span in way)
        return f"Shopify {topic} → {' → '.join(names)} → Slack, {took(way):.1f} s"

    async def _sent(self) -> list[dict[str, object]]:
        payload = await self.sandbox.get("/sandbox/sent", after=self.sent_before)
        sent: list[dict[str, object]] = payload["sent"]
        return sent

    async def _alert(self, matches: Callable[[dict[str, object]], bool]) -> str | None:
        payload = await self.api.get(f"/api/brands/{self.brand}/alerts")
        for alert in payload["alerts"]:
            if alert["alert_id"] not in self.alerts_before and matches(alert):
                self.seen["title"] = alert["title"]
                return f"{alert['severity']}: {alert['title']}"
        return None

    def _product(self) -> object:
        return self.seen["product"]


def way_from(topic: str, spans: Sequence[dict[str, Any]], trace_id: str) -> list[dict[str, Any]]:
    """The shortest way by parents and links from a webhook of `topic` to the post in Slack; empty while there is none.

    `spans` as `GET /api/traces/{id}` returns them, in its field `hops`.
    """
    by_id = {(span["trace_id"], span["span_id"]): span for span in spans}
    ways = deque([span] for span in spans if span["trace_id"] == trace_id and span["name"] == "effect slack.post")
    visited: set[tuple[str, str]] = set()
    while ways:
        way = ways.popleft()
        first = way[0]
        if first["attributes"].get("shopify.topic") == topic and first["name"].startswith("POST /webhooks"):
            return way
        causes = [(trace, span_id) for trace, span_id in first["links"]]
        if first["parent_span_id"]:
            causes.append((first["trace_id"], first["parent_span_id"]))
        for cause in causes:
            if cause in by_id and cause not in visited:
                visited.add(cause)
                ways.append([by_id[cause], *way])
    return []


def took(way: Sequence[dict[str, Any]]) -> float:
    """Seconds from the beginning of the first span to the end of the last."""
    began, ended = (datetime.fromisoformat(way[index]["started_at"]) for index in (0, -1))
    return (ended - began).total_seconds() + int(way[-1]["duration_us"]) / 1e6


@app.command()
def follow(trouble: str = typer.Argument("stock-out", help="stock-out or broken-pixel")) -> None:
    """Let something go wrong in the running demo, and follow it to its trace; exit code 1 where that never comes."""
    console = Console()
    if trouble not in ("stock-out", "broken-pixel"):
        console.print(f"There is no incident {trouble!r}: choose stock-out or broken-pixel.", markup=False)
        raise typer.Exit(2)
    try:
        done = asyncio.run(_run(trouble, console))  # type: ignore[arg-type]
    except (NoInstance, Unanswered) as error:
        console.print(str(error), markup=False, highlight=False)
        raise typer.Exit(1) from None
    except httpx.TransportError as error:
        console.print(f"The instance or its sandbox went away ({type(error).__name__}). Start it with `make run`.")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    raise typer.Exit(0 if done else 1)


async def _run(trouble: Trouble, console: Console) -> bool:
    access = read_access(home_directory())
    file = read_demo(access.home)
    if file is None or file.brand_id is None:
        raise NoInstance(f"No demo runs in {access.home.resolve()}: start one with `make run` (PULSEPOINT_DEMO=1).")
    async with _clients(access, file) as (api, sandbox):
        speed = await _until_it_can(sandbox, access, console)
        incident = await _strike(trouble, api, sandbox, file.brand_id)
        try:
            if trouble == "broken-pixel":
                await sandbox.post("/sandbox/speed", {"speed": HURRY})
            return await _watch(trouble, incident, file, console)
        finally:
            with suppress(httpx.TransportError):
                await sandbox.post("/sandbox/speed", {"speed": speed})


@asynccontextmanager
async def _clients(access: InstanceAccess, file: DemoFile) -> AsyncIterator[tuple[InstanceApi, SandboxApi]]:
    async with (
        httpx.AsyncClient(base_url=access.address, trust_env=False) as instance,
        httpx.AsyncClient(base_url=file.sandbox_url, trust_env=False) as sandbox,
    ):
        try:
            await instance.get("/healthz")
            await sandbox.get("/slack/messages")
        except httpx.TransportError:
            raise NoInstance(
                f"No instance with a demo answers at {access.address} (its directory is {access.home.resolve()})."
                " Start it with `make run`, and leave it running."
            ) from None
        yield InstanceApi(instance, (access.email, access.password)), SandboxApi(sandbox, file.control_token)


async def _until_it_can(sandbox: SandboxApi, access: InstanceAccess, console: Console) -> float:
    """Wait until alerts are sent; the demo's speed."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    announced = False
    while time.monotonic() < deadline:
        file = read_demo(access.home)
        state = await sandbox.get("/sandbox/state")
        if file is not None and file.sends_alerts and state["live"]:
            return float(state["speed"])
        if not announced:
            console.print("The demo is still telling its last weeks; alerts are sent after that. Waiting.")
            announced = True
        await asyncio.sleep(LOOK_SECONDS)
    raise NoInstance("The demo does not send alerts yet. Look at the instance's log, then try again.")


async def _strike(trouble: Trouble, api: InstanceApi, sandbox: SandboxApi, brand: str) -> Incident:
    alerts = (await api.get(f"/api/brands/{brand}/alerts"))["alerts"]
    messages = (await sandbox.get("/slack/messages"))["messages"]
    sent = (await sandbox.get("/sandbox/state"))["acknowledged"]
    incident = Incident(
        api,
        sandbox,
        brand,
        sent_before=sent,
        alerts_before=frozenset(alert["alert_id"] for alert in alerts),
        messages_before=max((alert["number"] for alert in messages), default=0),
    )
    incident.cause = await sandbox.post("/sandbox/strikes", {"trouble": trouble})
    return incident


def steps_of(trouble: Trouble, incident: Incident) -> list[Step]:
    """The stations of an incident, in order."""
    if trouble == "stock-out":
        return [
            Step("Webhook", incident.level),
            Step("Assessment", incident.assessed),
            Step("Alert", incident.stock_alert),
            Step("Slack message", incident.message),
            Step("Trace", incident.level_trace),
        ]
    return [
        Step("Webhook", incident.blind_order),
        Step("Alert", incident.roas_alert),
        Step("Slack message", incident.message),
        Step("Trace", incident.order_trace),
    ]


async def _watch(trouble: Trouble, incident: Incident, file: DemoFile, console: Console) -> bool:
    steps = steps_of(trouble, incident)
    began = time.monotonic()
    cause = _words_of(trouble, incident.cause)
    with Live(_table(cause, steps, began), console=console, refresh_per_second=4) as live:
        for step in steps:
            while time.monotonic() - began < PATIENCE_SECONDS:
                reached = await step.look()
                if reached:
                    step.reached, step.after = reached, time.monotonic() - began
                    break
                live.update(_table(cause, steps, began))
                await asyncio.sleep(LOOK_SECONDS)
            live.update(_table(cause, steps, began))
            if not step.reached:
                break
    if not steps[-1].reached:
        missing = next(step.name for step in steps if not step.reached)
        console.print(f"No {missing.lower()} came in {PATIENCE_SECONDS:.0f} s. The instance's log may say why.")
        return False
    console.print(f"\nThe messages: {file.sandbox_url}/slack/", highlight=False)
    return True


def _words_of(trouble: Trouble, cause: dict[str, object]) -> str:
    if trouble == "stock-out":
        return f"A stocktake finds nothing left of the best seller {cause['title']} ({cause['sku']})"
    return "The pixel breaks and landing pages lose their UTMs: orders no longer say where they came from"


def _table(cause: str, steps: list[Step], began: float) -> Table:
    table = Table(expand=True, show_lines=False)
    table.add_column("Station", no_wrap=True)
    table.add_column("What is there")
    table.add_column("After", justify="right", no_wrap=True)
    table.add_row("Cause", cause, "0.0 s")
    waiting = False
    for step in steps:
        if step.reached:
            table.add_row(step.name, step.reached, f"{step.after:.1f} s")
        elif not waiting:
            waiting = True
            table.add_row(f"[yellow]{step.name}[/]", "[yellow]waiting …[/]", f"{time.monotonic() - began:.0f} s")
        else:
            table.add_row(f"[dim]{step.name}[/]", "", "")
    return table


if __name__ == "__main__":
    app()
