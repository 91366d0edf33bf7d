"""Attribution on memory engines: hand it events, look at what the warehouse would show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from attribution.handlers import EFFECTS, HANDLERS
from pulsepoint.adapters.memory.cache import MemoryCache
from pulsepoint.adapters.memory.document_store import MemoryDocumentStore
from pulsepoint.events.envelope import Event, Message
from pulsepoint.ports.document_store import FactRow
from pulsepoint.runtime.outcome import Outcome, Reader
from pulsepoint.runtime.pipeline import Pipeline
from pulsepoint.runtime.reader import ServiceReader
from tests.builders.orders import ORDER_ID, SCOPE


@dataclass
class StillClock:
    """A clock that stands unless moved."""

    timestamp: datetime = datetime(2026, 4, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.timestamp


@dataclass
class Recorder:
    """The ports of one service; what was appended and published stays in lists."""

    clock: StillClock = field(default_factory=StillClock)
    facts: list[FactRow] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    secrets: Any = None
    payloads: Any = None

    def __post_init__(self) -> None:
        self.cache = MemoryCache(self.clock)
        self.store = MemoryDocumentStore("attribution", self.clock)
        self.warehouse = self.bus = self

    async def append(self, facts: Sequence[FactRow]) -> frozenset[str]:
        self.facts.extend(facts)
        return frozenset()

    async def publish(self, messages: Sequence[Message]) -> None:
        self.messages.extend(messages)


class Harness:
    """One brand's attribution."""

    def __init__(self) -> None:
        self.ports = Recorder()
        self.pipeline = Pipeline("attribution", self.ports)  # type: ignore[arg-type]
        self.outcomes: list[Outcome] = []

    async def handle(self, *events: Event) -> Outcome:
        """The events through the runtime's own steps, each as if never seen before; the last outcome."""
        for event in events:

            async def work(reader: Reader, event: Event = event) -> Outcome:
                self.outcomes.append(await HANDLERS[event.type](reader, event))
                return self.outcomes[-1]

            # A fresh marker: what must hold without the runtime's own guard against redeliveries.
            await self.pipeline.execute(SCOPE, work, dedup_key=uuid4())
        return self.outcomes[-1]

    def reader(self) -> Reader:
        """A reader outside any transaction, to make facts with."""
        nowhere: Any = SimpleNamespace(scope=SCOPE)
        return ServiceReader("ingest-shopify", nowhere, nowhere, self.ports.clock)

    async def run_effects(self, *, most: int = 1000) -> int:
        """This service's own effects until none is due; how many ran. Those of the runtime's are finished unrun."""
        ran = 0
        for _ in range(most):
            self.ports.clock.timestamp += timedelta(seconds=1)
            due = await self.ports.store.claim_due_effects(self.ports.clock.now(), lease_seconds=30, limit=1)
            if not due:
                return ran
            (effect,) = due

            is_own = effect.kind in EFFECTS and EFFECTS[effect.kind].run is None
            ran += is_own

            async def work(reader: Reader, effect: Any = effect, is_own: bool = is_own) -> Outcome:
                if not is_own:
                    return Outcome()
                self.outcomes.append(await EFFECTS[effect.kind].on_success(reader, effect, None))
                return self.outcomes[-1]

            await self.pipeline.execute(SCOPE, work, dedup_key=uuid4(), finished_effect=effect)
        raise AssertionError(f"effects still due after {most}")

    def current(self, table: str, order_id: str = ORDER_ID) -> list[dict[str, Any]]:
        """The rows the warehouse's view shows: those of the head with the highest (version, digest)."""
        heads = [
            fact.row for fact in self.ports.facts if fact.table == "attributions" and fact.row["entity"] == order_id
        ]
        if not heads:
            return []
        top = max((row["version"], row["digest"]) for row in heads)
        return [
            fact.row
            for fact in self.ports.facts
            if fact.table == table
            and fact.row["entity"] == order_id
            and (fact.row["version"], fact.row["digest"]) == top
        ]

    def head(self, order_id: str = ORDER_ID) -> dict[str, Any]:
        """The order's row of `attributions_current`."""
        (row,) = self.current("attributions", order_id)
        return row

    def credits(self, order_id: str = ORDER_ID) -> list[tuple[Any, ...]]:
        """What is credited, without what depends on how often the document was written."""
        names = ("model", "entry_kind", "entry_id", "occurred_at", "channel", "paid", "campaign", "touch_at",
                 "credit_micros", "currency")  # fmt: skip
        return sorted((tuple(row[name] for name in names) for row in self.current("credits", order_id)), key=str)

    def by_channel(self, model: str = "last_touch", order_id: str = ORDER_ID) -> dict[str, int]:
        """Credited micros by channel."""
        sums: dict[str, int] = {}
        for row in self.current("credits", order_id):
            if row["model"] == model:
                sums[row["channel"]] = sums.get(row["channel"], 0) + row["credit_micros"]
        return sums

    async def document(self, order_id: str = ORDER_ID) -> dict[str, Any]:
        """The stored document."""
        data: dict[str, Any] = {}

        async def work(reader: Reader) -> Outcome:
            document = await reader.get("orders", order_id)
            data.update(document.data if document is not None else {})
            return Outcome()

        await self.pipeline.execute(SCOPE, work, dedup_key=uuid4())
        return data
