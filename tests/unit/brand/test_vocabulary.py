"""The words of the product: names of today and of before, and rules that stand in two languages."""

from __future__ import annotations

import itertools

import duckdb
import pytest
from pydantic import TypeAdapter, ValidationError

from pulsepoint.brand import vocabulary
from pulsepoint.brand.vocabulary import (
    AlertType,
    CancelledOrders,
    Channel,
    EntryKind,
    Platform,
    Severity,
    StockState,
    Unit,
)
from pulsepoint.brand.words import Word, sql_list

WORDS = sorted(
    (
        kind
        for kind in vars(vocabulary).values()
        if isinstance(kind, type) and issubclass(kind, Word) and kind is not Word
    ),
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("kind", WORDS)
def test_every_word_has_a_name_fit_for_the_wire(kind: type[Word]) -> None:
    for word in kind:
        assert word.value == word.value.lower().strip()
        assert kind(word.value) is word


@pytest.mark.parametrize("kind", WORDS)
def test_earlier_names_are_lifted_and_are_no_names_of_today(kind: type[Word]) -> None:
    for earlier, today in kind.earlier().items():
        assert earlier not in set(kind)
        assert kind(earlier) is kind(today)


@pytest.mark.parametrize(
    ("kind", "earlier", "today"),
    [
        (AlertType, "stock_out_risk", AlertType.STOCKOUT_RISK),
        (Severity, "warning", Severity.HIGH),
        (Severity, "info", Severity.LOW),
    ],
)
def test_stored_names_are_lifted_where_json_is_read(kind: type[Word], earlier: str, today: Word) -> None:
    reader = TypeAdapter(kind)
    assert reader.validate_json(f'"{earlier}"') is today
    assert reader.dump_json(reader.validate_python(earlier)) == f'"{today.value}"'.encode()
    with pytest.raises(ValidationError):
        reader.validate_json('"no_such_word"')


def test_every_platform_is_a_channel_and_says_how_its_clicks_are_known() -> None:
    for platform in Platform:
        assert Channel(platform.value).platform is platform
        clicks = platform.clicks
        assert clicks.proving + clicks.hinting
        assert all(source == source.lower() for source in clicks.sources)
    ids = [each for platform in Platform for each in (*platform.clicks.proving, *platform.clicks.hinting)]
    assert len(ids) == len(set(ids))
    assert Channel.DIRECT.platform is None


@pytest.mark.rule("REV-03")
def test_the_policy_for_cancelled_orders_is_one_rule_in_python_and_in_sql() -> None:
    """Every policy, kind of entry and state of the order, asked of both."""
    engine = duckdb.connect()
    for policy, kind, cancelled in itertools.product(CancelledOrders, EntryKind, (False, True)):
        row = (policy.value, kind.value, "2026-01-01" if cancelled else None)
        row_of_sql = engine.execute(
            f"SELECT {CancelledOrders.predicate().replace('@cancelled_orders', 'policy')}"
            " FROM (SELECT ? AS policy, ? AS kind, CAST(? AS DATE) AS cancelled_at) AS entry",
            row,
        ).fetchone()
        assert row_of_sql is not None
        assert bool(row_of_sql[0]) == policy.counts(kind, cancelled=cancelled), (policy, kind, cancelled)


def test_lines_know_no_kinds_and_columns_may_be_aliased() -> None:
    predicate = CancelledOrders.predicate(kinds=False, column="sold.cancelled_at")
    assert "kind" not in predicate
    assert "sold.cancelled_at IS NULL" in predicate


@pytest.mark.rule("REV-03")
@pytest.mark.parametrize("policy", CancelledOrders)
def test_an_order_is_dropped_where_none_of_its_entries_counts(policy: CancelledOrders) -> None:
    counted = [kind for kind in EntryKind if policy.counts(kind, cancelled=True)]
    assert policy.drops_order is (counted == [])
    dropping = CancelledOrders.dropping().replace("@cancelled_orders", repr(policy.value))
    row = duckdb.connect().execute(f"SELECT {dropping}").fetchone()
    assert row == (policy.drops_order,)


def test_lists_for_sql_name_every_member() -> None:
    assert [f"'{platform.value}'" for platform in Platform] == sql_list(Platform).split(", ")
    assert sql_list(state for state in StockState if state.is_gone) == "'out_of_stock', 'critical'"


def test_what_is_gone_runs_out_and_worse_ranks_first() -> None:
    assert all(state.runs_out for state in StockState if state.is_gone)
    assert [state.rank for state in StockState] == sorted(state.rank for state in StockState)
    assert Severity.CRITICAL.rank < Severity.HIGH.rank < Severity.MEDIUM.rank < Severity.LOW.rank


def test_units_say_how_many_make_one() -> None:
    assert {unit: unit.scale for unit in Unit} == {
        Unit.MONEY: 1_000_000,
        Unit.COUNT: 1,
        Unit.MICRO_COUNT: 1_000_000,
        Unit.RATIO: 1_000_000,
        Unit.DAYS: 1_000_000,
        Unit.PERCENT: 1,
    }
