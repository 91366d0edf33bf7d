"""What the gateway keeps of events: quarantined messages, connections, requests, traces."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from pulsepoint.events.ads import AdsSynced, AdsSyncFailed
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.events.commands import ReplayRequested
from pulsepoint.events.envelope import Payload, decode, new_event
from pulsepoint.events.observability import MessageQuarantined, MessageReleased, SpanRecord, SpansRecorded
from pulsepoint.events.privacy import AppUninstalled, SubjectDataRequested
from pulsepoint.tenancy import SYSTEM, TenantContext
from tests.builders.identity_store import RunningGateway, brand_body
from tests.builders.runtime import deliver, published

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def tell(gateway: RunningGateway, topic: str, scope: TenantContext, payload: Payload) -> None:
    """Deliver an event, twice: at least once is what a bus promises."""
    event = new_event(payload, source="test", entity=str(uuid4()), version=1, scope=scope, time=NOW)
    assert await deliver(gateway.runtime, topic, event) == 204
    assert await deliver(gateway.runtime, topic, event) == 204


async def a_tenant(gateway: RunningGateway) -> tuple[str, TenantContext]:
    """An admin's address and the scope of a brand of theirs."""
    email = f"{uuid4().hex}@events.example"
    tenant = await gateway.person(email, "admin")
    async with await gateway.login(email) as client:
        brand_id = (await client.post("/api/brands", json=brand_body())).json()["brand_id"]
    return email, TenantContext(tenant, UUID(brand_id))


def quarantined(held_id: str, at: datetime, **changes: Any) -> MessageQuarantined:
    fields: dict[str, Any] = {
        "held_id": held_id, "kind": "quarantine", "service": "attribution", "subscription": "attribution.orders",
        "event_type": "order.recorded", "reason": "malformed", "explanation": "no currency", "size_bytes": 9,
        "attempts": 1, "held_at": at, "expires_at": at + timedelta(days=14),
    }  # fmt: skip
    return MessageQuarantined(**{**fields, **changes})


def released(held_id: str, at: datetime) -> MessageReleased:
    return MessageReleased(held_id=held_id, service="attribution", outcome="replayed", released_at=at)


async def listed(gateway: RunningGateway, email: str, path: str = "/api/quarantine") -> list[str]:
    async with await gateway.login(email) as client:
        listing = (await client.get(path)).json()
    assert listing["total"] == len(listing["messages"])
    return [each["id"] for each in listing["messages"]]


async def test_a_held_message_is_listed_until_it_is_released(gateway: RunningGateway) -> None:
    email, scope = await a_tenant(gateway)
    await tell(gateway, "held-messages", scope, quarantined("one", NOW))
    await tell(gateway, "held-messages", scope, quarantined("two", NOW + timedelta(seconds=1), kind="dead_letter"))
    assert await listed(gateway, email) == ["one"]
    assert await listed(gateway, email, "/api/dead-letters") == ["two"]
    await tell(gateway, "held-messages", scope, released("one", NOW + timedelta(minutes=1)))
    assert await listed(gateway, email) == []


async def test_a_release_told_before_the_hold_still_counts(gateway: RunningGateway) -> None:
    email, scope = await a_tenant(gateway)
    await tell(gateway, "held-messages", scope, released("one", NOW + timedelta(minutes=1)))
    await tell(gateway, "held-messages", scope, quarantined("one", NOW))
    assert await listed(gateway, email) == []


async def test_a_message_held_again_after_its_replay_is_listed_again(gateway: RunningGateway) -> None:
    email, scope = await a_tenant(gateway)
    await tell(gateway, "held-messages", scope, quarantined("one", NOW))
    await tell(gateway, "held-messages", scope, quarantined("one", NOW + timedelta(minutes=2)))
    await tell(gateway, "held-messages", scope, released("one", NOW + timedelta(minutes=1)))
    assert await listed(gateway, email) == ["one"]


async def test_a_hold_for_a_tenant_nobody_knows_is_dropped_and_not_held_in_turn(gateway: RunningGateway) -> None:
    before = len(gateway.ports.bus.published)
    await tell(gateway, "held-messages", TenantContext(uuid4(), uuid4()), quarantined("one", NOW))
    assert len(gateway.ports.bus.published) == before


async def test_a_replay_is_a_command_to_the_service_that_holds_the_message(gateway: RunningGateway) -> None:
    email, scope = await a_tenant(gateway)
    held_id = uuid4().hex
    await tell(gateway, "held-messages", scope, quarantined(held_id, NOW))
    async with await gateway.login(email) as client:
        assert (await client.post(f"/api/dead-letters/{held_id}/replay")).status_code == 404
        assert (await client.post(f"/api/quarantine/{held_id}/replay")).json() == {"status": "replaying", "id": held_id}
        assert "replay.requested" in (await client.get("/api/audit")).text
    sent = [m for m in gateway.ports.bus.published if m.attributes["ce-type"] == ReplayRequested.TYPE]
    commands = [decode(m, ReplayRequested) for m in sent if m.attributes["tenant"] == str(scope.tenant_id)]
    assert [(c.scope, c.payload.service, c.payload.held_id) for c in commands] == [(scope, "attribution", held_id)]


async def test_integrations_tell_the_last_sync_and_what_went_wrong_since(gateway: RunningGateway) -> None:
    email, scope = await a_tenant(gateway)
    day = NOW.date()
    synced = AdsSynced(
        platform="meta", account_id="act_1", start_day=day, end_day=day, rows=1, changed=1, synced_at=NOW
    )
    failed = AdsSyncFailed(
        platform="meta", account_id="act_1", reason="token expired", refused=True, attempts=3,
        failed_at=NOW + timedelta(hours=1),
    )  # fmt: skip
    await tell(gateway, "ads", scope, failed)
    await tell(gateway, "ads", scope, synced)
    async with await gateway.login(email) as client:
        path = f"/api/brands/{scope.brand_id}/integrations"
        [late] = (await client.get(path)).json()["integrations"]
        assert (late["status"], late["sync_error_message"]) == ("needs_attention", "token expired")
        later = synced.model_copy(update={"synced_at": NOW + timedelta(hours=2)})
        await tell(gateway, "ads", scope, later)
        [good] = (await client.get(path)).json()["integrations"]
    assert (good["status"], good["sync_error_message"]) == ("connected", None)
    assert datetime.fromisoformat(good["last_synced_at"]) == NOW + timedelta(hours=2)


async def test_what_failed_is_told_by_kind_and_names_and_not_by_a_sentence_of_the_event(
    gateway: RunningGateway,
) -> None:
    email, scope = await a_tenant(gateway)
    names = {"api": "Meta Graph API v27.0", "code": "190", "message": "expired"}
    failed = AdsSyncFailed(
        platform="meta", account_id="act_1", reason="technical", refused=True, attempts=1, failed_at=NOW,
        failure="refused", names=names,
    )  # fmt: skip
    await tell(gateway, "ads", scope, failed)
    stray = {"reason": "unknown_shop", "explanation": "technical", "names": {"shop": "stray.myshopify.com"}}
    await tell(gateway, "held-messages", scope, quarantined("one", NOW, **stray))
    await tell(gateway, "held-messages", scope, quarantined("two", NOW))
    async with await gateway.login(email) as client:
        [account] = (await client.get(f"/api/brands/{scope.brand_id}/integrations")).json()["integrations"]
        messages = {each["id"]: each for each in (await client.get("/api/quarantine")).json()["messages"]}
    assert account["sync_failure"] == "refused"
    assert account["sync_error_message"] == "Meta Graph API v27.0 refuses the credentials (190): expired"
    assert messages["one"]["explanation"] == "no brand owns stray.myshopify.com: it is delivered when one does"
    assert (messages["two"]["names"], messages["two"]["explanation"]) == (None, "no currency")


async def test_an_account_is_disconnected_when_it_leaves_the_settings_and_connects_anew(
    gateway: RunningGateway,
) -> None:
    email, scope = await a_tenant(gateway)
    day, account = NOW.date(), {"platform": "meta", "account_id": "act_1"}
    failed = AdsSyncFailed(
        platform="meta", account_id="act_1", reason="token expired", refused=True, attempts=3, failed_at=NOW
    )
    synced = AdsSynced(
        platform="meta", account_id="act_1", start_day=day, end_day=day, rows=1, changed=1,
        synced_at=NOW - timedelta(hours=1),
    )  # fmt: skip
    statuses: list[dict[str, Any]] = []
    async with await gateway.login(email) as client:
        path = f"/api/brands/{scope.brand_id}"
        for accounts in ([account], [], [account]):
            assert (await client.put(f"{path}/settings", json={"ad_accounts": accounts})).status_code == 200
            if not statuses:
                await tell(gateway, "ads", scope, synced)
                await tell(gateway, "ads", scope, failed)
            statuses += (await client.get(f"{path}/integrations")).json()["integrations"]
    assert [(each["status"], each["sync_error_message"]) for each in statuses] == [
        ("needs_attention", "token expired"), ("disconnected", None), ("connecting", None)
    ]  # fmt: skip
    assert all(each["last_synced_at"] for each in statuses)


async def test_a_request_about_a_persons_data_is_in_the_audit_log(gateway: RunningGateway) -> None:
    email, scope = await a_tenant(gateway)
    await tell(gateway, "privacy", scope, SubjectDataRequested(subject="s1", requested_at=NOW))
    async with await gateway.login(email) as client:
        entries = (await client.get("/api/audit")).json()["entries"]
    assert [(e["actor"], e["subject"]) for e in entries if e["action"] == "subject.data_requested"] == [
        ("shopify", "s1")
    ]


def span(trace: str, span: str, tenant: UUID | None, *, minute: int, **changes: Any) -> SpanRecord:
    fields: dict[str, Any] = {
        "trace_id": trace, "span_id": span, "service": "alerting", "name": span, "kind": "consumer",
        "started_at": NOW + timedelta(minutes=minute), "duration_us": 1000,
        "tenant_id": str(tenant) if tenant else None,
    }  # fmt: skip
    return SpanRecord(**{**fields, **changes})


async def test_a_trace_leads_back_through_links_to_the_webhook_and_shows_no_other_tenant(
    gateway: RunningGateway,
) -> None:
    (email, scope), (other_email, other) = await a_tenant(gateway), await a_tenant(gateway)
    webhook, tick, foreign = uuid4().hex, uuid4().hex, uuid4().hex
    spans = (
        span(webhook, "a" * 16, None, minute=0, service="ingest-shopify", attributes={"shop": "x"}),
        span(webhook, "b" * 16, SYSTEM.tenant_id, minute=1, service="ingest-shopify", parent_span_id="a" * 16),
        span(webhook, "c" * 16, scope.tenant_id, minute=2, service="attribution", parent_span_id="b" * 16),
        span(tick, "d" * 16, scope.tenant_id, minute=3, links=((webhook, "c" * 16), (foreign, "e" * 16))),
        span(tick, "f" * 16, other.tenant_id, minute=4),
        span(foreign, "e" * 16, other.tenant_id, minute=1),
        span(foreign, "9" * 16, None, minute=0),
    )
    await tell(gateway, "observability", SYSTEM, SpansRecorded(hops=spans))
    async with await gateway.login(email) as client:
        answer = (await client.get(f"/api/traces/{tick}")).json()
        assert [each["span_id"][0] for each in answer["hops"]] == ["a", "b", "c", "d"]
        assert answer["summary"]["services"] == ["ingest-shopify", "attribution", "alerting"]
        assert set(answer["trace_ids"]) == {webhook, tick}
    async with await gateway.login(other_email) as client:
        assert (await client.get(f"/api/traces/{webhook}")).status_code == 404
        assert [h["span_id"][0] for h in (await client.get(f"/api/traces/{foreign}")).json()["hops"]] == ["9", "e"]


@pytest.mark.rule("SEC-28")
async def test_a_shop_that_removes_the_app_has_its_brand_suspended(gateway: RunningGateway) -> None:
    email, scope = await a_tenant(gateway)
    await tell(gateway, "privacy", scope, AppUninstalled(shop="x.myshopify.com", uninstalled_at=NOW))
    # What is told twice is published twice, and is one event.
    settings = {each.id: each.payload.suspended for each in published(gateway.runtime, BrandConfigured, scope)}
    assert list(settings.values()) == [False, True]
    async with await gateway.login(email) as client:
        assert "app.uninstalled" in (await client.get("/api/audit")).text
