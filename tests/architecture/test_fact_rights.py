"""Who may read and write facts: each service what its code does, on datasets and nowhere above them."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pulsepoint.adapters.bigquery.access import (
    PERMISSIONS,
    ROLES,
    SHARED_RIGHTS,
    TENANT_RIGHTS,
    Right,
    access_list,
    account_of,
)
from pulsepoint.events.catalog import SERVICES
from pulsepoint.warehouse.schema import shared_tables
from tests.architecture.test_ownership import owned
from tests.builders.terraform import each, evaluate, hcl, of_type, sole

ROOT = Path(__file__).resolve().parents[2]
QUESTIONS = {"query", "measure", "measure_all", "recompute", "run_named_query", "refresh_current"}
ERASURES = {"erases_facts", "erase_facts"}
"""What changes rows by statements: that takes reading them, and running jobs."""
ENDS_ROWS = re.compile(r"warehouse\.(erase|forget_brand)\(")
SHARED = {table.name for table in shared_tables()}
needs_terraform = pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")


def calls(service: str) -> Iterator[tuple[str, ast.Call]]:
    """Calls in a service's code, by the name called."""
    for path in (ROOT / "services" / service / service.replace("-", "_")).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", ""), node


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_may_read_facts_exactly_if_it_asks_for_them(service: str) -> None:
    reads = any(right is not Right.APPEND for right in TENANT_RIGHTS[service])
    assert reads == any(name in QUESTIONS | ERASURES for name, _ in calls(service))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_may_append_exactly_if_it_records_facts(service: str) -> None:
    tables = owned()[service][1]  # held to the code by test_ownership.py
    assert bool(tables - SHARED) == (Right.APPEND in TENANT_RIGHTS[service])
    assert bool(tables & SHARED) == (Right.APPEND in SHARED_RIGHTS.get(service, ()))


def test_only_who_keeps_the_current_rows_may_drop_a_table() -> None:
    keepers = {service for service, rights in TENANT_RIGHTS.items() if Right.KEEP in rights}
    assert keepers == {service for service in SERVICES if any(name == "refresh_current" for name, _ in calls(service))}
    assert {right for right, given in PERMISSIONS.items() if "bigquery.tables.delete" in given} == {Right.KEEP}
    assert "bigquery.tables.getData" not in PERMISSIONS[Right.APPEND]
    assert PERMISSIONS[Right.READ] == tuple(
        p for p in PERMISSIONS[Right.READ] if p.endswith((".get", "getData", "list"))
    )


def forgotten_answers(text: str) -> bool:
    """True where a file changes rows that stand and leaves the answers of before them in the cache."""
    return ENDS_ROWS.search(text) is not None and "facts_erased(" not in text


def test_whoever_changes_rows_ends_the_answers_that_tell_of_them() -> None:
    assert forgotten_answers("await ports.warehouse.erase(scope, table, ids, columns)")
    assert not forgotten_answers("await ports.warehouse.forget_brand(scope)\nawait facts_erased(ports.cache, scope)")
    files = [*(ROOT / "services").rglob("*.py"), *(ROOT / "shared" / "pulsepoint" / "runtime").rglob("*.py")]
    assert [path.name for path in files if forgotten_answers(path.read_text(encoding="utf-8"))] == []


def test_a_new_datasets_access_list_names_its_owner_and_each_services_rights_and_nobody_else() -> None:
    listed = [(each.role, each.entity_type, each.entity_id) for each in access_list("facts", "accounts")]
    assert listed[0] == ("OWNER", "specialGroup", "projectOwners")
    assert set(listed[1:]) == {
        (f"projects/facts/roles/{ROLES[right]}", "userByEmail", f"{account_of(name)}@accounts.iam.gserviceaccount.com")
        for name, rights in TENANT_RIGHTS.items()
        for right in rights
    }


@cache
def evaluated() -> dict[str, Any]:
    """What Terraform makes of rights to facts; evaluated at once, which takes seconds."""
    account, role = sole("google_service_account.service"), sole("google_project_iam_custom_role.facts")
    shared = sole("google_bigquery_dataset_iam_member.shared")
    members = [
        member
        for member in of_type("google_project_iam_member")
        if re.search("bigquery|facts", str(member.body["role"]))
    ]
    return evaluate(
        {
            "accounts": each(account, account.body["account_id"]),
            "role_ids": each(role, role.body["role_id"]),
            "permissions": each(role, role.body["permissions"]),
            "shared_members": each(shared, shared.body["member"]),
            "shared_roles": each(shared, shared.body["role"]),
            "shared_datasets": each(shared, shared.body["dataset_id"]),
            "shared": hcl(sole("google_bigquery_dataset.shared").body["dataset_id"]),
            "maker": hcl(sole("google_project_iam_custom_role.dataset_maker").body["permissions"]),
            **{member.address: each(member, member.body["role"]) for member in members},
        }
    )


@needs_terraform
@pytest.mark.slow
def test_terraform_makes_the_accounts_and_roles_that_an_access_list_names() -> None:
    assert evaluated()["accounts"] == {name: account_of(name) for name in SERVICES}
    assert evaluated()["role_ids"] == {ROLES[right]: ROLES[right] for right in Right}
    assert evaluated()["permissions"] == {ROLES[right]: list(PERMISSIONS[right]) for right in Right}


@needs_terraform
@pytest.mark.slow
def test_no_right_over_the_project_reaches_facts() -> None:
    given = {address: set(roles.values()) for address, roles in evaluated().items() if "iam_member" in address}
    assert given == {"google_project_iam_member.queries": {"roles/bigquery.jobUser"}}
    assert evaluated()["maker"] == ["bigquery.datasets.create"]
    asking = {name for name, rights in TENANT_RIGHTS.items() if rights != (Right.APPEND,)}
    assert set(evaluated()["google_project_iam_member.queries"]) == asking < set(SERVICES)


@needs_terraform
@pytest.mark.slow
def test_the_deployments_own_dataset_is_open_to_the_gateway_alone() -> None:
    assert set(evaluated()["shared_members"].values()) == {"ref:google_service_account.service[gateway].member"}
    roles = {f"ref:google_project_iam_custom_role.facts[{ROLES[right]}].id" for right in SHARED_RIGHTS["gateway"]}
    assert set(evaluated()["shared_roles"].values()) == roles
    assert set(evaluated()["shared_datasets"].values()) == {"ref:google_bigquery_dataset.shared.dataset_id"}
    assert evaluated()["shared"] == "pulsepoint"
