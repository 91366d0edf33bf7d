"""What each role may do, and who is limited to some brands."""

from __future__ import annotations

import ast
import itertools
from pathlib import Path
from uuid import uuid4

import pytest

from gateway.domain.identity import Person
from gateway.domain.permissions import GRANTS, OF_A_BRAND, Permission, Role, allows, least_role, sees_brand
from pulsepoint.tenancy import SYSTEM, TenantContext

GATEWAY = Path(__file__).resolve().parents[3] / "services" / "gateway" / "gateway"


def person(role: Role, *brands: object) -> Person:
    limited = frozenset(brands) if brands else None
    return Person(uuid4(), uuid4(), role, "a@b.example", limited)  # type: ignore[arg-type]


def test_every_role_has_a_row_and_may_do_what_the_one_below_may() -> None:
    assert set(GRANTS) == set(Role)
    roles = list(Role)
    for lower, higher in itertools.pairwise(roles):
        assert GRANTS[lower] < GRANTS[higher]


@pytest.mark.parametrize(
    ("permission", "role"),
    [
        (Permission.READ_BRAND, Role.USER),
        (Permission.READ_TENANT, Role.USER),
        (Permission.CONFIGURE_BRAND, Role.MANAGER),
        (Permission.UPLOAD_ORDERS, Role.MANAGER),
        (Permission.READ_AUDIT, Role.ADMIN),
        (Permission.REPLAY_MESSAGES, Role.ADMIN),
        (Permission.OPERATE, Role.OPERATOR),
    ],
)
def test_a_permission_starts_with_its_least_role(permission: Permission, role: Role) -> None:
    assert least_role(permission) is role


@pytest.mark.rule("SEC-13")
@pytest.mark.parametrize("permission", Permission)
def test_someone_limited_to_a_brand_may_do_nothing_that_concerns_the_tenant(permission: Permission) -> None:
    limited = allows(Role.OPERATOR, permission, brand_ids=frozenset({uuid4()}))
    assert limited is (permission in OF_A_BRAND)


@pytest.mark.rule("SEC-13")
def test_someone_limited_to_a_brand_sees_no_other() -> None:
    brand, other = uuid4(), uuid4()
    assert person(Role.USER, brand).sees(brand)
    assert not person(Role.USER, brand).sees(other)
    assert not sees_brand(frozenset(), brand)
    assert person(Role.USER).sees(other)


def test_only_operators_see_what_belongs_to_nobody() -> None:
    operator, admin = person(Role.OPERATOR), person(Role.ADMIN)
    assert operator.scopes() == (TenantContext(operator.tenant_id), SYSTEM)
    assert admin.scopes() == (TenantContext(admin.tenant_id),)


def test_roles_are_compared_in_the_table_alone() -> None:
    """Whoever names a role elsewhere decides there what it may do."""
    named = {
        path.relative_to(GATEWAY).as_posix()
        for path in GATEWAY.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Role"
    }
    assert named == {"domain/permissions.py", "use_cases/login.py"}  # log-in makes the first operator
