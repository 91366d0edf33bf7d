"""Who gets in and what they may touch: tokens, roles, other tenants' ids, limits."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import orjson
import pytest

from pulsepoint.events.envelope import new_event
from pulsepoint.events.observability import MessageQuarantined
from pulsepoint.events.privacy import SubjectDataRequested
from pulsepoint.ports.document_store import Commit, Transaction, Write
from pulsepoint.tenancy import SYSTEM, TenantContext
from tests.builders.identity_store import ADMIN, KEY, RunningGateway, brand_body, running_gateway
from tests.builders.runtime import deliver
from tests.builders.storefront import shop_facts

DENIED = "Access denied. Brand does not exist or belongs to another tenant."
ABSENT = "00000000-0000-4000-8000-000000000000"


def claims(gateway: RunningGateway, token: str) -> dict[str, Any]:
    payload: dict[str, Any] = jwt.decode(token, KEY, algorithms=["HS256"], audience="pulsepoint-api")
    return payload


def unsigned(payload: dict[str, Any]) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(payload)}."


FORGERIES: dict[str, Any] = {
    "alg none": lambda payload: unsigned(payload),
    "another key": lambda payload: jwt.encode(payload, "f" * 64, algorithm="HS256"),
    "another algorithm": lambda payload: jwt.encode(payload, KEY, algorithm="HS512"),
    "another audience": lambda payload: jwt.encode({**payload, "aud": "elsewhere"}, KEY, algorithm="HS256"),
    "a list of audiences": lambda payload: jwt.encode(
        {**payload, "aud": [payload["aud"], "x"]}, KEY, algorithm="HS256"
    ),
    "another issuer": lambda payload: jwt.encode({**payload, "iss": "elsewhere"}, KEY, algorithm="HS256"),
    "expired": lambda payload: jwt.encode({**payload, "exp": 1}, KEY, algorithm="HS256"),
    "another tenant": lambda payload: jwt.encode({**payload, "tenant_id": str(uuid4())}, KEY, algorithm="HS256"),
    "another person": lambda payload: jwt.encode({**payload, "sub": str(uuid4())}, KEY, algorithm="HS256"),
    "no uuid": lambda payload: jwt.encode({**payload, "sub": "admin"}, KEY, algorithm="HS256"),
    **{
        f"no {name}": lambda payload, name=name: jwt.encode(
            {key: value for key, value in payload.items() if key != name}, KEY, algorithm="HS256"
        )
        for name in ("exp", "iat", "iss", "aud", "sub", "tenant_id")
    },
    "nothing": lambda payload: "",
    "noise": lambda payload: "a.b.c",
}


@pytest.mark.rule("SEC-01")
@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_token_is_refused(gateway: RunningGateway, forgery: str) -> None:
    payload = claims(gateway, await gateway.token())
    headers = {"Authorization": f"Bearer {FORGERIES[forgery](payload)}"}
    answer = await gateway.client.get("/api/brands", headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_the_token_these_forgeries_start_from_is_good(gateway: RunningGateway) -> None:
    token = jwt.encode(claims(gateway, await gateway.token()), KEY, algorithm="HS256")
    answer = await gateway.client.get("/api/brands", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


@pytest.mark.rule("SEC-11")
async def test_log_in_answers_alike_for_unknown_people_and_wrong_passwords(gateway: RunningGateway) -> None:
    answers = [
        await gateway.client.post("/api/auth/token", json={"email": email, "password": "wrong"})
        for email in (ADMIN, "nobody@nowhere.example")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].text == answers[1].text


async def test_an_address_no_database_holds_is_refused(gateway: RunningGateway) -> None:
    answer = await gateway.client.post("/api/auth/token", json={"email": "a\0b@x.example", "password": "x"})
    assert (answer.status_code, answer.json()["reason"]) == (422, "malformed")


@pytest.mark.rule("SEC-14")
async def test_a_suspended_tenant_and_a_disabled_person_are_out_at_once(gateway: RunningGateway) -> None:
    tenant = await gateway.person("boss@suspended.example", "admin")
    async with await gateway.login("boss@suspended.example") as client:
        assert (await client.get("/api/brands")).status_code == 200
        at = datetime.now(UTC).isoformat()

        async def suspend(transaction: Transaction) -> Commit:
            return Commit(
                writes=[Write("tenants", str(tenant), {"name": "x", "status": "suspended", "created_at": at})]
            )

        await gateway.ports.store.transact(TenantContext(tenant), suspend)
        assert (await client.get("/api/brands")).status_code == 401
    again = {"email": "boss@suspended.example", "password": "correct horse battery staple"}
    assert (await gateway.client.post("/api/auth/token", json=again)).status_code == 401


@dataclass(frozen=True)
class TwoTenants:
    """Somebody of one tenant, and ids of another tenant's things."""

    outsider: httpx.AsyncClient
    tenant_id: str
    brand_id: str
    fact_id: str
    held_id: str
    trace_id: str
    request_id: str


async def request_of_customer(gateway: RunningGateway, scope: TenantContext, owner: httpx.AsyncClient) -> str:
    """The id of a customer's request for their data, as the owner's list has it."""
    payload = SubjectDataRequested(subject=None, requested_at=datetime.now(UTC))
    event = new_event(payload, source="ingest-shopify", entity="1", version=1, scope=scope)
    assert await deliver(gateway.runtime, "privacy", event) == 204
    [request] = (await owner.get("/api/privacy/requests")).json()["requests"]
    return str(request["id"])


async def quarantine(gateway: RunningGateway, scope: TenantContext, kind: str = "quarantine") -> str:
    """A quarantined message of a tenant, as the runtime tells it."""
    now = datetime.now(UTC)
    quarantined = MessageQuarantined(
        held_id=str(uuid4()), kind="dead_letter" if kind == "dead_letter" else "quarantine", service="ingest-shopify",
        subscription="ingest-shopify.shopify-deliveries", event_type="shopify.delivered", reason="malformed",
        explanation="the body is not JSON", size_bytes=3, attempts=1, held_at=now, expires_at=now + timedelta(days=14),
    )  # fmt: skip
    event = new_event(
        quarantined, source="ingest-shopify", entity=quarantined.held_id, version=1, scope=scope, time=now
    )
    assert await deliver(gateway.runtime, "held-messages", event) == 204
    return quarantined.held_id


@pytest.fixture(scope="module")
async def tenants(gateway: RunningGateway) -> AsyncIterator[TwoTenants]:
    tenant = await gateway.person("owner@owned.example", "admin")
    await gateway.person("outsider@other.example", "admin")
    async with await gateway.login("owner@owned.example") as owner:
        brand_id = (await owner.post("/api/brands", json=brand_body())).json()["brand_id"]
        scope = TenantContext(tenant, UUID(brand_id))
        await gateway.ports.warehouse.append(shop_facts(scope, date(2026, 3, 31)))
        dashboard = (await owner.get(f"/api/brands/{brand_id}/dashboard?end_date=2026-03-31")).json()
        request_id = await request_of_customer(gateway, scope, owner)
    held_id = await quarantine(gateway, scope)
    async with await gateway.login("outsider@other.example") as outsider:
        fact_id = dashboard["performance_snapshot"]["facts"]["total_revenue"]
        yield TwoTenants(outsider, str(tenant), brand_id, fact_id, held_id, "a" * 32, request_id)


def routes_with_ids(gateway: RunningGateway) -> list[tuple[str, str]]:
    paths = gateway.app.api.openapi()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() if "{" in path for method in methods]


def of_no_brand(fact_id: str) -> str:
    """A fact id that names a brand there is not: its second to ninth bytes are the brand's."""
    data = bytearray(base64.urlsafe_b64decode(fact_id + "=" * (-len(fact_id) % 4)))
    data[1] ^= 0xFF
    return base64.urlsafe_b64encode(bytes(data)).rstrip(b"=").decode()


BODIES = {"PUT": {"name": "mine now"}, "POST": {}}


@pytest.mark.rule("SEC-04")
async def test_every_route_answers_foreign_ids_exactly_as_absent_ones(
    gateway: RunningGateway, tenants: TwoTenants
) -> None:
    absent_fact = of_no_brand(tenants.fact_id)
    ids = {
        "tenant_id": (tenants.tenant_id, ABSENT),
        "brand_id": (tenants.brand_id, ABSENT),
        "message_id": (tenants.held_id, ABSENT),
        "fact_id": (tenants.fact_id, absent_fact),
        "trace_id": (tenants.trace_id, "b" * 32),
        "request_id": (tenants.request_id, ABSENT),
        "name": ("conservation", "conservation"),
    }
    routes = routes_with_ids(gateway)
    assert len(routes) >= 12
    for method, path in routes:
        foreign, absent = path, path
        for name, (theirs, nobodys) in ids.items():
            foreign, absent = foreign.replace(f"{{{name}}}", theirs), absent.replace(f"{{{name}}}", nobodys)
        assert "{" not in foreign, f"{path} has an id this test does not know"
        answers = [await tenants.outsider.request(method, each, json=BODIES.get(method)) for each in (foreign, absent)]
        status = 403 if path.startswith("/api/admin/") else 404  # what operators alone may ask, whatever the id
        assert [answer.status_code for answer in answers] == [status, status], (method, path, answers[0].text)
        assert answers[0].text == answers[1].text
        if "brand_id" in path or "message_id" in path or "fact_id" in path:
            assert answers[0].json()["detail"] == DENIED


@pytest.mark.rule("SEC-04")
async def test_lists_hold_nothing_of_another_tenant(gateway: RunningGateway, tenants: TwoTenants) -> None:
    for path in ("/api/brands", "/api/quarantine", "/api/dead-letters", "/api/audit"):
        answer = await tenants.outsider.get(path)
        assert answer.status_code == 200
        assert tenants.brand_id not in answer.text
        assert tenants.held_id not in answer.text


async def test_messages_of_nobody_are_listed_to_operators_only(gateway: RunningGateway, tenants: TwoTenants) -> None:
    held_id = await quarantine(gateway, SYSTEM)
    async with await gateway.login() as operator:
        listed = (await operator.get("/api/quarantine")).json()
        assert [each["scope"] for each in listed["messages"] if each["id"] == held_id] == ["system"]
        assert (await operator.post(f"/api/quarantine/{held_id}/replay")).status_code == 202
    assert held_id not in (await tenants.outsider.get("/api/quarantine")).text
    assert (await tenants.outsider.post(f"/api/quarantine/{held_id}/replay")).status_code == 404


async def test_each_role_may_do_what_it_says(gateway: RunningGateway) -> None:
    tenant = await gateway.person("admin@roles.example", "admin")
    allowed: dict[str, list[int]] = {}
    for role in ("user", "manager", "admin"):
        if role != "admin":
            await gateway.person(f"{role}@roles.example", role, tenant)
        async with await gateway.login(f"{role}@roles.example") as client:
            allowed[role] = [
                (await client.get("/api/brands")).status_code,
                (await client.post("/api/brands", json=brand_body())).status_code,
                (await client.get("/api/audit")).status_code,
                (await client.post(f"/api/quarantine/{ABSENT}/replay")).status_code,
            ]
    assert allowed == {"user": [200, 403, 403, 403], "manager": [200, 201, 403, 403], "admin": [200, 201, 200, 404]}


async def test_more_requests_than_the_limit_wait(server: str) -> None:
    async with running_gateway(server, requests_per_minute=3, login_attempts=2, trusted_proxies=1) as gateway:
        answers = [(await gateway.client.get("/api/brands")) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
        assert 0 < int(answers[-1].headers["retry-after"]) <= 60
        assert answers[-1].headers["content-type"] == "application/problem+json"
        assert (await gateway.client.get("/health")).status_code == 200
        elsewhere = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9"}
        assert (await gateway.client.get("/api/brands", headers=elsewhere)).status_code == 401


@pytest.mark.rule("SEC-11")
async def test_a_password_cannot_be_guessed_many_times(server: str) -> None:
    async with running_gateway(server, login_attempts=2) as gateway:
        body = {"email": ADMIN, "password": "guess"}
        answers = [await gateway.client.post("/api/auth/token", json=body) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_only_listed_origins_may_call_from_a_browser(server: str) -> None:
    async with running_gateway(server, cors_origins=("https://app.example",)) as gateway:
        for origin, expected in (("https://app.example", "https://app.example"), ("https://evil.example", None)):
            headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
            answer = await gateway.client.options("/api/brands", headers=headers)
            assert answer.headers.get("access-control-allow-origin") == expected


async def test_a_page_of_a_listed_origin_can_read_how_long_to_wait(server: str) -> None:
    origin = {"Origin": "https://app.example"}
    async with running_gateway(server, cors_origins=("https://app.example",), requests_per_minute=1) as gateway:
        answers = [await gateway.client.get("/api/brands", headers=origin) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [401, 429]
    assert answers[-1].headers["access-control-allow-origin"] == "https://app.example"
    assert "retry-after" in answers[-1].headers["access-control-expose-headers"]


async def test_a_page_of_a_listed_origin_may_resume_its_stream(server: str) -> None:
    request_headers = {
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization,last-event-id",
    }
    async with running_gateway(server, cors_origins=("https://app.example",)) as gateway:
        answer = await gateway.client.options(
            "/api/brands", headers={"Origin": "https://app.example", **request_headers}
        )
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("declared", [True, False])
async def test_a_large_body_is_refused_before_it_is_read_whole(server: str, declared: bool) -> None:
    read: list[int] = []

    async def body() -> AsyncIterator[bytes]:
        for number in range(64):
            read.append(number)
            yield b"a" * 1024

    async with running_gateway(server, body_limit_bytes=4096) as gateway:
        headers = {"Content-Type": "application/json", **({"Content-Length": "65536"} if declared else {})}
        answer = await gateway.client.post("/api/auth/token", content=body(), headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert "4,096" in answer.json()["detail"]
    assert len(read) <= (0 if declared else 6)


async def test_a_bodys_limit_is_not_that_of_a_file(server: str) -> None:
    async with running_gateway(server, body_limit_bytes=512) as gateway, await gateway.login() as client:
        brand_id = (await client.post("/api/brands", json=brand_body())).json()["brand_id"]
        answer = await client.post(
            f"/api/brands/{brand_id}/uploads", content=b"x" * 4096, headers={"Content-Type": "text/csv"}
        )
    assert (answer.status_code, answer.json()["reason"]) == (422, "unreadable_file")
