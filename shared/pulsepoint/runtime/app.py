"""One service as an ASGI app: raw paths first, then pushes and tasks, then FastAPI.

`/push/*` and `/tasks/*` answer only requests that the process itself made (one machine) or that carry a token of
the pushing service account (cloud); everyone else is refused before the body is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Generic
from uuid import uuid4

import structlog
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import TypeVar

from pulsepoint.errors import MalformedInput, PulsepointError
from pulsepoint.events.envelope import Message, encode, new_event
from pulsepoint.events.observability import SpanRecord, SpansRecorded
from pulsepoint.faults import Faults
from pulsepoint.ports.clock import Clock
from pulsepoint.runtime.effects import EffectRunner
from pulsepoint.runtime.engines import Engines, SendSpans, open_engines, open_traces
from pulsepoint.runtime.forgetting import FORGET_BRAND, FORGETS_BRAND
from pulsepoint.runtime.health import health_router
from pulsepoint.runtime.logs import configure_logs
from pulsepoint.runtime.memory import what_started_is_spared
from pulsepoint.runtime.outbox import OutboxRelay
from pulsepoint.runtime.pipeline import Pipeline
from pulsepoint.runtime.ports import ServicePorts
from pulsepoint.runtime.push import PushReceiver
from pulsepoint.runtime.push_auth import FORBIDDEN, OK, PushAuth, SigningKeys
from pulsepoint.runtime.quarantine import Cipher, QuarantineStore
from pulsepoint.runtime.security_headers import AnswerHeaders, with_headers
from pulsepoint.runtime.service import Service
from pulsepoint.runtime.settings import ServiceSettings
from pulsepoint.runtime.signals import signal_cost
from pulsepoint.runtime.suspension import Suspensions
from pulsepoint.telemetry import Telemetry
from pulsepoint.tenancy import SYSTEM

log = structlog.get_logger(__name__)
INTERNAL = "pulsepoint.internal"
"""Scope key that only this process can set: no header reaches it."""
EFFECTS_DRAIN_SECONDS = 2.0
DRAIN_SECONDS = 3.0
"""Of the ten that Cloud Run grants after SIGTERM; the server has waited for requests before.
https://cloud.google.com/run/docs/container-contract#instance-shutdown"""
SCHEDULED_FOR = b"x-cloudscheduler-scheduletime"
"""The same in each attempt of one run, in RFC 3339.
https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#HttpTarget"""
SettingsT = TypeVar("SettingsT", bound=ServiceSettings)
Build = Callable[[SettingsT, Engines], AbstractAsyncContextManager[ServicePorts]]
"""Opens a service's ports by its settings; closed when the app shuts down."""
OpenPorts = Callable[[Engines], AbstractAsyncContextManager[ServicePorts]]


PortsT = TypeVar("PortsT", bound=ServicePorts, default=Any)


@dataclass(frozen=True, slots=True)
class Runtime(Generic[PortsT]):
    """A running service."""

    service: Service
    ports: PortsT
    pipeline: Pipeline
    receiver: PushReceiver
    effects: EffectRunner
    telemetry: Telemetry
    settings: ServiceSettings
    faults: Faults
    outbox: OutboxRelay
    resting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def rest(self) -> None:
        """Publish spans and settle what is finished, where nothing may run until the next request comes.

        What fails is kept: the next request or a sweep tries again.
        """
        if self.settings.works_between_requests:
            return
        async with self.resting:
            for step in (self.telemetry.flush, self.pipeline.mark_dispatched):
                try:
                    await step()
                except PulsepointError as error:
                    log.warning("rest.failed", service=self.service.name, error=type(error).__name__)

    async def sweep(self, *, outbox_older_than: float | None = None) -> int:
        """Start due effects and finish what a crash left; how much there was."""
        done = await self.effects.start_due()
        await self.pipeline.mark_dispatched()
        if outbox_older_than is not None:
            done += await self.drain_outbox(outbox_older_than)
        return done

    async def drain_outbox(self, older_than: float) -> int:
        """Finish what was committed more than so many seconds ago, and drop what has expired; how much was left."""
        now = self.ports.clock.now()
        done = await self.outbox.drain(now - timedelta(seconds=older_than))
        await self.ports.store.expire(now)
        await self.pipeline.claims.expire(now)
        return done


class ServiceApp:
    """The ASGI app of one service; `open()` is its lifespan."""

    def __init__(
        self, service: Service, settings: ServiceSettings, open_ports: OpenPorts, engines: Engines | None = None
    ) -> None:
        self.service = service
        self.settings = settings
        self._open_ports = open_ports
        self._engines = engines
        self._raw: list[tuple[str, ASGIApp]] = []
        self._push_auth: PushAuth | None = None
        self.runtime: Runtime | None = None
        self.faults: Faults | None = None
        self._headers = AnswerHeaders(settings.public_url)
        self.api = FastAPI(title=f"Pulsepoint {service.name}", lifespan=self._lifespan)
        self.api.include_router(health_router(self))
        for router in service.routers:
            self.api.include_router(router)
        if service.configure is not None:
            service.configure(self.api, settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI event."""
        if scope["type"] == "http":
            path: str = scope["path"]
            if INTERNAL not in scope:
                send = with_headers(send, self._headers.of(scope))
            for prefix, app in self._raw:
                if path.startswith(prefix):
                    await app(scope, receive, send)
                    return
            if path.startswith(("/push/", "/tasks/")):
                await self._internal(path, scope, receive, send)
                return
        await self.api(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, api: FastAPI) -> AsyncIterator[None]:
        """The lifespan of a service that is a process of its own."""
        configure_logs(self.settings.log_level)
        async with self.open():
            with what_started_is_spared():
                yield

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Runtime]:
        """Open ports, run the loops, and on exit drain: effects, spans, settled outbox records."""
        async with AsyncExitStack() as stack:
            engines = self._engines
            if engines is None:
                opening = open_engines(self.settings, documents=self.service.documents, service=self.service.name)
                engines = await stack.enter_async_context(opening)
            ports = await stack.enter_async_context(self._open_ports(engines))
            traces = await stack.enter_async_context(open_traces(self.settings, self.service.name))
            runtime = await start_runtime(self.service, ports, self.settings, traces, engines.faults)
            self.runtime, self.faults = runtime, engines.faults
            self.api.state.runtime = runtime
            self.api.state.ports = ports
            self.api.state.settings = self.settings
            self._push_auth = push_auth(self.settings, ports.clock)
            self._raw = [(prefix, factory(ports)) for prefix, factory in self.service.raw.items()]
            loops = [asyncio.create_task(loop(runtime)) for loop in (_sweep_forever, _drain_forever, _flush_forever)]
            try:
                yield runtime
            finally:
                for loop in loops:
                    loop.cancel()
                await asyncio.gather(*loops, return_exceptions=True)
                await _drain(runtime)
                self.runtime = None

    async def _internal(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        status = await self._let_in(scope)
        if status != OK:
            await answer(send, status)
            return
        body = await read_body(receive)
        if self.runtime is None:
            status = 503
        elif scope["method"] != "POST":
            status = 405
        elif path.startswith("/push/"):
            status = await self.runtime.receiver.receive(path.removeprefix("/push/"), body)
            await self.runtime.rest()
        else:
            status = await self._task(path.removeprefix("/tasks/"), scope["headers"])
            await self.runtime.rest()
        await answer(send, status)

    async def _let_in(self, scope: Scope) -> int:
        """200, or the status to refuse with."""
        if scope.get(INTERNAL) is True:
            return OK
        return FORBIDDEN if self._push_auth is None else await self._push_auth.status(scope["headers"])

    async def _task(self, name: str, headers: list[tuple[bytes, bytes]]) -> int:
        """204; 404 for a task nobody declares, 400 for a time nobody can read, 503 for what may succeed later."""
        task = {"sweep": _sweep, **self.service.tasks}.get(name)
        if task is None or self.runtime is None:
            return 404
        try:
            at = scheduled_for(headers) or self.runtime.ports.clock.now()
        except MalformedInput:
            return 400
        try:
            await task(self.runtime, at)
        except Exception as error:
            tell = log.warning if isinstance(error, PulsepointError) else log.exception
            tell(
                "task.failed", service=self.service.name, task=name, error=type(error).__name__, detail=str(error)[:300]
            )
            return 503 if isinstance(error, PulsepointError) else 500
        return 204


def scheduled_for(headers: Iterable[tuple[bytes, bytes]]) -> datetime | None:
    """The moment (UTC) that a scheduler's request was due; raises `MalformedInput` when it tells none."""
    value = dict(headers).get(SCHEDULED_FOR)
    if value is None:
        return None
    try:
        timestamp = datetime.fromisoformat(value.decode())
        return timestamp.astimezone(UTC) if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise MalformedInput("the time of the schedule cannot be read") from None


async def _sweep(runtime: Runtime, at: datetime) -> None:
    await runtime.sweep(outbox_older_than=runtime.settings.outbox_seconds)
    await runtime.effects.finish()


def create_app(
    service: Service, settings: SettingsT, build: Build[SettingsT], *, engines: Engines | None = None
) -> ServiceApp:
    """The app of a service; with `engines` it shares them, else it opens those of its settings' profile."""
    return ServiceApp(service, settings, partial(build, settings), engines)


def push_auth(settings: ServiceSettings, clock: Clock) -> PushAuth | None:
    """The authentication of pushes over the network; None where the settings let nobody push."""
    if not (settings.push_audience and settings.push_service_account):
        return None
    keys = SigningKeys(settings.push_keys_url, clock)
    return PushAuth(keys, clock, audience=settings.push_audience, email=settings.push_service_account)


async def start_runtime(
    service: Service,
    ports: ServicePorts,
    settings: ServiceSettings,
    traces: SendSpans | None = None,
    faults: Faults | None = None,
) -> Runtime:
    """A runtime over open ports; `traces` is where finished spans go beside the bus, `faults` what is wrong below."""
    faults = faults or Faults(ports.clock)
    pipeline = Pipeline(service.name, ports)

    async def publish(records: Sequence[SpanRecord]) -> None:
        await ports.bus.publish([_spans_message(service.name, records)])
        for record in records:
            signal_cost(record)
        if traces is not None:
            await traces(records)

    telemetry = Telemetry(service.name, publish, enabled=settings.traced)
    cipher, ttl = await Cipher.open(ports.secrets), timedelta(days=settings.quarantine_ttl_days)
    quarantine = QuarantineStore(pipeline, cipher, ttl, service.without_person)
    suspensions = Suspensions(ports.store, ports.clock)
    definitions = {FORGET_BRAND: FORGETS_BRAND, **service.effects, **quarantine.effects()}
    effects = EffectRunner(pipeline, definitions, telemetry, quarantine, faults, suspensions)
    receiver = PushReceiver(pipeline, service.handlers, quarantine, telemetry, suspensions)
    return Runtime(service, ports, pipeline, receiver, effects, telemetry, settings, faults, OutboxRelay(pipeline))


def _spans_message(service: str, records: Sequence[SpanRecord]) -> Message:
    newest = max(int(record.started_at.timestamp() * 1_000_000) for record in records)
    event = new_event(
        SpansRecorded(hops=tuple(records)), source=service, entity=f"{service}:{uuid4()}", version=newest, scope=SYSTEM
    )
    return encode(event, "observability")


async def _sweep_forever(runtime: Runtime) -> None:
    """Due effects soon after they are due."""
    while True:
        await _attempt(runtime, runtime.sweep, "sweep.failed")
        runtime.pipeline.effects_waiting.clear()
        try:
            async with asyncio.timeout(runtime.settings.sweep_seconds):
                await runtime.pipeline.effects_waiting.wait()
        except TimeoutError:
            continue


async def _drain_forever(runtime: Runtime) -> None:
    """Outbox records every few seconds, all of them at the start; beside the effects, so that neither waits."""
    age = 0.0
    while True:
        if await _attempt(runtime, partial(runtime.drain_outbox, age), "outbox.not_drained"):
            age = runtime.settings.outbox_seconds
        await asyncio.sleep(runtime.settings.outbox_seconds)


async def _attempt(runtime: Runtime, step: Callable[[], Awaitable[int]], failure: str) -> bool:
    """True where the step was taken; where it failed, the next round tries again."""
    await runtime.faults.delivery_possible()
    try:
        await step()
    except PulsepointError as error:
        log.warning(failure, service=runtime.service.name, error=type(error).__name__, detail=str(error)[:300])
        return False
    except Exception:
        log.exception(failure, service=runtime.service.name)
        return False
    return True


async def _flush_forever(runtime: Runtime) -> None:
    await runtime.telemetry.run(runtime.settings.span_flush_seconds)


async def _drain(runtime: Runtime) -> None:
    """Finish what is running, best effort: whatever is cut off here is finished after the next start."""
    loop = asyncio.get_running_loop()
    started, cut = loop.time(), []
    for step, until in (
        (runtime.effects.finish, EFFECTS_DRAIN_SECONDS),
        (runtime.pipeline.mark_dispatched, DRAIN_SECONDS),
        (runtime.telemetry.flush, DRAIN_SECONDS),
    ):
        try:
            async with asyncio.timeout_at(started + until):
                await step()
        except (TimeoutError, PulsepointError) as error:
            cut.append(f"{step.__name__}: {type(error).__name__}")
    tell = log.info if runtime.settings.profile == "cloud" and not cut else log.warning if cut else log.debug
    tell("service.drained", service=runtime.service.name, seconds=round(loop.time() - started, 3), cut=cut)


async def read_body(receive: Receive) -> bytes:
    """The whole body of an ASGI request."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(chunks)
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


async def answer(send: Send, status: int) -> None:
    """An empty ASGI response."""
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})
