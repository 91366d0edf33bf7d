"""Row-level security, tested as the role that serves; dropping a policy or FORCE must show."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from gateway.adapters.identity_store.provision import provision, upgrade
from gateway.adapters.identity_store.tables import metadata
from tests.builders.identity_store import fresh_database, fresh_identity_store

TABLES = sorted(table.name for table in metadata.tables.values())
SAMPLES = {
    "uuid": "gen_random_uuid()",
    "timestamp with time zone": "now()",
    "jsonb": "'{}'",
    "bytea": "''",
    "date": "now()",
}
ALLOWED = {"status": "'active'", "role": "'user'", "platform": "'meta'", "kind": "'quarantine'", "user_rating": "3"}
PARENTS = {"integrations": "brands", "ai_answers": "ai_questions", "ai_feedback": "ai_questions"}


@dataclass(frozen=True)
class Databases:
    admin: asyncpg.Connection
    owner: asyncpg.Connection
    runtime: asyncpg.Connection


@pytest.fixture(scope="module")
async def identity_store(server: str) -> AsyncIterator[Databases]:
    dsns = await fresh_identity_store(server)
    admin, owner, runtime = [await asyncpg.connect(dsn) for dsn in dsns]
    yield Databases(admin, owner, runtime)
    for connection in (admin, owner, runtime):
        await connection.close()


async def sample(connection: asyncpg.Connection, table: str, tenant: UUID) -> str:
    """SQL that inserts a row of `tenant`, with what it refers to."""
    columns = await connection.fetch(
        "SELECT attname AS name, format_type(atttypid, NULL) AS kind FROM pg_attribute"
        " WHERE attrelid = ('ledger.' || $1)::regclass AND attnum > 0 AND NOT attisdropped AND attnotnull",
        table,
    )
    values = {row["name"]: ALLOWED.get(row["name"]) or SAMPLES.get(row["kind"], "'1'") for row in columns}
    values["tenant_id"] = f"'{tenant}'"
    if table == "integrations":
        values |= {
            "status": "'connected'",
            "brand_id": f"(SELECT brand_id FROM ledger.brands WHERE tenant_id = '{tenant}' LIMIT 1)",
        }
    if PARENTS.get(table) == "ai_questions":
        values["question_id"] = f"(SELECT question_id FROM ledger.ai_questions WHERE tenant_id = '{tenant}' LIMIT 1)"
    for unique in ("email", "shopify_store"):
        if unique in values:
            values[unique] = f"'{uuid4().hex}'"
    names = ", ".join(f'"{name}"' for name in values)
    return f"INSERT INTO ledger.{table} ({names}) VALUES ({', '.join(values.values())})"


async def tenant_with_rows(admin: asyncpg.Connection, table: str) -> UUID:
    """A tenant that has a row of `table`; the superuser passes row-level security."""
    tenant = uuid4()
    needed = ["tenants", *([PARENTS[table]] if table in PARENTS else []), *([] if table == "tenants" else [table])]
    for each in needed:
        await admin.execute(await sample(admin, each, tenant))
    return tenant


async def visible(connection: asyncpg.Connection, table: str, tenant: UUID | None) -> int:
    """Rows of `table` seen with the setting at `tenant`, or with none."""
    async with connection.transaction():
        if tenant is not None:
            await connection.execute("SELECT set_config('app.tenant_id', $1, true)", str(tenant))
        return int(await connection.fetchval(f"SELECT count(*) FROM ledger.{table}"))


async def leaks(identity_store: Databases, connection: asyncpg.Connection, table: str) -> bool:
    """Whether one tenant sees or can write another's rows of `table`, or anyone without a tenant does."""
    tenant, other = await tenant_with_rows(identity_store.admin, table), uuid4()
    if await visible(connection, table, None) or await visible(connection, table, other):
        return True
    assert await visible(connection, table, tenant) == 1
    return False


@pytest.mark.rule("SEC-05")
@pytest.mark.parametrize("table", TABLES)
async def test_rows_of_another_tenant_are_not_seen_by_the_runtime(identity_store: Databases, table: str) -> None:
    assert not await leaks(identity_store, identity_store.runtime, table)


@pytest.mark.rule("SEC-05")
@pytest.mark.parametrize("table", TABLES)
async def test_rows_of_another_tenant_are_not_seen_by_the_owner(identity_store: Databases, table: str) -> None:
    assert not await leaks(identity_store, identity_store.owner, table)


@pytest.mark.parametrize("table", TABLES)
async def test_a_row_for_another_tenant_cannot_be_written(identity_store: Databases, table: str) -> None:
    tenant = await tenant_with_rows(identity_store.admin, table)
    statement = await sample(identity_store.admin, table, uuid4() if table == "tenants" else tenant)
    async with identity_store.runtime.transaction():
        await identity_store.runtime.execute("SELECT set_config('app.tenant_id', $1, true)", str(uuid4()))
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match=r"row-level security|permission denied"):
            await identity_store.runtime.execute(statement)


async def test_the_setting_does_not_outlive_its_transaction(identity_store: Databases) -> None:
    tenant = await tenant_with_rows(identity_store.admin, "brands")
    assert await visible(identity_store.runtime, "brands", tenant) == 1
    assert await visible(identity_store.runtime, "brands", None) == 0


@pytest.mark.rule("SEC-05")
async def test_every_table_forces_its_policies(identity_store: Databases) -> None:
    rows = await identity_store.admin.fetch(
        "SELECT relname, relrowsecurity AND relforcerowsecurity AS forced FROM pg_class"
        " WHERE relnamespace = 'ledger'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'"
    )
    assert {row["relname"]: row["forced"] for row in rows} == dict.fromkeys(TABLES, True)


@pytest.mark.rule("SEC-05")
async def test_no_role_can_pass_the_policies_and_the_serving_one_owns_nothing(identity_store: Databases) -> None:
    rows = await identity_store.admin.fetch("SELECT * FROM pg_roles WHERE rolname LIKE 'ledger\\_%'")
    attributes = {row["rolname"]: (row["rolsuper"], row["rolbypassrls"], row["rolcanlogin"]) for row in rows}
    assert attributes == {
        "ledger_owner": (False, False, True),
        "ledger_runtime": (False, False, True),
        "ledger_directory": (False, False, False),
        "ledger_sweeper": (False, False, False),
    }
    owned = "SELECT count(*) FROM pg_class WHERE relowner = 'ledger_runtime'::regrole"
    assert await identity_store.admin.fetchval(owned) == 0


@pytest.mark.rule("SEC-12")
async def test_the_audit_log_cannot_be_changed_or_emptied(identity_store: Databases) -> None:
    for statement in (
        "UPDATE ledger.audit_log SET actor = 'x'",
        "DELETE FROM ledger.audit_log",
        "TRUNCATE ledger.audit_log",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await identity_store.runtime.execute(statement)


async def test_the_directory_finds_a_person_of_any_tenant_by_address_alone(identity_store: Databases) -> None:
    tenant = await tenant_with_rows(identity_store.admin, "users")
    email = await identity_store.admin.fetchval("SELECT email FROM ledger.users WHERE tenant_id = $1", tenant)
    rows = await identity_store.runtime.fetch("SELECT * FROM ledger.directory_user_by_email($1)", email.upper())
    assert [row["tenant_id"] for row in rows] == [tenant]
    assert await identity_store.runtime.fetch("SELECT * FROM ledger.directory_user_by_email('%')") == []


async def test_the_look_for_schedules_tells_ids_alone_and_not_to_everyone(identity_store: Databases) -> None:
    tenant = await tenant_with_rows(identity_store.admin, "brands")
    look = "SELECT * FROM ledger.directory_active_brands($1, $2, 1000)"
    rows = await identity_store.runtime.fetch(look, UUID(int=0), UUID(int=0))
    assert tenant in {row["tenant_id"] for row in rows}
    assert {tuple(row.keys()) for row in rows} == {("tenant_id", "brand_id")}
    readable = await identity_store.admin.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'ledger.brands'::regclass AND attnum > 0"
        " AND has_column_privilege('ledger_directory', attrelid, attnum, 'SELECT')"
    )
    assert {row["attname"] for row in readable} == {"tenant_id", "brand_id"}
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await identity_store.owner.fetch(look, UUID(int=0), UUID(int=0))


async def test_functions_that_look_across_tenants_are_few_and_not_for_everyone(identity_store: Databases) -> None:
    rows = await identity_store.admin.fetch(
        "SELECT proname, proowner::regrole::text AS owner, has_function_privilege('public', oid, 'EXECUTE') AS open,"
        " proconfig FROM pg_proc WHERE pronamespace = 'ledger'::regnamespace AND prosecdef"
    )
    assert {(row["proname"], row["owner"]) for row in rows} == {
        ("directory_user_by_email", "ledger_directory"),
        ("directory_is_empty", "ledger_directory"),
        ("directory_active_brands", "ledger_directory"),
        ("sweep_leftovers", "ledger_sweeper"),
        ("sweep_settle", "ledger_sweeper"),
        ("sweep_feed", "ledger_sweeper"),
        ("sweep_claim_effects", "ledger_sweeper"),
        ("sweep_expired", "ledger_sweeper"),
    }
    assert not any(row["open"] for row in rows)
    assert all(row["proconfig"] == ["search_path=pg_catalog"] for row in rows)


@pytest.mark.parametrize(
    "sabotage",
    [
        "ALTER TABLE ledger.brands DISABLE ROW LEVEL SECURITY",
        "DROP POLICY own_tenant ON ledger.brands; CREATE POLICY own_tenant ON ledger.brands USING (true)",
        "ALTER ROLE ledger_runtime BYPASSRLS",
    ],
)
async def test_these_tests_see_a_policy_that_is_gone(server: str, sabotage: str) -> None:
    admin_dsn, _, runtime_dsn = await fresh_identity_store(server)
    admin, runtime = await asyncpg.connect(admin_dsn), await asyncpg.connect(runtime_dsn)
    try:
        await admin.execute(sabotage)
        assert await leaks(Databases(admin, admin, runtime), runtime, "brands")
    finally:
        await admin.execute("ALTER ROLE ledger_runtime NOBYPASSRLS")
        await admin.close()
        await runtime.close()


async def test_these_tests_see_that_the_owner_is_no_longer_forced(server: str) -> None:
    admin_dsn, owner_dsn, _ = await fresh_identity_store(server)
    admin, owner = await asyncpg.connect(admin_dsn), await asyncpg.connect(owner_dsn)
    await admin.execute("ALTER TABLE ledger.brands NO FORCE ROW LEVEL SECURITY")
    assert await leaks(Databases(admin, owner, owner), owner, "brands")
    await admin.close()
    await owner.close()


async def test_the_tables_are_as_the_code_describes_them(server: str) -> None:
    _, owner, _ = await fresh_identity_store(server)
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(owner), poolclass=NullPool
    )

    def differences(connection: Connection) -> list[object]:
        def ours(name: str | None, kind: str, parents: object) -> bool:
            return kind != "schema" or name == "ledger"

        options = {"include_schemas": True, "include_name": ours, "version_table_schema": "ledger"}
        compared = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
        return [each for each in compared if isinstance(each, list) or each[0] not in ("remove_index", "remove_fk")]

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_a_cloud_without_superuser_can_make_the_ledger_too(server: str) -> None:
    dsn = await fresh_database(server)
    admin = await asyncpg.connect(dsn)
    await admin.execute("DROP ROLE IF EXISTS cloud_admin")
    await admin.execute("CREATE ROLE cloud_admin LOGIN CREATEROLE CREATEDB")
    # As if the cloud's administrator had made the roles on an earlier run.
    for role in ("ledger_owner", "ledger_runtime", "ledger_directory", "ledger_sweeper"):
        if await admin.fetchval("SELECT count(*) FROM pg_roles WHERE rolname = $1", role):
            await admin.execute(f"GRANT {role} TO cloud_admin WITH ADMIN OPTION")
    database = await admin.fetchval("SELECT current_database()")
    await admin.execute(f"ALTER DATABASE {database} OWNER TO cloud_admin")
    cloud = dsn.replace("postgres:@", "cloud_admin:@")
    owner, runtime = await provision(cloud, owner_password="o", runtime_password="r")
    await upgrade(owner)
    connection = await asyncpg.connect(runtime)
    assert await connection.fetchval("SELECT ledger.directory_is_empty()") is True
    await connection.close()
    await admin.execute(f"ALTER DATABASE {database} OWNER TO postgres")
    await admin.execute("DROP OWNED BY cloud_admin CASCADE")
    await admin.close()


async def test_no_check_of_the_schema_repeats_the_words_of_the_product(identity_store: Databases) -> None:
    """A member added to an enum needs no migration."""
    rows = await identity_store.admin.fetch(
        "SELECT conname FROM pg_constraint WHERE contype = 'c' AND connamespace = 'ledger'::regnamespace"
    )
    assert {row["conname"] for row in rows} == {
        "tenants_status_check",
        "users_email_check",
        "ai_feedback_user_rating_check",
    }
