"""The gateway's routes on a real identity store and warehouse."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from pulsepoint.brand.settings import BrandChoices
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.events.commands import SyncRequested
from pulsepoint.events.envelope import decode
from pulsepoint.tenancy import TenantContext
from tests.builders.gateway_shop import RANGE, a_brand, a_shop
from tests.builders.identity_store import RunningGateway, brand_body
from tests.builders.storefront import alert

JSON = {"Content-Type": "application/json"}


def published(gateway: RunningGateway, kind: type, brand_id: str) -> list[object]:
    messages = [m for m in gateway.ports.bus.published if m.attributes["ce-type"] == kind.TYPE]  # type: ignore[attr-defined]
    return [decode(m, kind).payload for m in messages if m.attributes["brand"] == brand_id]


async def test_a_new_brand_is_listed_audited_and_told_to_the_other_services(gateway: RunningGateway) -> None:
    url = "https://hooks.slack.com/services/T0/B0/tell-nobody"
    async with await gateway.login() as client:
        account = {"platform": "meta", "account_id": "act_1"}
        brand_id = await a_brand(
            client, name="Acme", slack_webhook_url=url, ad_accounts=[account], clock_offset_seconds=-60
        )
        assert brand_id in {brand["brand_id"] for brand in (await client.get("/api/brands")).json()["brands"]}
        [configured] = published(gateway, BrandConfigured, brand_id)
        assert isinstance(configured, BrandConfigured)
        assert (configured.name, configured.clock_offset_seconds, configured.ad_accounts[0].account_id) == (
            "Acme",
            -60,
            "act_1",
        )
        tenant = UUID((await client.get("/api/auth/me")).json()["tenant_id"])
        scope = TenantContext(tenant, UUID(brand_id))
        assert configured.slack_webhook_ref is not None
        assert await gateway.ports.secrets.get(scope, configured.slack_webhook_ref) == url.encode()
        settings = await client.get(f"/api/brands/{brand_id}/settings")
        assert settings.json()["slack_connected"] is True
        audit = (await client.get("/api/audit")).text
        assert "brand.created" in audit
        assert "tell-nobody" not in settings.text + audit
        assert [
            each["status"] for each in (await client.get(f"/api/brands/{brand_id}/integrations")).json()["integrations"]
        ] == ["connecting"]


async def test_changed_settings_are_a_new_version_and_the_rest_stays(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        brand_id = await a_brand(client, lead_time_days=21)
        changed = await client.put(f"/api/brands/{brand_id}/settings", json={"lookback_days": 7})
        assert changed.status_code == 200
        assert (changed.json()["lookback_days"], changed.json()["lead_time_days"], changed.json()["version"]) == (
            7,
            21,
            2,
        )
    lookbacks = [each.lookback_days for each in published(gateway, BrandConfigured, brand_id)]  # type: ignore[attr-defined]
    assert lookbacks == [BrandChoices().lookback_days, 7]


async def test_a_token_is_destroyed_with_its_account_and_kept_with_any_other_change(gateway: RunningGateway) -> None:
    account = {"platform": "meta", "account_id": "act_1"}
    async with await gateway.login() as client:
        brand_id = await a_brand(client, ad_accounts=[account | {"access_token": "tell-nobody"}])
        tenant = UUID((await client.get("/api/auth/me")).json()["tenant_id"])
        kept = []
        changes: list[dict[str, Any]] = [{"name": "Acme"}, {"ad_accounts": [account]}, {"ad_accounts": []}]
        for change in changes:
            assert (await client.put(f"/api/brands/{brand_id}/settings", json=change)).status_code == 200
            kept.append(await gateway.ports.secrets.get(TenantContext(tenant, UUID(brand_id)), "ads-meta-act_1"))
    assert kept == [b"tell-nobody", b"tell-nobody", None]


async def test_a_shop_can_be_one_brand_only(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        body = brand_body()
        assert (await client.post("/api/brands", json=body)).status_code == 201
        again = await client.post("/api/brands", json=body)
    assert (again.status_code, again.headers["content-type"]) == (409, "application/problem+json")
    assert again.json()["reason"] == "already_exists"
    assert again.json()["detail"].startswith("A brand of yours has this shop already")


@pytest.mark.parametrize(
    "wrong",
    [
        {"shopify_store": "evil.example"},
        {"shopify_store": "a.myshopify.com.evil.example"},
        {"currency": "pounds"},
        {"timezone": "Mars/Olympus"},
        {"slack_webhook_url": "http://169.254.169.254/latest"},
        {"slack_webhook_url": "http://127.0.0.1:9/services/x"},
        {"slack_webhook_url": "https://hooks.slack.com@evil.example/x"},
        {"slack_webhook_url": "https://hooks.slack.com.evil.example/x"},
        {"ad_accounts": [{"platform": "meta", "account_id": "1", "base_url": "https://collector.example/meta"}]},
        {"default_model": "crystal_ball"},
        {"lookback_days": True},
        {"lookback_days": "7"},
        {"lead_time_days": 7.5},
        {"quiet_until": 5},
        {"surprise": 1},
    ],
)
async def test_settings_that_mean_nothing_are_refused(gateway: RunningGateway, wrong: dict[str, object]) -> None:
    async with await gateway.login() as client:
        refused = await client.post("/api/brands", json=brand_body(**wrong))
    assert refused.status_code == 422
    assert next(iter(wrong)) in refused.json()["detail"]


async def test_stand_ins_on_this_machine_are_refused_unless_the_settings_allow_them(gateway: RunningGateway) -> None:
    account = {"platform": "meta", "account_id": "act_1", "base_url": "http://127.0.0.1:9/meta"}
    async with await gateway.login() as client:
        brand_id = await a_brand(client)
        for answer in (
            await client.post("/api/brands", json=brand_body(ad_accounts=[account])),
            await client.put(f"/api/brands/{brand_id}/settings", json={"ad_accounts": [account]}),
        ):
            assert answer.status_code == 422
            assert "PULSEPOINT_ALLOW_LOCAL_URLS=1" in answer.json()["detail"]
        object.__setattr__(gateway.runtime.settings, "allow_local_urls", True)
        try:
            answer = await client.put(f"/api/brands/{brand_id}/settings", json={"ad_accounts": [account]})
        finally:
            object.__setattr__(gateway.runtime.settings, "allow_local_urls", False)
    assert answer.json()["ad_accounts"][0]["base_url"] == account["base_url"]


async def test_performance_answers_any_metric_by_any_shared_dimension(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        brand_id = await a_shop(gateway, client)
        path = f"/api/brands/{brand_id}/performance"
        by_month = (await client.get(f"{path}?metrics=net_revenue,spend&by=month&{RANGE}")).json()
        assert [row["at"] for row in by_month["rows"]] == [{"month": "2026-03"}]
        for wrong in (
            "metrics=happiness",
            "by=moon",
            "metrics=,",
            "start_date=2026-02-02&end_date=2026-01-01",
            "model=x",
        ):
            refused = await client.get(f"{path}?{wrong}")
            assert refused.status_code in (400, 422), (wrong, refused.text)
        assert {"net_revenue", "attributed_roas", "blended_roas"} <= {
            each["name"] for each in (await client.get("/api/metrics")).json()["metrics"]
        }


async def test_recommendations_are_limited_and_sorted(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        brand_id = await a_shop(gateway, client)
        path = f"/api/brands/{brand_id}/recommendations"
        assert [r["recommendation_id"] for r in (await client.get(path)).json()["recommendations"]] == ["r1", "r2"]
        [only] = (await client.get(f"{path}?sort_by=impact&limit=1")).json()["recommendations"]
        assert (only["recommendation_id"], only["current_spend"], only["recommended_change"]) == ("r1", 31.0, -9.25)


async def test_alerts_are_those_open_unless_all_are_asked_for(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        brand_id = await a_shop(gateway, client)
        tenant = UUID((await client.get("/api/auth/me")).json()["tenant_id"])
        resolved = alert(TenantContext(tenant, UUID(brand_id)), "a2", resolved_at=gateway.ports.clock.now())
        await gateway.ports.warehouse.append([resolved])
        path = f"/api/brands/{brand_id}/alerts"
        assert [each["alert_id"] for each in (await client.get(path)).json()["alerts"]] == ["a1"]
        assert [each["alert_id"] for each in (await client.get(f"{path}?status=all")).json()["alerts"]] == ["a1", "a2"]


async def test_a_sync_is_published_as_a_command(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        brand_id = await a_brand(client)
        answer = await client.post(f"/api/brands/{brand_id}/sync", json={"platform": "tiktok"})
        assert answer.status_code == 202
        assert (await client.post(f"/api/brands/{brand_id}/sync")).status_code == 202
    assert [each.platform for each in published(gateway, SyncRequested, brand_id)] == ["tiktok", None]  # type: ignore[attr-defined]


async def test_errors_are_problem_documents_and_answers_carry_security_headers(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        for answer, status in (
            (await client.get("/nowhere"), 404),
            (await client.delete("/api/brands"), 405),
            (await client.post("/api/brands", json={}), 422),
            (await client.post("/api/brands", content=b"{"), 422),
            (await client.get(f"/api/brands/{uuid4()}/dashboard"), 404),
            (await gateway.client.get("/api/brands"), 401),
        ):
            assert answer.status_code == status, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == status
            assert answer.headers["x-content-type-options"] == "nosniff"
        page = await client.get("/")
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert "style=" not in page.text and "<script>" not in page.text
        for path in ("/health", "/docs", "/openapi.json", "/docs.css"):
            assert (await client.get(path)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "sent", "words"),
    [
        ("POST", "/api/brands", {"content": b'{"name":', "headers": JSON}, "This is no JSON"),
        ("POST", "/api/brands", {"content": b"a=b", "headers": {"Content-Type": "text/plain"}}, "application/json"),
        ("POST", "/api/brands", {"json": brand_body(timezone="Mars")}, "body.timezone: must be an IANA timezone"),
        ("DELETE", "/api/brands", {}, "DELETE is not possible at this address; "),
        ("GET", "/nowhere", {}, "/docs describes the API"),
        ("GET", "/api/brands", {"headers": {"Authorization": "Bearer x"}}, "get one from POST /api/auth/token"),
    ],
)
async def test_a_problem_says_what_to_do(
    gateway: RunningGateway, method: str, path: str, sent: dict[str, Any], words: str
) -> None:
    async with await gateway.login() as client:
        answer = await client.request(method, path, **sent)
    assert words in answer.json()["detail"], answer.text


@pytest.mark.parametrize(
    "query",
    ["start_date=20260301", "start_date=0", "end_date=2026-3-1", "end_date=2026-03-01T00:00:00Z", "as_of=1700000000",
     "as_of=2026-03-01", "as_of=2026-03-01T12:00:00"],
)  # fmt: skip
async def test_a_number_is_no_day_and_no_moment(gateway: RunningGateway, query: str) -> None:
    async with await gateway.login() as client:
        brand_id = await a_brand(client)
        answer = await client.get(f"/api/brands/{brand_id}/dashboard?{query}")
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_request")
    assert "such as 2026-03-31" in answer.json()["detail"]


async def test_what_goes_wrong_inside_says_nothing_outside(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        brand_id = await a_brand(client)

        whole, gateway.app.api.state.ports = gateway.app.api.state.ports, None
        try:
            answer = await client.get(f"/api/brands/{brand_id}/alerts")
        finally:
            gateway.app.api.state.ports = whole
    assert (answer.status_code, answer.json()["title"]) == (500, "Internal Server Error")
    assert "NoneType" not in answer.text
