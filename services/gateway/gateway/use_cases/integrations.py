"""A brand's ad accounts: how their last pull went, and asking for another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from gateway.domain.brands import Brand
from gateway.domain.identity import Person
from gateway.ports import Commands, IdentityStore
from pulsepoint.brand.vocabulary import Platform
from pulsepoint.errors import MalformedInput
from pulsepoint.events.commands import SyncRequested
from pulsepoint.ports.clock import Clock
from pulsepoint.runtime.outcome import Outcome, Reader


@dataclass(frozen=True, slots=True)
class Connection:
    """One ad account; `status` is connecting, connected, failed (tried again by itself), needs_attention (a person
    must act) or disconnected. Why the last pull failed: its kind and names, or the sentence that an earlier release
    made."""

    platform: str
    account_id: str
    status: str
    last_synced_at: datetime | None = None
    sync_error_message: str | None = None
    sync_failure: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)


async def connections_of(person: Person, brand: Brand, identity_store: IdentityStore) -> list[Connection]:
    """The brand's ad accounts by platform and account; those never pulled yet come last, as connecting."""
    rows = await identity_store.integrations(person.scope, brand.brand_id)
    listed = [_connection(row) for row in rows]
    synced = {(each.platform, each.account_id) for each in listed}
    waiting = [
        Connection(account.platform.value, account.account_id, "connecting")
        for account in brand.settings.ad_accounts
        if (account.platform.value, account.account_id) not in synced
    ]
    return listed + waiting


def _connection(row: Mapping[str, Any]) -> Connection:
    kept = ("platform", "account_id", "status", "last_synced_at", "sync_error_message")
    failure = row["sync_failure"] or {"failure": None, "names": {}}
    return Connection(**{name: row[name] for name in kept}, sync_failure=failure["failure"], names=failure["names"])


async def request_sync(
    person: Person,
    brand: Brand,
    *,
    platform: Platform | None,
    start_day: date | None,
    end_day: date | None,
    commands: Commands,
    clock: Clock,
) -> datetime:
    """Have the brand's ad accounts pulled, of all platforms where none is named; returns when this was asked for.

    Days are the account's own, both included; without them yesterday and today. Raises `MalformedInput` for days in
    the wrong order.
    """
    if start_day and end_day and start_day > end_day:
        raise MalformedInput("start_day must not be after end_day")
    now = clock.now()
    command = SyncRequested(platform=platform, start_day=start_day, end_day=end_day, requested_at=now)

    async def work(reader: Reader) -> Outcome:
        version = int(now.timestamp() * 1_000_000)
        return Outcome(events=[reader.event(command, entity=str(brand.brand_id), version=version)])

    await commands.execute(person.scope.brand(brand.brand_id), work, dedup_key=uuid4())
    return now
