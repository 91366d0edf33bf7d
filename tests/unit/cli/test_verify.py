"""What `pulsepoint verify` finds: planted violations turn it red, and the same input has one hash."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from rich.console import Console
from typer.testing import CliRunner

from deploy.cli.instance_client import Brand, InstanceRefused
from deploy.cli.main import app
from deploy.cli.progress import Progress
from deploy.cli.verify import as_json, print_verified, verify_brands
from gateway.verification.checks import CHECKS, Check, Checked, run_check, source_counts, state_of
from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse, open_duckdb
from pulsepoint.events.orders import OrderLine, Refund
from pulsepoint.money import MICROS
from pulsepoint.ports.document_store import FactRow
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.tenancy import TenantContext
from tests.builders.warehouse import (
    NOON,
    RECORDED_AT,
    SCOPE,
    ad_fact,
    credit_facts,
    fact,
    line_facts,
    order_fact,
    refund_fact,
)

pytestmark = pytest.mark.slow

BRAND = Brand("b1", "Northwind", "northwind.myshopify.com", "GBP", "Europe/London", made=False)
LATER = RECORDED_AT + timedelta(days=30)


@pytest.fixture
async def warehouse() -> AsyncIterator[DuckDBWarehouse]:
    async with open_duckdb() as opened:
        yield opened


def a_line(units: int) -> OrderLine:
    return OrderLine(
        line_id="l1", product_id="p1", variant_id="v1", sku="s", title="Mug", quantity=1, gross_micros=units * MICROS,
        discount_micros=0, tax_micros=0,
    )  # fmt: skip


def a_refund(units: int) -> Refund:
    return Refund(
        refund_id="r1", issued_at=NOON + timedelta(days=2), subtotal_micros=units * MICROS, tax_micros=0,
        adjustment_micros=0, shipping_micros=0, lines=(),
    )  # fmt: skip


def an_order(order_id: str, units: int, scope: TenantContext) -> list[FactRow]:
    head = order_fact(order_id, net=units, scope=scope)
    credited = credit_facts(order_id, [("meta", "Spring Sale", units)], scope=scope)
    return [head, *line_facts(head, [a_line(units)]), *credited]


def refunded_order(scope: TenantContext) -> list[FactRow]:
    """Order o2 of 80 with 30 given back: two snapshots of its attribution, the second counts."""
    head = order_fact("o2", net=80, scope=scope)
    before = credit_facts("o2", [("email", None, 80)], scope=scope)
    # One head of net 50 over the credits of the sale and of the refund.
    after = credit_facts("o2", [("email", None, 80), ("email", None, -30)], scope=scope, version=2)
    refund_row = dict(after[2].row) | {
        "entry_id": "r1",
        "entry_kind": "refund",
        "occurred_at": NOON + timedelta(days=2),
    }
    return [
        head,
        *line_facts(head, [a_line(80)]),
        refund_fact(a_refund(30), "o2", scope=scope),
        *before,
        *after[:2],
        replace(after[2], row=refund_row),
    ]


def a_shop(scope: TenantContext = SCOPE) -> list[FactRow]:
    """Two orders, a refund, ads restated once, a stock level: whole books."""
    level = {"inventory_item_id": "i1", "location_id": "w", "available": 5, "updated_at": NOON}
    return [
        *an_order("o1", 100, scope),
        *refunded_order(scope),
        ad_fact(spend=10, scope=scope),
        ad_fact(spend=12, version=2, scope=scope),
        fact("inventory_levels", "i1:w", 1, level, scope=scope),
    ]


async def outcome_of(
    warehouse: Warehouse, check: Check, policy: str = "return", settled_before: datetime = LATER
) -> Checked:
    return await run_check(
        warehouse, SCOPE, check, cancelled_orders=policy, lookback_days=30, settled_before=settled_before
    )


async def violations(warehouse: DuckDBWarehouse, policy: str = "return") -> dict[str, Checked]:
    done = [await outcome_of(warehouse, check, policy) for check in CHECKS]
    return {each.check.name: each for each in done if each.total}


async def test_a_whole_shop_has_no_violation(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append(a_shop())
    assert await violations(warehouse) == {}


async def test_a_credit_one_micro_off_is_found_by_order_and_in_the_sum(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append(a_shop())
    head, credit = credit_facts("o1", [("meta", "Spring Sale", 100)], version=9)
    wrong = replace(credit, row=credit.row | {"credit_micros": 100 * MICROS + 1})
    await warehouse.append([head, wrong])
    violated = await violations(warehouse)
    assert set(violated) == {"conservation", "entry_credits"}
    [entry] = violated["entry_credits"].violations
    assert (entry.subject, entry.expected, entry.found) == ("o1", 100 * MICROS, 100 * MICROS + 1)
    [total] = violated["conservation"].violations
    assert total.found - total.expected == 1


async def test_two_errors_that_cancel_out_are_both_found(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append([*an_order("o1", 100, SCOPE), *an_order("o3", 100, SCOPE)])
    for order_id, more in (("o1", 1), ("o3", -1)):
        head, credit = credit_facts(order_id, [("meta", None, 100)], version=9)
        await warehouse.append([head, replace(credit, row=credit.row | {"credit_micros": 100 * MICROS + more})])
    violated = await violations(warehouse)
    assert set(violated) == {"entry_credits"}
    assert [each.subject for each in violated["entry_credits"].violations] == ["o1", "o3"]


async def test_sums_leave_out_orders_that_are_not_settled_and_only_those(warehouse: DuckDBWarehouse) -> None:
    conservation = CHECKS[0]
    timestamp = RECORDED_AT + timedelta(hours=1)
    await warehouse.append([*a_shop(), order_fact("o9", net=7, recorded_at=timestamp)])
    changed = replace(refund := refund_fact(a_refund(31), "o2", 2), row=refund.row | {"recorded_at": timestamp})
    await warehouse.append([changed])
    assert (await outcome_of(warehouse, conservation, settled_before=timestamp)).total == 1
    assert (await outcome_of(warehouse, conservation, settled_before=timestamp - timedelta(seconds=1))).total == 0
    head, credit = credit_facts("o1", [("meta", None, 99)], version=9)
    await warehouse.append([head, credit])
    assert (await outcome_of(warehouse, conservation, settled_before=timestamp - timedelta(seconds=1))).total == 1


async def test_a_refund_credited_twice_is_found(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append(a_shop())
    twice = credit_facts("o2", [("email", None, 80), ("email", None, -30), ("direct", None, -30)], version=9)
    rows = [replace(row, row=row.row | {"entry_id": "r1", "entry_kind": "refund"}) for row in twice[2:]]
    await warehouse.append([*twice[:2], *rows])
    violated = await violations(warehouse)
    assert violated["entry_credits"].violations[0].detail.startswith("refund r1")
    assert "order_net" in violated


async def test_an_order_without_attribution_is_found(warehouse: DuckDBWarehouse) -> None:
    head = order_fact("o9", net=7)
    await warehouse.append([*a_shop(), head, *line_facts(head, [a_line(7)])])
    violated = await violations(warehouse)
    assert violated["order_net"].violations[0].detail == "no attribution"


async def test_rows_without_a_head_and_heads_without_rows_are_found(warehouse: DuckDBWarehouse) -> None:
    _, stray = credit_facts("o1", [("meta", None, 1)], version=9)
    bare, _ = credit_facts("o2", [("email", None, 50)], version=9)
    await warehouse.append([*a_shop(), stray, bare, order_fact("o8", net=4)])
    violated = await violations(warehouse)
    [orphan] = violated["orphans"].violations
    assert (orphan.subject, orphan.detail, orphan.found) == ("o1", "rows of credits without a head", 1)
    assert [each.subject for each in violated["heads"].violations] == ["o2", "o8"]


class Broken:
    """A warehouse one of whose views is wrong: `old` in the translated question is read as `new`."""

    def __init__(self, warehouse: DuckDBWarehouse, old: str, new: str) -> None:
        self._warehouse, self._old, self._new = warehouse, old, new

    async def append(self, facts: Sequence[FactRow]) -> frozenset[str]:
        raise AssertionError("verification appends nothing")

    async def query(
        self, scope: TenantContext, sql: str, parameters: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        return await self._warehouse.query(scope, sql.replace(self._old, self._new), parameters)

    async def erase(self, scope: TenantContext, table: str, fact_ids: Sequence[str], columns: Sequence[str]) -> None:
        raise AssertionError("verification erases nothing")

    async def forget_brand(self, scope: TenantContext) -> None:
        raise AssertionError("verification forgets nothing")

    async def refresh_current(self, scope: TenantContext) -> int:
        raise AssertionError("verification keeps nothing")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("view_orders", "FROM orders_current", "FROM orders"),
        ("view_ad_days", "FROM ad_performance_current", "FROM ad_performance"),
        ("view_attributions", "FROM attributions_current", "FROM attributions"),
        ("view_credits", "FROM credits_current", "FROM credits"),
        ("view_refunds", "FROM refunds_current WHERE", "FROM refunds_current WHERE refund_id = 'none' AND"),
        ("view_order_lines", "FROM order_lines_current", "FROM order_lines"),
        ("view_sales", "FROM sales_entries WHERE", "FROM sales_entries WHERE kind <> 'refund' AND"),
        ("counted_once", "kind IN ('sale', 'refund')", "kind = 'sale'"),
        ("view_unified", "FROM unified_performance WHERE", "FROM unified_performance WHERE source = 'ads' AND"),
    ],
)
async def test_a_view_that_shows_something_else_is_found(
    warehouse: DuckDBWarehouse, name: str, old: str, new: str
) -> None:
    changed = order_fact("o1", 2, net=100)
    await warehouse.append([*a_shop(), changed, *line_facts(changed, [a_line(100)])])
    [check] = [each for each in CHECKS if each.name == name]
    assert (await outcome_of(warehouse, check)).total == 0
    assert (await outcome_of(Broken(warehouse, old, new), check)).total > 0


async def test_the_policy_for_cancelled_orders_decides_what_is_expected(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append(a_shop())
    cancelled = order_fact("o1", 2, net=100, cancelled_at=NOON + timedelta(days=1))
    await warehouse.append([cancelled, *line_facts(cancelled, [a_line(100)])])
    assert await violations(warehouse, "keep") == {}
    assert set(await violations(warehouse, "return")) == {"conservation", "order_net", "entry_credits"}


OTHER_INSTANCE = TenantContext(UUID(int=77), UUID(int=78))


async def test_the_same_input_in_another_order_on_another_instance_has_the_same_hash() -> None:
    hashes = set()
    for seed, scope in ((1, SCOPE), (2, SCOPE), (3, OTHER_INSTANCE)):
        facts = a_shop(scope)
        random.Random(seed).shuffle(facts)
        later = [replace(each, row=each.row | {"recorded_at": datetime(2026, 5, seed, tzinfo=UTC)}) for each in facts]
        async with open_duckdb() as warehouse:
            for each in later:
                await warehouse.append([each])
            state = await state_of(warehouse, scope)
        assert state.rows == {"orders": 2, "refunds": 1, "credits": 3, "ad_days": 1, "stock_levels": 1}
        hashes.add(state.sha256)
    assert len(hashes) == 1


@pytest.mark.parametrize(
    "more",
    [
        order_fact("o1", 2, net=101),
        refund_fact(a_refund(31), "o2", 2),
        credit_facts("o1", [("google", None, 100)], version=9),
        ad_fact(spend=13, version=3),
        ad_fact(day=date(2026, 3, 11)),
        fact("inventory_levels", "i1:w", 2, {"inventory_item_id": "i1", "location_id": "w", "available": 4,
             "updated_at": NOON}),
    ],
)  # fmt: skip
async def test_another_state_has_another_hash(warehouse: DuckDBWarehouse, more: FactRow | list[FactRow]) -> None:
    await warehouse.append(a_shop())
    before = await state_of(warehouse, SCOPE)
    await warehouse.append(more if isinstance(more, list) else [more])
    assert (await state_of(warehouse, SCOPE)).sha256 != before.sha256


async def test_a_state_of_more_than_a_page_is_read_to_its_end(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append([order_fact(f"o{number}") for number in range(5001)])
    assert (await state_of(warehouse, SCOPE)).rows["orders"] == 5001


async def test_counts_tell_snapshots_things_and_the_newest_moment(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append(a_shop())
    counts = {row["source"]: row for row in await source_counts(warehouse, SCOPE)}
    assert (counts["ads: meta"]["snapshots"], counts["ads: meta"]["things"]) == (2, 1)
    assert counts["orders"]["newest_at"] == NOON
    assert counts["notifications"]["things"] == 0


class Instance:
    """Answers of an instance: each check's, one after the other, the last again and again."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self._answers = list(answers)

    async def brands(self) -> list[Brand]:
        return [BRAND]

    async def read(self, path: str, **parameters: str) -> Any:
        if path.endswith("/checks"):
            return {"checks": [{"name": "order_net", "title": "Net", "unit": "micros"}]}
        if path.endswith("/sources"):
            unmatched = {"side": "spend", "channel": "meta", "campaign": "Spring", "currency": "GBP"}
            return {
                "accepted": 12, "other": 2, "held": 1,
                "sources": [{"source": "orders", "snapshots": 10, "things": 9}],
                "unmatched_total": 1, "unmatched": [unmatched | {"amount_micros": 12_340_000}],
            }  # fmt: skip
        if path.endswith("/state"):
            return {"sha256": "ab" * 32, "rows": {"orders": 9}}
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def answer(*subjects: str) -> dict[str, Any]:
    violated = [
        {"subject": each, "detail": "d", "expected": 5_000_000, "found": 5_000_001, "currency": "GBP"}
        for each in subjects
    ]
    return {
        "name": "order_net", "title": "Net", "unit": "micros", "ok": not violated, "total": len(violated),
        "violations": violated, "settled_seconds": 0,
    }  # fmt: skip


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.cli.verify.AGAIN_SECONDS", 0.0)


async def test_an_order_whose_credits_were_on_their_way_is_no_violation() -> None:
    [verified] = await verify_brands(Instance(answer("o1"), answer("o2")), Progress(quiet=True), shop=None, patience=5)
    assert verified.ok


async def test_an_order_that_stays_wrong_is_one() -> None:
    instance = Instance(answer("o1", "o2"), answer("o1", "o3"))
    [verified] = await verify_brands(instance, Progress(quiet=True), shop=None, patience=0.05)
    assert [each["subject"] for each in verified.checks[0]["violations"]] == ["o1"]
    assert as_json([verified])["ok"] is False


async def test_the_report_says_what_was_expected_what_is_unmatched_and_the_hash() -> None:
    [verified] = await verify_brands(Instance(answer("o1")), Progress(quiet=True), shop=BRAND.shop, patience=0)
    console = Console(width=160, file=StringIO())
    print_verified([verified], console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "VIOLATION order_net: o1 (d): expected 5.000000 GBP, found 5.000001 GBP." in text
    assert "Unmatched spend that earned no credit: meta Spring, 12.340000 GBP." in text
    assert "Webhook bodies accepted: 12, 2 of them" in text
    assert "ab" * 32 in text
    assert "Not every ledger adds up." in text


async def test_a_shop_nobody_owns_is_told() -> None:
    with pytest.raises(InstanceRefused, match=r"nobody\.myshopify\.com"):
        await verify_brands(Instance(answer()), Progress(quiet=True), shop="nobody.myshopify.com", patience=0)


@pytest.mark.parametrize("command", ["verify", "doctor"])
def test_the_command_has_help_and_needs_an_instance(
    command: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSEPOINT_HOME", str(tmp_path))
    assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0
    refused = CliRunner().invoke(app, [command, "--json"])
    assert refused.exit_code == 1
    assert "No instance has run" in refused.stdout
