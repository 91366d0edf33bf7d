"""Making the identity store's roles and schema, and bringing the schema to the newest version.

Works for a superuser (the embedded server) and for one with CREATEROLE alone (Cloud SQL has no superuser and no
BYPASSRLS: https://cloud.google.com/sql/docs/postgres/users). Roles: `ledger_owner` owns the tables and migrates,
`ledger_runtime` serves, `ledger_directory` and `ledger_sweeper` own the functions that look across tenants and
cannot log in.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

MIGRATIONS = Path(__file__).parent / "migrations"
OWNER, RUNTIME = "ledger_owner", "ledger_runtime"
_UPGRADE_LOCK = 5_640_117_001

_ROLES = (
    # The owner may become the two others but sees nothing through their policies.
    (OWNER, "LOGIN NOINHERIT"),
    (RUNTIME, "LOGIN"),
    ("ledger_directory", "NOLOGIN"),
    ("ledger_sweeper", "NOLOGIN"),
)


def dsn_as(dsn: str, role: str, password: str) -> str:
    """The same server and database, as another role."""
    parts = urlsplit(dsn)
    server = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role}:{quote(password, safe='')}@{server}"))


async def provision(admin_dsn: str, *, owner_password: str, runtime_password: str) -> tuple[str, str]:
    """Make roles and the empty schema; answers the DSNs of owner and runtime. Safe to run again.

    Raises `RuntimeError` when one of the roles could pass row-level security.
    """
    connection = await asyncpg.connect(admin_dsn)
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _UPGRADE_LOCK)
            await _make_roles(connection, {OWNER: owner_password, RUNTIME: runtime_password})
            await connection.execute(f"CREATE SCHEMA IF NOT EXISTS ledger AUTHORIZATION {OWNER}")
            loose = await connection.fetch(
                "SELECT rolname FROM pg_roles WHERE rolname = ANY ($1) AND (rolsuper OR rolbypassrls OR rolcreaterole)",
                [name for name, _ in _ROLES],
            )
            if loose:
                raise RuntimeError(f"these roles could pass row-level security: {[row['rolname'] for row in loose]}")
    finally:
        await connection.close()
    return dsn_as(admin_dsn, OWNER, owner_password), dsn_as(admin_dsn, RUNTIME, runtime_password)


async def _make_roles(connection: asyncpg.Connection[asyncpg.Record], passwords: dict[str, str]) -> None:
    existing = {row["rolname"] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
    for name, options in _ROLES:
        if name not in existing:
            await connection.execute(f"CREATE ROLE {name} {options}")
        if name in passwords:
            secret = passwords[name].replace("'", "''")
            await connection.execute(f"ALTER ROLE {name} PASSWORD '{secret}'")
    await connection.execute(f"GRANT ledger_directory, ledger_sweeper TO {OWNER}")
    if not await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        # Making a schema for a role takes the right to become that role.
        await connection.execute(f"GRANT {OWNER} TO CURRENT_USER")


async def upgrade(owner_dsn: str) -> None:
    """Bring the schema to the newest version, as its owner; one process at a time, the others wait."""
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(owner_dsn), poolclass=NullPool
    )
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
            await connection.run_sync(_run_migrations)
    finally:
        await engine.dispose()


def _run_migrations(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
