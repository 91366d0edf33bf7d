"""The permissions of each role: the one table that every endpoint's dependency asks.

A new role is a member of `Role` and a row of `GRANTS`. A person may also be limited to some brands
(`users.brand_ids`), whatever their role: then nothing that concerns the whole tenant is theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """A person's role, the least first."""

    USER = "user"
    MANAGER = "manager"
    ADMIN = "admin"
    OPERATOR = "operator"


class Permission(StrEnum):
    """Something that a role lets its people do."""

    READ_BRAND = "read_brand"
    READ_TENANT = "read_tenant"
    """What concerns the whole tenant: traces."""
    READ_QUARANTINE = "read_quarantine"
    """Lists of what could not be handled: whose shop sends what, and why it was refused."""
    MAKE_BRAND = "make_brand"
    CONFIGURE_BRAND = "configure_brand"
    SYNC_BRAND = "sync_brand"
    UPLOAD_ORDERS = "upload_orders"
    VERIFY_BRAND = "verify_brand"
    READ_AUDIT = "read_audit"
    ERASE_PEOPLE = "erase_people"
    REPLAY_MESSAGES = "replay_messages"
    OPERATE = "operate"
    """The permission for what belongs to no tenant: messages of shops nobody owns, the queues of this machine."""


_READING = frozenset({Permission.READ_BRAND, Permission.READ_TENANT})
_MANAGING = _READING | {
    Permission.READ_QUARANTINE,
    Permission.MAKE_BRAND,
    Permission.CONFIGURE_BRAND,
    Permission.SYNC_BRAND,
    Permission.UPLOAD_ORDERS,
    Permission.VERIFY_BRAND,
}
_ADMINISTERING = _MANAGING | {Permission.READ_AUDIT, Permission.ERASE_PEOPLE, Permission.REPLAY_MESSAGES}

GRANTS: Mapping[Role, frozenset[Permission]] = {
    Role.USER: _READING,
    Role.MANAGER: _MANAGING,
    Role.ADMIN: _ADMINISTERING,
    Role.OPERATOR: _ADMINISTERING | {Permission.OPERATE},
}
OF_A_BRAND = frozenset(
    {
        Permission.READ_BRAND,
        Permission.CONFIGURE_BRAND,
        Permission.SYNC_BRAND,
        Permission.UPLOAD_ORDERS,
        Permission.VERIFY_BRAND,
    }
)
"""Permissions about one brand at a time: all that a person limited to some brands can have."""


def allows(role: Role, permission: Permission, *, brand_ids: frozenset[UUID] | None = None) -> bool:
    """True where the role grants the permission, to a person limited to `brand_ids` (None: not limited)."""
    return permission in GRANTS[role] and (brand_ids is None or permission in OF_A_BRAND)


def sees_brand(brand_ids: frozenset[UUID] | None, brand_id: UUID) -> bool:
    """True where a person limited to `brand_ids` (None: not limited) may know that the brand exists."""
    return brand_ids is None or brand_id in brand_ids


def least_role(permission: Permission) -> Role:
    """The least role that grants the permission; raises `StopIteration` for one that no role grants."""
    return next(role for role in Role if permission in GRANTS[role])
