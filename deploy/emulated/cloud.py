"""The emulated cloud: seven services as seven processes, on Google's emulators and small fakes of its other APIs.

The emulators forget everything when they stop, and an identity store that kept more would be wrong: so every
start begins empty, but for the keys and the log-in in `tower.json`.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import orjson

from deploy.emulated.engines import EngineMissing, Running, start_firestore, start_pubsub, start_redis, stop
from deploy.emulated.prepare import PROJECT, prepare_identity_store, prepare_key, prepare_pubsub
from deploy.emulated.processes import Child, Processes, end_abandoned
from deploy.local.demo import service_settings as demo_settings
from deploy.local.keys import InstanceFile, instance_file, read_instance_file
from deploy.local.routes import UNHURRIED
from deploy.local.settings import InstanceSettings
from pulsepoint.adapters.postgres.place import remove_data
from pulsepoint.adapters.postgres.server import start_server, stop_server
from pulsepoint.events.catalog import SERVICES
from pulsepoint.runtime.settings import ServiceSettings

REGION = "europe-west1"
PUSHER = f"pulsepoint-push@{PROJECT}.iam.gserviceaccount.com"
FAKES = ("bigquery", "secret_manager")
REQUESTS_SECONDS = 5
"""How long a service that was told to end waits for requests; the rest of its eight seconds is the runtime's."""
Tell = Callable[[str], None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Origin:
    """The public origin of a running emulated cloud, the admin's log-in, and the URL of its push proxy."""

    address: str
    login: tuple[str, str]
    proxy: str

    def client(self) -> httpx.AsyncClient:
        """A client whose relative URLs are those of the public origin; the caller closes it."""
        return httpx.AsyncClient(base_url=self.address, trust_env=False)

    async def waiting(self) -> int:
        """The count of messages that were pushed and are not acknowledged yet."""
        return int((await backlog(self.proxy))["waiting"])


@dataclass(frozen=True, slots=True)
class Cloud(Origin):
    """A running emulated cloud on this machine."""

    processes: Processes
    first_start: bool


async def backlog(proxy: str) -> dict[str, float]:
    """Counts by name: `waiting` messages, pushed and not acknowledged yet, and the `quiet_seconds` since the last push;
    but for subscriptions whose backlog delays nobody."""
    async with httpx.AsyncClient(base_url=proxy, trust_env=False) as http:
        queues = (await http.get("/backlog")).json()
    hurried = [queue for name, queue in queues.items() if name not in UNHURRIED]
    return {
        "waiting": sum(queue["waiting"] + queue["in_flight"] for queue in hurried),
        "quiet_seconds": min((queue["quiet_seconds"] for queue in hurried), default=0.0),
    }


@dataclass(frozen=True, slots=True)
class Engines:
    """Where the engines listen."""

    pubsub: str
    firestore: str
    redis: str
    identity_store_dsn: str


@asynccontextmanager
async def open_cloud(settings: InstanceSettings, tell: Tell) -> AsyncIterator[Cloud]:
    """Start everything, in order; on exit end it in the opposite order, each told how long it took.

    `settings.home` is this cloud's alone. `tell` is given lines for people. Raises `EngineUnavailable`, and
    `EngineMissing` with what to install.
    """
    home = settings.home
    ended = end_abandoned(home)
    if ended:
        tell(f"Ended {ended} processes that an earlier start left behind")
    for name in ("state", "logs"):
        shutil.rmtree(home / name, ignore_errors=True)
        (home / name).mkdir(parents=True)
    first_start = read_instance_file(settings.home) is None
    keys = instance_file(settings)
    async with AsyncExitStack() as stack:
        processes = Processes(home, tell)
        processes.note("supervisor", os.getpid())
        engines = await _timed(
            tell, "Emulators of Pub/Sub and Firestore, Redis, PostgreSQL", _engines(stack, home, processes)
        )
        start = _Starter(stack, processes, tell)
        fakes = await _timed(tell, "Fakes of BigQuery and Secret Manager", _fakes(start, home))
        ports = {name: _free_port() for name in SERVICES}
        proxy = await _proxy(start, home, ports)
        await _timed(tell, "Topics and push subscriptions", _provision(engines, proxy))
        children = [_service(name, ports[name], settings, keys, engines, fakes, proxy) for name in SERVICES]
        await _timed(tell, "The seven services", start.run_all(children))
        await start.run_all([_front(settings, ports)])
        yield Cloud(settings.address, (keys.admin_email, keys.admin_password), proxy.url, processes, first_start)


class _Starter:
    """Starts children; whatever was started is ended when the stack is left."""

    def __init__(self, stack: AsyncExitStack, processes: Processes, tell: Tell) -> None:
        self._stack, self._processes, self._tell = stack, processes, tell

    async def run_all(self, children: list[Child]) -> None:
        """Start children at once; ready when all are."""
        self._stack.push_async_callback(self._end, [child.name for child in children])
        await asyncio.gather(*(self._processes.start(child) for child in children))

    async def _end(self, names: list[str]) -> None:
        took = await asyncio.gather(*(self._processes.stop(name) for name in names))
        for name, seconds in zip(names, took, strict=True):
            if name in SERVICES:
                self._tell(f"{name} drained and ended in {seconds:.1f} s")


async def _engines(stack: AsyncExitStack, home: Path, processes: Processes) -> Engines:
    logs = home / "logs"

    async def run(name: str, start: Callable[[Path], Running]) -> str:
        engine = await asyncio.to_thread(start, logs / f"{name}.log")
        stack.push_async_callback(asyncio.to_thread, stop, engine)
        processes.note(name, engine.pid)
        return engine.address

    async def identity_store() -> str:
        await asyncio.to_thread(remove_data, home / "postgres")
        elsewhere = ServiceSettings().postgres_folder
        server = await asyncio.to_thread(start_server, home / "postgres", elsewhere=elsewhere)
        stack.push_async_callback(asyncio.to_thread, stop_server, server)
        processes.note("postgres", int((server.data / "postmaster.pid").read_text().split()[0]))
        return await prepare_identity_store(server.get_uri(), secrets.token_urlsafe(24))

    starts = (
        run("pubsub", start_pubsub),
        run("firestore", start_firestore),
        run("redis", start_redis),
        identity_store(),
    )
    # All must have come to an end, good or bad, before what did start can be stopped.
    outcomes = await asyncio.gather(*starts, return_exceptions=True)
    missing = dict.fromkeys(str(outcome) for outcome in outcomes if isinstance(outcome, EngineMissing))
    if missing:
        raise EngineMissing("; ".join(missing))
    pubsub, firestore, redis, identity_store_dsn = (_made(outcome) for outcome in outcomes)
    return Engines(pubsub, firestore, f"redis://{redis}/0", identity_store_dsn)


def _made(outcome: str | BaseException) -> str:
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


async def _fakes(start: _Starter, home: Path) -> dict[str, Child]:
    made = {}
    for name in FAKES:
        state = home / "state" / name
        state.mkdir()
        port = _free_port()
        arguments = ("-m", "deploy.emulated.fakes", name, "--port", str(port), "--state", str(state))
        made[name] = Child(name, arguments, port, "/")
    await start.run_all(list(made.values()))
    return made


async def _proxy(start: _Starter, home: Path, ports: dict[str, int]) -> Child:
    key = home / "push-key.pem"
    prepare_key(key)
    environment = {
        "PULSEPOINT_PROXY_KEY_FILE": str(key),
        "PULSEPOINT_PROXY_TARGETS": orjson.dumps({name: _url(port) for name, port in ports.items()}).decode(),
        "PULSEPOINT_PUSH_SERVICE_ACCOUNT": PUSHER,
    }
    proxy = _uvicorn("push-proxy", "deploy.emulated.push_proxy:app", _free_port(), "/certs", environment)
    await start.run_all([proxy])
    return proxy


def _service(
    name: str,
    port: int,
    settings: InstanceSettings,
    keys: InstanceFile,
    engines: Engines,
    fakes: dict[str, Child],
    proxy: Child,
) -> Child:
    values = {
        "profile": "cloud",
        "gcp_project_id": PROJECT,
        "gcp_region": REGION,
        "public_url": settings.address,
        "log_level": settings.log_level,
        "push_audience": _url(port),
        "push_service_account": PUSHER,
        "push_keys_url": f"{proxy.url}/certs",
        # Of every service: who appends facts ends the answers that the gateway keeps.
        "redis_url": engines.redis,
        # These processes have the machine's CPU whatever they are asked.
        "cpu_between_requests": True,
        **{f"{fake}_endpoint": child.url for fake, child in fakes.items()},
        **demo_settings(settings).get(name, {}),
    }
    if name == "ingest-shopify":
        # The demo and `pulsepoint replay` send to the one address of all shops.
        values |= {"shopify_api_secret": keys.shopify_api_secret, "shopify_header_routing": True}
    if name == "gateway":
        values |= {
            "admin_email": keys.admin_email,
            "admin_password": keys.admin_password,
            "trusted_proxies": 1,
            "database_url": engines.identity_store_dsn,
            "secret_key": keys.secret_key,
        }
    environment = {f"PULSEPOINT_{key.upper()}": str(value) for key, value in values.items()}
    environment |= {"PUBSUB_EMULATOR_HOST": engines.pubsub, "FIRESTORE_EMULATOR_HOST": engines.firestore}
    return _uvicorn(name, f"{name.replace('-', '_')}.main:app", port, "/readyz", environment)


def _front(settings: InstanceSettings, ports: dict[str, int]) -> Child:
    environment = {
        "PULSEPOINT_FRONT_INGRESS": _url(ports["ingest-shopify"]),
        "PULSEPOINT_FRONT_GATEWAY": _url(ports["gateway"]),
    }
    return _uvicorn("front", "deploy.emulated.front:app", settings.port, "/healthz", environment, host=settings.host)


def _uvicorn(
    name: str, factory: str, port: int, ready_path: str, environment: dict[str, str], *, host: str = "127.0.0.1"
) -> Child:
    # As `serve` in deploy/release/install_service.sh has it, which says why.
    arguments = (
        *("-m", "pulsepoint.runtime.serve", "--factory", factory, "--host", host, "--port", str(port)),
        *("--no-access-log", "--no-server-header", "--log-level", "warning"),
        *("--timeout-keep-alive", "620", "--timeout-graceful-shutdown", str(REQUESTS_SECONDS)),
    )
    return Child(name, arguments, port, ready_path, environment)


async def _provision(engines: Engines, proxy: Child) -> None:
    # Google's own variable, read when a client is made: this process has no other use for it.
    os.environ["PUBSUB_EMULATOR_HOST"] = engines.pubsub
    try:
        await prepare_pubsub(proxy.url)
    finally:
        del os.environ["PUBSUB_EMULATOR_HOST"]


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _timed(tell: Tell, what: str, work: Awaitable[T]) -> T:
    started = time.monotonic()
    done = await work
    tell(f"{what}: ready in {time.monotonic() - started:.1f} s")
    return done
