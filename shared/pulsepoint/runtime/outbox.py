"""Finishes what crashes left in the outbox: many records at a time, beside whatever else the service does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog

from pulsepoint.errors import PermanentError
from pulsepoint.ports.document_store import OutboxRecord
from pulsepoint.runtime.pipeline import Pipeline

log = structlog.get_logger(__name__)
BATCH_RECORDS = 200
BATCH_FACTS = 5_000
"""So few that a new order, which is relayed beside them, waits for no more than a moment's appending."""


class OutboxRelay:
    """The outbox of one service, drained oldest first; a record that can never be relayed holds up no other."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._stuck: set[UUID] = set()

    async def drain(self, older_than: datetime) -> int:
        """Relays all records committed before `older_than`; how many. Raises `RetryableError`s of the engines."""
        store, done = self._pipeline.ports.store, 0
        while True:
            records = await store.outbox_records(older_than=older_than, limit=BATCH_RECORDS + len(self._stuck))
            fresh = [record for record in records if record.id not in self._stuck]
            if not fresh:
                return done
            for batch in batches(fresh):
                done += await self._relay(batch)
                # Forgotten at once: a second crash then begins after them.
                await self._pipeline.mark_dispatched()

    async def _relay(self, batch: Sequence[OutboxRecord]) -> int:
        try:
            await self._pipeline.relay(*batch)
        except PermanentError as error:
            if len(batch) > 1:
                return sum([await self._relay([record]) for record in batch])
            log.error("outbox.stuck", service=self._pipeline.service, record=str(batch[0].id), error=str(error)[:300])
            self._stuck.add(batch[0].id)
            return 0
        return len(batch)


def batches(records: Sequence[OutboxRecord]) -> list[list[OutboxRecord]]:
    """The records in their order, cut by their facts; no fact is twice in a batch: it is counted where it is new."""
    cut: list[list[OutboxRecord]] = []
    facts: set[object] = set()
    for record in records:
        own = {fact.row.get("fact_id") for fact in record.facts}
        if not cut or len(facts) + len(own) > BATCH_FACTS or facts & own:
            cut.append([])
            facts = set()
        cut[-1].append(record)
        facts |= own
    return cut
