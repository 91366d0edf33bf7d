"""Erasures are logged where no backup puts back what was before, and made again from there after one was restored.

An entry is what an erasure committed: its tombstones, its events and its effects, none of which holds a value of a
person. Committed once more it finds what came back and erases it as it did at first.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

from pulsepoint.events.catalog import BY_TYPE
from pulsepoint.events.envelope import Message, encode
from pulsepoint.ports.document_store import StoredEffect, Write
from pulsepoint.runtime.outcome import NOTHING, Effect, EffectDefinition, Outcome, Reader
from pulsepoint.runtime.pipeline import Pipeline
from pulsepoint.runtime.ports import ServicePorts
from pulsepoint.tenancy import SYSTEM, TenantContext
from pulsepoint.values import JsonObject

LOG_ERASURE = "erasure.log"
Scope = list[str] | None
"""Tenant and brand as JSON has them."""


def logged(outcome: Outcome, key: str) -> Outcome:
    """The outcome of an erasure with the effect that logs it; `key` names it among all."""
    entry = {
        "key": key,
        "writes": [
            [each.collection, each.id, each.data, _of(each.scope)] for each in outcome.writes if not each.expires_at
        ],
        "messages": [
            [message.topic, message.data.decode(), message.attributes]
            for message in (encode(event, BY_TYPE[event.type].topic) for event in outcome.events)
        ],
        "effects": [
            [each.kind, each.key, each.data, each.delay.total_seconds(), _of(each.scope)] for each in outcome.effects
        ],
    }
    return replace(outcome, effects=[*outcome.effects, Effect(LOG_ERASURE, key, entry)])


async def erase_again(pipeline: Pipeline, entry: JsonObject) -> None:
    """Commit an erasure once more in the service that logged it; raises `EngineUnavailable`."""

    async def work(reader: Reader) -> Outcome:
        return _outcome_of(entry)

    await pipeline.execute(SYSTEM, work, dedup_key=uuid4())


async def _append(ports: ServicePorts, effect: StoredEffect) -> None:
    """In the cloud nothing is to do: who goes back in time there asks for the erasures again."""
    if ports.erasure_log is not None:
        await ports.erasure_log.append(effect.data)


async def _done(reader: Reader, effect: StoredEffect, result: None) -> Outcome:
    return NOTHING


def _outcome_of(entry: JsonObject) -> Outcome:
    return Outcome(
        writes=[Write(collection, id, data, _scope(scope)) for collection, id, data, scope in entry["writes"]],
        messages=[Message(topic, data.encode(), attributes) for topic, data, attributes in entry["messages"]],
        effects=[
            Effect(kind, key, data, timedelta(seconds=delay), _scope(scope))
            for kind, key, data, delay, scope in entry["effects"]
        ],
    )


def _of(scope: TenantContext | None) -> Scope:
    return None if scope is None else [str(scope.tenant_id), str(scope.brand_id)]


def _scope(named: Scope) -> TenantContext | None:
    return None if named is None else TenantContext(UUID(named[0]), UUID(named[1]))


EFFECTS: dict[str, EffectDefinition] = {
    LOG_ERASURE: EffectDefinition(run=_append, on_success=_done, goes_on_suspended=True)
}
