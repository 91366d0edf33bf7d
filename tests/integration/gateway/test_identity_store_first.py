"""A new database becomes an identity store by one command, with the passwords of the services' addresses."""

from __future__ import annotations

import os
import subprocess
import sys

import asyncpg
import pytest

from gateway.adapters.identity_store import first
from gateway.adapters.identity_store.provision import dsn_as
from tests.builders.identity_store import fresh_database


def run_first(**environment: str) -> subprocess.CompletedProcess[str]:
    """The command as the job runs it."""
    inherited = {name: value for name, value in os.environ.items() if name not in (first.OWNER_URL, first.RUNTIME_URL)}
    paths = os.pathsep.join(sys.path)
    command = [sys.executable, "-m", "gateway.adapters.identity_store.first"]
    variables = {**inherited, "PYTHONPATH": paths, **environment}
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120)


async def test_one_command_makes_roles_that_can_log_in_and_cannot_pass_row_level_security(server: str) -> None:
    admin = await fresh_database(server)
    with_password = dsn_as(admin, "postgres", "given")
    owner, runtime = dsn_as(admin, "ledger_owner", "ow-Ner1%"), dsn_as(admin, "ledger_runtime", "run-Time1")
    urls = {"PULSEPOINT_IDENTITY_STORE_OWNER_URL": owner, "DATABASE_URL": runtime}
    for _ in range(2):
        done = run_first(PULSEPOINT_IDENTITY_STORE_ADMIN_URL=with_password, **urls)
        assert done.returncode == 0, done.stdout + done.stderr
    connection = await asyncpg.connect(runtime)
    try:
        assert await connection.fetchval("SELECT count(*) FROM ledger.tenants") == 0
        assert not await connection.fetchval(
            "SELECT rolbypassrls OR rolsuper FROM pg_roles WHERE rolname = current_user"
        )
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "missing", ["PULSEPOINT_IDENTITY_STORE_ADMIN_URL", "PULSEPOINT_IDENTITY_STORE_OWNER_URL", "DATABASE_URL"]
)
def test_what_is_missing_is_named_and_nothing_is_tried(missing: str) -> None:
    address = "postgresql://somebody:secret@127.0.0.1:1/none"
    urls = dict.fromkeys(
        ("PULSEPOINT_IDENTITY_STORE_ADMIN_URL", "PULSEPOINT_IDENTITY_STORE_OWNER_URL", "DATABASE_URL"), address
    )
    done = run_first(**{**urls, missing: "postgresql://somebody@127.0.0.1:1/none"})
    assert done.returncode == 2
    assert missing in done.stderr and "secret" not in done.stderr
