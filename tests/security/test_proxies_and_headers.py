"""Who a caller is, is believed of nobody but the proxies in front; and every answer carries the security headers."""

from __future__ import annotations

import ast
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from uvicorn.main import main as uvicorn_command

from deploy.local.instance import Instance
from deploy.local.keys import log_in_line
from deploy.local.settings import InstanceSettings
from gateway.endpoints.callers import UnbelievedCallers, client_address
from ingest_shopify.bootstrap import build
from ingest_shopify.main import SERVICE
from ingest_shopify.settings import Settings
from pulsepoint.runtime.app import ServiceApp, create_app
from pulsepoint.runtime.engines import open_engines
from pulsepoint.runtime.serve import DEFAULTS
from pulsepoint.runtime.settings import ServiceSettings
from tests.builders.door import served, until_closed
from tests.builders.identity_store import identity_store_server, running_gateway
from tests.builders.runtime import no_engines
from tests.builders.shopify import SECRET

ROOT = Path(__file__).parents[2]
EVERY = {
    "content-security-policy": "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
}
HSTS = "strict-transport-security"


def _servers() -> list[tuple[str, dict[str, object]]]:
    """Where our code makes a uvicorn server, with the words it is given."""
    servers = []
    for folder in ("shared/pulsepoint", "services", "deploy"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("uvicorn.Config", "uvicorn.run"):
                    words = {each.arg or "": ast.unparse(each.value) for each in node.keywords}
                    servers.append((str(path.relative_to(ROOT)), dict[str, object](words)))
    return servers


@pytest.mark.rule("SEC-18")
def test_no_server_believes_who_somebody_on_this_machine_says_they_are() -> None:
    servers = [each for each in _servers() if not each[0].startswith("deploy/emulated/fakes")]
    assert servers
    assert [path for path, words in servers if words.get("proxy_headers") != "False"] == []
    assert uvicorn_command.make_context("serve", ["x:app"], default_map=DEFAULTS).params["proxy_headers"] is False


@pytest.mark.rule("SEC-18")
@pytest.mark.parametrize(
    ("peer", "said", "trusted", "address"),
    [
        ("127.0.0.1", "6.6.6.6", 0, "127.0.0.1"),
        ("127.0.0.1", "6.6.6.6", 1, "6.6.6.6"),
        ("198.51.100.7", "6.6.6.6", 1, "6.6.6.6"),
        ("8.8.8.8", "6.6.6.6", 1, "8.8.8.8"),
        ("::ffff:8.8.8.8", "6.6.6.6", 1, "8.8.8.8"),
        ("10.0.0.1", "x" * 5000, 1, "10.0.0.1"),
        ("10.0.0.1", "1.1.1.1, 6.6.6.6", 1, "6.6.6.6"),
        ("10.0.0.1", "2600:1:2:3:4::5", 1, "2600:1:2:3::/64"),
        ("10.0.0.1", "2600:1:2:3:ffff::6", 1, "2600:1:2:3::/64"),
    ],
)
def test_a_caller_is_who_connects_or_who_the_proxy_names(peer: str, said: str, trusted: int, address: str) -> None:
    scope = {"client": (peer, 1), "headers": [(b"x-forwarded-for", said.encode())]}
    assert client_address(scope, trusted) == address


@pytest.mark.rule("SEC-18")
@pytest.mark.parametrize(
    ("peer", "trusted", "headers", "reason"),
    [
        ("127.0.0.1", 0, {"x-forwarded-for": "6.6.6.6"}, "no_proxy_trusted"),
        ("10.0.0.1", 0, {"forwarded": "for=6.6.6.6"}, "no_proxy_trusted"),
        ("10.0.0.1", 2, {"x-forwarded-for": "6.6.6.6"}, "too_few_addresses"),
        ("10.0.0.1", 1, {"x-forwarded-for": "nobody"}, "too_few_addresses"),
        ("10.0.0.1", 1, {"forwarded": "for=6.6.6.6"}, "too_few_addresses"),
        ("8.8.8.8", 0, {"x-forwarded-for": "6.6.6.6"}, "public_peer"),
        ("8.8.8.8", 1, {"x-forwarded-for": "6.6.6.6"}, "public_peer"),
        ("10.0.0.1", 1, {"x-forwarded-for": "6.6.6.6", "forwarded": "for=6.6.6.6"}, None),
        ("127.0.0.1", 0, {}, None),
    ],
)
def test_who_names_callers_without_being_believed_is_noted(
    peer: str, trusted: int, headers: dict[str, str], reason: str | None
) -> None:
    callers = UnbelievedCallers(trusted)
    scope = {"client": (peer, 1), "headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    for _ in range(3):
        callers.note(scope)
    noted = {each: (of.requests, of.peer) for each, of in callers.by_reason.items()}
    assert noted == ({reason: (3, peer)} if reason else {})


@pytest.mark.rule("SEC-18")
async def test_a_proxy_that_is_not_trusted_is_told_to_operators_and_not_believed() -> None:
    with identity_store_server() as dsn:
        async with running_gateway(dsn, requests_per_minute=12) as gateway:
            async with await gateway.login() as client:
                answers = [
                    (await gateway.client.get("/api/brands", headers={"X-Forwarded-For": f"6.6.6.{number}"}))
                    for number in range(20)
                ]
                [noted] = (await client.get("/api/admin/proxies")).json()["unbelieved"]
            assert (noted["reason"], noted["requests"], noted["peer"]) == ("no_proxy_trusted", 20, "127.0.0.1")
            assert (answers[0].status_code, answers[-1].status_code) == (401, 429)


@pytest.fixture
async def ingest() -> AsyncIterator[ServiceApp]:
    async with open_engines(ServiceSettings(profile="memory")) as engines:
        settings = Settings(shopify_api_secret=SecretStr(SECRET), public_url="https://pulsepoint.example", traced=False)
        app = create_app(SERVICE, settings, build, engines=engines)
        async with app.open():
            yield app


REQUESTS = [
    ("GET", "/"), ("GET", "/nowhere"), ("GET", "/healthz"), ("GET", "/docs"), ("POST", "/webhooks/shopify"),
    ("GET", "/webhooks/shopify"), ("POST", "/webhooks/shopify/a/b"), ("POST", "/push/x"), ("GET", "/tasks/sweep"),
    ("PUT", "/readyz"), ("GET", "/api/brands"),
]  # fmt: skip


@pytest.mark.rule("SEC-19")
async def test_every_answer_of_every_kind_of_service_carries_the_headers(ingest: ServiceApp) -> None:
    with identity_store_server() as dsn:
        async with running_gateway(dsn, public_url="https://pulsepoint.example") as gateway:
            whole = Instance({"ingest-shopify": ingest, "gateway": gateway.app}, no_engines(), ("", ""), False)
            for app in (ingest, gateway.app, whole):
                async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
                    for method, path in REQUESTS:
                        answer = await client.request(method, path)
                        missing = [n for n, v in EVERY.items() if v not in answer.headers.get(n, "")]
                        assert missing == [], (method, path, answer.status_code)
                        assert len(answer.headers.get_list("content-security-policy")) == 1
                        hidden = app is whole and path.startswith(("/push/", "/tasks/"))
                        assert hidden or answer.headers[HSTS].startswith("max-age="), (method, path)


@pytest.mark.rule("SEC-19")
@pytest.mark.parametrize(
    ("public_url", "scheme", "proxy_says", "expected"),
    [
        ("http://127.0.0.1:8080", "http", None, False),
        ("http://127.0.0.1:8080", "http", "http", False),
        ("http://127.0.0.1:8080", "http", "https", True),
        ("http://127.0.0.1:8080", "https", None, True),
        ("https://pulsepoint.example", "http", None, True),
        ("https://pulsepoint.example", "http", "HTTPS, http", True),
        ("https://pulsepoint.example", "http", "http", False),
    ],
)
async def test_a_browser_is_told_to_keep_to_https_where_it_came_by_it(
    public_url: str, scheme: str, proxy_says: str | None, expected: bool
) -> None:
    """RFC 6797, 7.2: not in an answer to plain HTTP."""
    async with open_engines(ServiceSettings(profile="memory")) as engines:
        settings = Settings(shopify_api_secret=SecretStr(SECRET), public_url=public_url, traced=False)
        app = create_app(SERVICE, settings, build, engines=engines)
        async with (
            app.open(),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"{scheme}://x") as client,
        ):
            headers = {"X-Forwarded-Proto": proxy_says} if proxy_says else {}
            for path in ("/healthz", "/webhooks/shopify"):
                answer = await client.get(path, headers=headers)
                assert (HSTS in answer.headers) is expected, path


@pytest.mark.rule("SEC-19")
def test_what_the_door_refuses_carries_them_too() -> None:
    with served(header_bytes=4096, header_seconds=1) as server:
        for sent in (b"GET / HTTP/1.1\r\nx: " + b"y" * 5000 + b"\r\n\r\n", b"NONSENSE\r\n\r\n", b"GET / HT"):
            answer = until_closed(server.say(sent)).lower()
            assert answer.startswith(b"http/1.1 4")
            assert all(name.encode() in answer for name in EVERY), answer


@pytest.mark.rule("SEC-20")
def test_a_password_is_shown_once_and_only_where_nobody_chose_it(tmp_path: Path) -> None:
    made_up, chosen = (
        InstanceSettings(home=tmp_path),
        InstanceSettings(home=tmp_path, admin_password=SecretStr("hunter")),
    )
    login = ("admin@one.example", "hunter")
    assert "hunter" in log_in_line(login, True, made_up)
    assert [
        line for line in (log_in_line(login, True, chosen), log_in_line(login, False, made_up)) if "hunter" in line
    ] == []


def test_behind_a_proxy_the_address_is_the_one_people_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSEPOINT_PUBLIC_URL", "https://pulsepoint.example")
    assert InstanceSettings().public_url == "https://pulsepoint.example"
