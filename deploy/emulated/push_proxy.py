"""As Google does between a subscription and a service: signs who pushes, and counts attempts.

The Pub/Sub emulator pushes without a token and without `deliveryAttempt`. So it pushes here, and this proxy pushes
on as Pub/Sub would: with an OpenID Connect token for the service's own address, signed with a key of this
installation that `/certs` publishes, and with the attempt, which Pub/Sub sends where dead letters are on
(https://cloud.google.com/pubsub/docs/handling-failures#track_delivery_attempts). `/backlog` tells what was pushed
and is not acknowledged yet: the emulator has no monitoring.
"""

from __future__ import annotations

import asyncio
import time
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import jwt
import orjson
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic_settings import BaseSettings, SettingsConfigDict
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.emulated.instances import send_when_up
from deploy.local.schedule import keep_schedule
from pulsepoint.adapters.system_clock import SystemClock
from pulsepoint.events.catalog import BY_NAME
from pulsepoint.runtime.app import SCHEDULED_FOR

log = structlog.get_logger(__name__)
ISSUER = "https://accounts.google.com"
TOKEN_SECONDS = 3_600
PUSH_SECONDS = 30.0
"""Shorter than the acknowledgement deadline: after it the message is pushed again."""


class ProxySettings(BaseSettings):
    """`PULSEPOINT_PROXY_TARGETS` is a JSON object from service to its URL; `PULSEPOINT_PROXY_KEY_FILE` an RSA key.

    Sweeps are asked of every service each `PULSEPOINT_PROXY_SWEEP_SECONDS`, as Cloud Scheduler would; 0 asks none.
    The gateway's own tasks are asked for by the clocks of `PULSEPOINT_TIMEZONE`.
    """

    model_config = SettingsConfigDict(env_prefix="PULSEPOINT_", frozen=True, extra="ignore")

    proxy_targets: dict[str, str]
    proxy_key_file: Path
    proxy_sweep_seconds: float = 60.0
    proxy_push_seconds: float = 60.0
    timezone: ZoneInfo = ZoneInfo("UTC")
    push_service_account: str


class Signer:
    """Tokens of the pushing service account, one an audience, renewed when half used up."""

    def __init__(self, key: RSAPrivateKey, email: str) -> None:
        self._key = key
        self._email = email
        numbers = key.public_key().public_numbers()
        self._jwk = {"kty": "RSA", "alg": "RS256", "use": "sig", "n": _number(numbers.n), "e": _number(numbers.e)}
        self._key_id = sha256(self._jwk["n"].encode()).hexdigest()[:40]
        self._tokens: dict[str, tuple[float, str]] = {}

    def key_set(self) -> dict[str, object]:
        """The JWK Set (RFC 7517) that verifies these tokens."""
        return {"keys": [{**self._jwk, "kid": self._key_id}]}

    def token(self, audience: str) -> str:
        """A JWT for `audience`, good for an hour and made anew before it ends."""
        now = time.time()
        renew_at, cached = self._tokens.get(audience, (0.0, ""))
        if now < renew_at:
            return cached
        claims = {
            "iss": ISSUER,
            "aud": audience,
            "sub": self._email,
            "email": self._email,
            "email_verified": True,
            "iat": int(now),
            "exp": int(now) + TOKEN_SECONDS,
        }
        made = jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._key_id})
        self._tokens[audience] = (now + TOKEN_SECONDS / 2, made)
        return made


class Backlog:
    """Pushes that run, and messages that were pushed and neither acknowledged nor given up since."""

    def __init__(self) -> None:
        self._in_flight: Counter[str] = Counter()
        self._failed: dict[tuple[str, str], int] = {}
        self._acknowledged: Counter[str] = Counter()
        self._last: dict[str, float] = {}

    def begin(self, subscription: str, message_id: str) -> int:
        """Notes a push; returns the count of its attempts, from 1."""
        self._last[subscription] = time.monotonic()
        self._in_flight[subscription] += 1
        return self._failed.get((subscription, message_id), 0) + 1

    def end(self, subscription: str, message_id: str, attempt: int, acknowledged: bool) -> None:
        """Notes the end of a push; after the declared count of attempts the message is the dead letters'."""
        self._last[subscription] = time.monotonic()
        self._in_flight[subscription] -= 1
        declared = BY_NAME.get(subscription)
        if acknowledged or (declared is not None and attempt >= declared.max_attempts):
            self._failed.pop((subscription, message_id), None)
            self._acknowledged[subscription] += acknowledged
        else:
            self._failed[subscription, message_id] = attempt

    def depths(self) -> dict[str, object]:
        """By subscription; `quiet_seconds` is how long ago a push began or ended."""
        waiting = Counter(subscription for subscription, _ in self._failed)
        now = time.monotonic()
        return {
            name: {
                "in_flight": self._in_flight[name],
                "waiting": waiting[name],
                "acknowledged": self._acknowledged[name],
                "quiet_seconds": now - last,
            }
            for name, last in sorted(self._last.items())
        }


class PushProxy:
    """Pushes on, and asks for sweeps."""

    def __init__(self, settings: ProxySettings, http: httpx.AsyncClient) -> None:
        key = load_pem_private_key(settings.proxy_key_file.read_bytes(), None)
        assert isinstance(key, RSAPrivateKey), "tokens are signed with RS256"
        self._targets = settings.proxy_targets
        self._sweep_seconds = settings.proxy_sweep_seconds
        self._http = http
        self.signer = Signer(key, settings.push_service_account)
        self.backlog = Backlog()

    async def push(self, subscription: str, body: bytes) -> int:
        """Push on one message; the service's status, or 503 where it does not answer."""
        try:
            payload = orjson.loads(body)
            message_id = str(payload["message"]["messageId"])
        except (ValueError, KeyError, TypeError):
            return 400
        target = self._targets.get(subscription.split(".", 1)[0])
        if target is None:
            return 404
        payload["deliveryAttempt"] = attempt = self.backlog.begin(subscription, message_id)
        status = 503
        try:
            status = await self._post(target, f"/push/{subscription}", orjson.dumps(payload))
        finally:
            self.backlog.end(subscription, message_id, attempt, 200 <= status < 300)
        return status

    async def sweep_forever(self) -> None:
        """Asks every service to sweep every few seconds, as Cloud Scheduler does; 0 seconds is never."""
        while self._sweep_seconds > 0:
            await asyncio.sleep(self._sweep_seconds)
            await asyncio.gather(*(self._post(target, "/tasks/sweep", b"") for target in self._targets.values()))

    async def ask(self, task: str, due: datetime) -> int:
        """Asks the gateway for a task, as Cloud Scheduler does; the HTTP status, 503 where nobody answers."""
        headers = {SCHEDULED_FOR.decode(): due.isoformat()}
        return await self._post(self._targets["gateway"], f"/tasks/{task}", b"", headers)

    async def _post(self, target: str, path: str, body: bytes, extra: Mapping[str, str] | None = None) -> int:
        headers = {"authorization": f"Bearer {self.signer.token(target)}", "content-type": "application/json"}
        headers.update(extra or {})
        request = self._http.build_request("POST", f"{target}{path}", content=body, headers=headers)
        try:
            answered = await send_when_up(self._http, request, seconds=PUSH_SECONDS)
            await answered.aread()
            return answered.status_code
        except httpx.TransportError as error:
            log.info("push_proxy.no_answer", target=target, path=path, error=type(error).__name__)
            return 503


def create_proxy(settings: ProxySettings, transport: httpx.AsyncBaseTransport | None = None) -> Starlette:
    """The ASGI app; `transport` replaces the network towards the services."""
    limits = httpx.Limits(max_connections=400, max_keepalive_connections=100)
    timeout = httpx.Timeout(settings.proxy_push_seconds, connect=2.0)
    http = httpx.AsyncClient(limits=limits, timeout=timeout, trust_env=False, transport=transport)
    proxy = PushProxy(settings, http)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with http:
            clocks = [
                asyncio.create_task(proxy.sweep_forever()),
                asyncio.create_task(keep_schedule(SystemClock(), settings.timezone, proxy.ask)),
            ]
            yield
            for each in clocks:
                each.cancel()
            await asyncio.gather(*clocks, return_exceptions=True)

    async def push(request: Request) -> Response:
        return Response(status_code=await proxy.push(request.path_params["subscription"], await request.body()))

    async def certs(request: Request) -> Response:
        return JSONResponse(proxy.signer.key_set())

    async def backlog(request: Request) -> Response:
        return JSONResponse(proxy.backlog.depths())

    routes = [
        Route("/push/{subscription}", push, methods=["POST"]),
        Route("/certs", certs),
        Route("/backlog", backlog),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def app() -> Starlette:
    """The proxy by the environment."""
    return create_proxy(ProxySettings())


def _number(value: int) -> str:
    """Base64url of a big-endian integer (RFC 7518, 6.3.1)."""
    return urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()
