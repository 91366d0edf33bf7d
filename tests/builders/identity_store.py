"""A running gateway on an embedded PostgreSQL and engines in memory, with people who can log in."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import uvicorn

from gateway.adapters.identity_store.provision import provision, upgrade
from gateway.bootstrap import build
from gateway.identity.passwords import hash_password
from gateway.main import SERVICE, Settings
from pulsepoint.adapters.duckdb.warehouse import open_duckdb
from pulsepoint.adapters.memory.cache import MemoryCache
from pulsepoint.adapters.memory.document_store import MemoryDocumentStore
from pulsepoint.adapters.memory.message_bus import MemoryMessageBus
from pulsepoint.adapters.memory.secret_store import MemorySecretStore
from pulsepoint.adapters.postgres.server import embedded_server
from pulsepoint.adapters.system_clock import SystemClock
from pulsepoint.faults import Faults
from pulsepoint.ports.document_store import Commit, Transaction, Write
from pulsepoint.runtime.app import Runtime, ServiceApp, create_app
from pulsepoint.runtime.engines import Engines
from pulsepoint.tenancy import TenantContext
from tests.builders.postgres import SETTINGS

ADMIN = "admin@one.example"
PASSWORD = "correct horse battery staple"
KEY = "0123456789abcdef" * 4


@contextmanager
def identity_store_server() -> Iterator[str]:
    """The superuser's DSN of a PostgreSQL server of its own: roles belong to a whole server."""
    home = Path(tempfile.mkdtemp(prefix="pulsepoint-gateway-"))
    try:
        with embedded_server(home / "data", SETTINGS) as dsn:
            yield dsn
    finally:
        shutil.rmtree(home, ignore_errors=True)


async def fresh_database(admin_dsn: str) -> str:
    """The superuser's DSN of a new, empty database on the server."""
    name = f"ledger_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(admin_dsn)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return admin_dsn.replace("/postgres?", f"/{name}?")


async def fresh_identity_store(admin_dsn: str) -> tuple[str, str, str]:
    """(superuser's, owner's, runtime's) DSN of a new database at the newest version."""
    dsn = await fresh_database(admin_dsn)
    owner, runtime = await provision(dsn, owner_password="owner", runtime_password="runtime")
    await upgrade(owner)
    return dsn, owner, runtime


@dataclass(frozen=True, slots=True)
class RunningGateway:
    """The app, its runtime, and a client without a log-in."""

    app: ServiceApp
    runtime: Runtime
    client: httpx.AsyncClient

    @property
    def ports(self) -> Any:
        """The gateway's ports."""
        return self.runtime.ports

    async def token(self, email: str = ADMIN, password: str = PASSWORD) -> str:
        """An access token."""
        answer = await self.client.post("/api/auth/token", json={"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def login(self, email: str = ADMIN) -> httpx.AsyncClient:
        """A client that sends this person's token."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app),
            base_url="http://gateway",
            headers={"Authorization": f"Bearer {await self.token(email)}"},
        )

    async def person(self, email: str, role: str, tenant_id: UUID | None = None) -> UUID:
        """A person with `PASSWORD`, in a new tenant where none is given; answers the tenant."""
        tenant = tenant_id or uuid4()
        at = datetime.now(UTC).isoformat()
        writes = [
            Write(
                "users",
                str(uuid4()),
                {"email": email, "role": role, "password_hash": await hash_password(PASSWORD), "created_at": at},
            )
        ]
        if tenant_id is None:
            writes.insert(0, Write("tenants", str(tenant), {"name": email, "status": "active", "created_at": at}))

        async def work(transaction: Transaction) -> Commit:
            return Commit(writes=writes)

        await self.ports.store.transact(TenantContext(tenant), work)
        return tenant


@asynccontextmanager
async def running_gateway(admin_dsn: str, **settings: Any) -> AsyncIterator[RunningGateway]:
    """A gateway on a fresh ledger whose first person is `ADMIN` with `PASSWORD`."""
    clock = SystemClock()
    values = {
        "secret_key": KEY,
        "admin_email": ADMIN,
        "admin_password": PASSWORD,
        "requests_per_minute": 100_000,
        "requests_per_minute_per_person": 100_000,
        "login_attempts": 10_000,
        **settings,
    }
    async with open_duckdb(":memory:") as warehouse:
        engines = Engines(
            bus=MemoryMessageBus(clock),
            warehouse=warehouse,
            secrets=MemorySecretStore(),
            cache=MemoryCache(clock),
            clock=clock,
            store=lambda service: MemoryDocumentStore(service, clock),
            faults=Faults(clock),
            identity_store_dsn=await fresh_database(admin_dsn),
        )
        app = create_app(SERVICE, Settings(**values), build, engines=engines)
        async with app.open() as runtime:
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
                yield RunningGateway(app, runtime, client)


@asynccontextmanager
async def served(app: ServiceApp) -> AsyncIterator[str]:
    """The address of an open app on a port of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None))
    # The socket listens already: what connects before the server reads it waits in its queue.
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


def brand_body(**changes: Any) -> dict[str, Any]:
    """The body that makes a brand of a shop of its own."""
    return {
        "name": "Northwind",
        "shopify_store": f"shop-{secrets.token_hex(5)}.myshopify.com",
        "currency": "GBP",
        "timezone": "Europe/London",
        **changes,
    }
