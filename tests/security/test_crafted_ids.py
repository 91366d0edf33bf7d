"""Ids that somebody wrote by hand: whatever they say, the answer is no server error and tells nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from pulsepoint.metrics.definitions import CATALOG_VERSION
from pulsepoint.tenancy import TenantContext
from tests.builders.identity_store import ADMIN, RunningGateway, brand_body, identity_store_server, running_gateway
from tests.builders.storefront import shop_facts

LAST = date(2026, 3, 31)
ODD: tuple[Any, ...] = (None, True, -1, 2**63, 2**80, 1e308, "", "\0", "\u0661", "'; --", [], {}, [1], {"a": 1})
ZONES: tuple[Any, ...] = ("", "\0", "../etc/passwd", "localtime", "posix", 1, None, [])
PERIODS = (
    ("0001-01-01", "9999-12-31"), ("9999-12-31", "9999-12-31"), ("0001-01-01", "0001-01-01"),
    ("2026-03-31", "2026-03-01"), ("1969-12-31", "2026-03-31"), ("2026-W13-2", "20260331"),
)  # fmt: skip
FIELDS: dict[str, tuple[Any, ...]] = {
    "m": (*ODD, "blended_roas", "stock_value", "roas_fall", ["net_revenue"]),
    "p": (*ODD, *([*days, "UTC"] for days in PERIODS), *(["2026-03-01", "2026-03-31", zone] for zone in ZONES)),
    "s": (*ODD, *(["last_touch", each, "occurred"] for each in ODD), ["last_touch", "return", "", ""]),
    "c": (*ODD, "GB", "gbp", "€€€", "\ud800"),
    "o": (
        *ODD, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-03-31T00:00:00", "2026-03-31",
        "1500-01-01T00:00:00+00:00",
    ),
    "a": (
        *ODD, {"nothing": "x"}, {"channel": "meta"}, {"kind": "\0"}, {"kind": 1}, {"kind": ["x"]}, {"currency": 7},
        {"day": "0001-01-01"}, {"day": "9999-12-31"}, {"day": 1}, {"month": "0000-00"}, {"month": 3},
        {"month": "x" * 9},
    ),
    "v": (*ODD, 1, 99, 2**62),
    "t": ODD,
    "b": ODD,
}  # fmt: skip


def packed(payload: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=").decode()


def crafted(scope: TenantContext) -> Iterator[str]:
    """Ids of the form of before, which nobody signed, each with one field that is odd or missing."""
    honest: dict[str, Any] = {
        "t": scope.tenant_id.hex, "b": scope.brand_id.hex, "m": "net_revenue", "p": ["2026-03-01", "2026-03-31", "UTC"],
        "s": ["last_non_direct", "return", "occurred"], "c": "GBP", "o": "2026-03-31T12:00:00+00:00", "a": {},
        "v": CATALOG_VERSION,
    }  # fmt: skip
    yield packed(honest)
    for name, values in FIELDS.items():
        yield packed({key: value for key, value in honest.items() if key != name})
        for value in values:
            yield packed({**honest, name: value})


@pytest.mark.rule("SEC-24")
async def test_a_crafted_fact_id_is_no_server_error() -> None:
    with identity_store_server() as dsn:
        async with running_gateway(dsn) as gateway, await gateway.login() as admin:
            scope = await a_brand(gateway)
            wrong, opened = [], 0
            for fact_id in dict.fromkeys(crafted(scope)):
                answer = await admin.get(f"/api/facts/{fact_id}")
                opened += answer.status_code == 200
                if answer.status_code >= 500:
                    wrong.append((answer.status_code, base64.urlsafe_b64decode(fact_id + "=" * (-len(fact_id) % 4))))
            assert wrong == []
            assert opened >= 1, "the honest one is opened"


async def a_brand(gateway: RunningGateway) -> TenantContext:
    """A brand of the first tenant with a month of sales."""
    async with await gateway.login() as admin:
        brand_id = UUID((await admin.post("/api/brands", json=brand_body())).json()["brand_id"])
    user = await gateway.ports.directory.user_by_email(ADMIN)
    scope = TenantContext(user.tenant_id, brand_id)
    await gateway.ports.warehouse.append(shop_facts(scope, LAST))
    return scope
