"""Connections to the identity store as `ledger_runtime`, each transaction under one tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from pulsepoint.errors import EngineUnavailable, MalformedInput
from pulsepoint.tenancy import TenantContext

_SET_TENANT = text("SELECT set_config('app.tenant_id', :tenant, true)")


def open_engine(runtime_dsn: str, *, pool_size: int = 16) -> AsyncEngine:
    """A pool of connections; nothing is opened before the first use.

    None beyond the pool: those are closed after one transaction, and opening one costs more than what it is used for.
    The one used last is taken first, as its statements are prepared.
    """
    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: asyncpg.connect(runtime_dsn),
        pool_size=pool_size,
        max_overflow=0,
        pool_use_lifo=True,
        # Errors end in logs: values are people's addresses and password hashes.
        hide_parameters=True,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
    )


async def set_tenant(connection: AsyncConnection, tenant_id: UUID) -> None:
    """Let the transaction see this tenant's rows, and no other's, until it ends or the next call."""
    await connection.execute(_SET_TENANT, {"tenant": str(tenant_id)})


@asynccontextmanager
async def untenanted(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that sees no tenant's rows: for the functions that look across tenants."""
    with translated_errors():
        async with engine.begin() as connection:
            yield connection


@asynccontextmanager
async def tenant_transaction(engine: AsyncEngine, scope: TenantContext) -> AsyncIterator[AsyncConnection]:
    """A transaction that sees one tenant's rows; raises `EngineUnavailable` when the database does not answer."""
    async with untenanted(engine) as connection:
        await set_tenant(connection, scope.tenant_id)
        yield connection


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turns a database that is away into `EngineUnavailable`, text it cannot hold (NUL) into `MalformedInput`."""
    try:
        yield
    except NoConnectionFree as error:
        raise EngineUnavailable("too many ask the identity store at once; try again in a moment") from error
    except (OSError, InterfaceError, OperationalError, asyncpg.PostgresConnectionError) as error:
        raise EngineUnavailable(f"the identity store did not answer: {error}") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise EngineUnavailable(f"the identity store did not answer: {error}") from error
        if error.orig is not None and isinstance(error.orig.__cause__, asyncpg.DataError):
            raise MalformedInput("the identity store cannot hold this text") from error
        raise
