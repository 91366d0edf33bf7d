"""An effect that gives up is a dead letter: told to the gateway, kept encrypted, and run again on replay."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.brand.failures import PostFailure
from pulsepoint.brand.sentences import quarantine_text
from pulsepoint.brand.texts import texts
from pulsepoint.errors import VendorError
from pulsepoint.events.commands import ReplayRequested
from pulsepoint.events.envelope import new_event
from pulsepoint.events.observability import MessageQuarantined, MessageReleased
from pulsepoint.faults import Reason
from pulsepoint.ports.document_store import Commit, StoredEffect
from pulsepoint.runtime.app import Runtime
from pulsepoint.runtime.health import fault_views
from pulsepoint.runtime.outcome import NOTHING, EffectDefinition, Outcome, Reader
from pulsepoint.runtime.routes import Routes
from pulsepoint.tenancy import TenantContext
from tests.builders.runtime import deliver, published, run_effects, running

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SCOPE = TenantContext(UUID(int=1), UUID(int=11))
ATTEMPTS = 3


class Vendor:
    """Fails until it is well; remembers what it was given."""

    def __init__(self) -> None:
        self.well = False
        self.runs: list[dict[str, Any]] = []

    async def run(self, ports: Any, effect: StoredEffect) -> None:
        self.runs.append(effect.data)
        if not self.well:
            raise VendorError("Slack answered 503", reason=PostFailure.HTTP_STATUS, names={"code": "503"})


async def concluded(reader: Reader, effect: StoredEffect, result: Any) -> Outcome:
    return NOTHING


def names_of_post(effect: StoredEffect, error: Exception) -> dict[str, str]:
    return PostFailure.names_of(error)


async def run_until_given_up(runtime: Runtime, clock: FixedClock) -> None:
    async def store(transaction: Any) -> Commit:
        return Commit(uuid4(), effects=[StoredEffect(SCOPE, "slack.post", "alert-1", NOW, {"title": "Hat is gone"})])

    await runtime.ports.store.transact(SCOPE, store)
    for _ in range(ATTEMPTS):
        await run_effects(runtime)
        clock.advance(hours=1)


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.mark.rule("SEC-10")
async def test_what_gives_up_is_listed_and_replayed_once(vendor: Vendor) -> None:
    clock = FixedClock(NOW)
    definition = EffectDefinition(
        on_success=concluded, run=vendor.run, names_of_failure=names_of_post, max_attempts=ATTEMPTS
    )
    async with running("alerting", clock, Routes(), {"slack.post": definition}) as runtime:
        await run_until_given_up(runtime, clock)
        assert len(vendor.runs) == ATTEMPTS
        [event] = published(runtime, MessageQuarantined)
        letter = event.payload
        assert (letter.kind, letter.service, letter.event_type) == ("dead_letter", "alerting", "slack.post")
        assert (letter.attempts, letter.reason) == (ATTEMPTS, "attempts_exhausted")
        assert letter.names == {"attempts": "3", "code": "503", "failure": "post_failure.http_status"}
        sentence = quarantine_text(letter.reason, letter.names, letter.explanation, texts())
        assert sentence == "given up after 3 attempts: Slack answered 503"
        await run_effects(runtime)
        assert len(vendor.runs) == ATTEMPTS, "it is not pending any more"

        vendor.well = True
        command = ReplayRequested(held_id=letter.held_id, service="alerting", requested_at=clock.now())
        calls = new_event(command, source="gateway", entity=letter.held_id, version=1, scope=SCOPE)
        assert await deliver(runtime, "commands", calls) == 204
        await run_effects(runtime)
        assert vendor.runs[-1] == {"title": "Hat is gone"}
        [released] = published(runtime, MessageReleased)
        assert (released.payload.held_id, released.payload.outcome) == (letter.held_id, "replayed")
        clock.advance(hours=1)
        await run_effects(runtime)
        assert len(vendor.runs) == ATTEMPTS + 1, "replayed once"


@pytest.mark.rule("SEC-09")
async def test_what_a_dead_letter_holds_cannot_be_read_in_the_store(vendor: Vendor) -> None:
    clock = FixedClock(NOW)
    definition = EffectDefinition(on_success=concluded, run=vendor.run, max_attempts=ATTEMPTS)
    async with running("alerting", clock, Routes(), {"slack.post": definition}) as runtime:
        await run_until_given_up(runtime, clock)
        stored: list[str] = []

        async def read(transaction: Any) -> Commit:
            for collection in ("held", "held_parts"):
                stored.extend(repr(document.data) for document in await transaction.find(collection))
            return Commit()

        await runtime.ports.store.transact(SCOPE, read)
        assert len(stored) == 2
        assert not any("Hat is gone" in text for text in stored)


async def test_an_effect_that_fails_is_a_fault_of_its_brand_until_it_succeeds(vendor: Vendor) -> None:
    clock = FixedClock(NOW)
    definition = EffectDefinition(on_success=concluded, run=vendor.run)
    async with running("alerting", clock, Routes(), {"slack.post": definition}) as runtime:
        await run_until_given_up(runtime, clock)
        [fault] = runtime.faults.current()
        assert (fault.reason, fault.scope, fault.work) == (Reason.EFFECT_FAILING, SCOPE, "alerting slack.post")
        assert (fault.since, fault.stops) == (NOW, False)
        [view] = fault_views([fault, replace(fault, scope=None)], texts())
        assert "alerting slack.post fails" in view.detail
        vendor.well = True
        await run_effects(runtime)
        assert runtime.faults.current() == ()
