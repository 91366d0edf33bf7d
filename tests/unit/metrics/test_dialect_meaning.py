"""What each construct of the allow-list means on DuckDB, held to BigQuery's reference.

Values are chosen so that lost parentheses, 32-bit arithmetic or another reading of NULL give another answer.
https://cloud.google.com/bigquery/docs/reference/standard-sql/functions-all,
https://cloud.google.com/bigquery/docs/reference/standard-sql/operators#operator_precedence
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from random import Random

import pytest

from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse, open_duckdb
from pulsepoint.errors import MalformedInput
from pulsepoint.values import QueryValue, Row
from pulsepoint.warehouse import dialect
from tests.builders.warehouse import SCOPE

pytestmark = pytest.mark.slow
INT64_MAX = 2**63 - 1
ROWS = """(
  SELECT 1 AS n, 'a' AS word, CAST(NULL AS STRING) AS maybe, TRUE AS yes
  UNION ALL SELECT 2, 'b', 'x', FALSE UNION ALL SELECT 3, 'b', CAST(NULL AS STRING), CAST(NULL AS BOOL)
)"""
NOON = "CAST('2024-06-30T12:00:00Z' AS TIMESTAMP)"
LATE = "CAST('2024-06-30T22:30:00Z' AS TIMESTAMP)"
DAY = "CAST('2024-01-31' AS DATE)"
IN_ORDER = "OVER (ORDER BY n)"
SCALARS: list[tuple[str, object]] = [
    ("DIV(7 + 5, 6 - 2)", 3),
    ("2 * DIV(7, 2)", 6),
    ("100 - DIV(7, 2) * 3", 91),
    ("DIV(7, 2) * DIV(9, 4)", 6),
    ("DIV(DIV(100, 7), DIV(9, 4))", 7),
    ("-DIV(-7, 2)", 3),
    ("DIV(5000000000 * 10000, 5000000000 - 1)", 10000),
    ("2 * MOD(5, 3)", 4),
    ("7 - MOD(5 + 4, 3 + 1)", 6),
    ("DIV(MOD(17, 10), MOD(5, 3))", 3),
    ("MOD(-7, 2)", -1),
    ("1000000 * 5000", 5_000_000_000),
    ("2147483647 + 1", 2**31),
    ("-2147483647 - 10", -(2**31) - 9),
    ("IF(TRUE, 2000000, 0) * 5000", 10**10),
    ("COALESCE(NULL, 2000000) * 5000", 10**10),
    ("NULLIF(2000000, 0) * 5000", 10**10),
    ("GREATEST(2000000, 1) * LEAST(5000, 9000)", 10**10),
    ("SIGN(-5) * 200 + SIGN(3) * 100", -100),
    ("ABS(3 - 5) * 3000000000", 6_000_000_000),
    ("GREATEST(1, NULL)", None),
    ("LEAST(NULL, 1)", None),
    ("CONCAT('a', 'b') LIKE 'a%'", True),
    ("CONCAT('a', 'b') || 'c' = 'abc'", True),
    ("CONCAT('a', CAST(NULL AS STRING))", None),
    ("CONCAT('n', CAST(2 + 3 AS STRING))", "n5"),
    ("LENGTH(CONCAT('ä', '😀'))", 2),
    ("LOWER('ÄB')", "äb"),
    ("TRIM('\t a b\u00a0\u2003\\n ')", "a b"),
    ("TRIM('xxaxx', 'x')", "a"),
    ("SUBSTR('abcdef', 2, 1 + 2)", "bcd"),
    ("STRPOS('abc', 'c') * 1000000000", 3_000_000_000),
    ("STRPOS('abc', 'z')", 0),
    ("NOT STARTS_WITH('abc', 'b')", True),
    ("REPLACE('aXbX', 'X', '--')", "a--b--"),
    ("REGEXP_REPLACE('a1b22', r'[0-9]+', '-')", "a-b-"),
    ("CAST(TRUE AS STRING)", "true"),
    ("CAST('12' AS INT64) * 1000000000", 12_000_000_000),
    (f"DATE({LATE}, 'Europe/London') = CAST('2024-06-30' AS DATE)", True),
    (f"CAST(DATE(TIMESTAMP_ADD({LATE}, INTERVAL 1 HOUR), 'Europe/London') AS STRING)", "2024-07-01"),
    (f"CAST(DATE(TIMESTAMP_SUB({LATE}, INTERVAL 23 HOUR), 'Europe/London') AS STRING)", "2024-06-30"),
    (f"UNIX_MICROS(TIMESTAMP_ADD({NOON}, INTERVAL 3000000000 MICROSECOND)) - UNIX_MICROS({NOON})", 3_000_000_000),
    (f"TIMESTAMP_SUB({NOON}, INTERVAL 1 + 1 DAY) < {NOON}", True),
    (f"CAST(DATE_ADD({DAY}, INTERVAL 1 MONTH) AS STRING)", "2024-02-29"),
    (f"CAST(DATE_SUB(DATE_ADD({DAY}, INTERVAL 2 DAY), INTERVAL 1 + 1 DAY) AS STRING)", "2024-01-31"),
    (f"DATE_DIFF(DATE_ADD({DAY}, INTERVAL 10 DAY), {DAY}, DAY) * 1000000000", 10_000_000_000),
    (f"CAST(DATE_TRUNC({DAY}, MONTH) AS STRING)", "2024-01-01"),
    (f"FORMAT_DATE('%Y-%m', DATE_ADD({DAY}, INTERVAL 1 DAY))", "2024-02"),
    ("UNIX_MICROS(TIMESTAMP(CAST('2024-07-01' AS DATE), 'Europe/London'))", 1719788400000000),
    ("@n * 1000000", 5_000_000_000),
    ("@n * @n * @n", 125_000_000_000),
    ("COALESCE(@n, 0) * 1000000 - 1", 4_999_999_999),
    ("@big + 0", INT64_MAX),
]
AGGREGATES: list[tuple[str, object]] = [
    ("SUM(n * 2000000000)", 12_000_000_000),
    ("SUM(DIV(n + 1, 2)) * 3000000000", 12_000_000_000),
    ("SUM(IF(n > 1, 2000000000, 0))", 4_000_000_000),
    ("MAX(IF(n > 1, 2000000, 0)) * 5000", 10**10),
    ("MIN(n) * 3000000000", 3_000_000_000),
    ("COUNT(*) * 1000000000", 3_000_000_000),
    ("COUNT(maybe)", 1),
    ("COUNT(DISTINCT word)", 2),
    ("COUNTIF(yes OR n = 3)", 2),
    ("LOGICAL_OR(yes)", True),
    ("LOGICAL_AND(yes)", False),
    ("ANY_VALUE(maybe)", "x"),
    ("MAX_BY(maybe, n)", None),
    ("MIN_BY(maybe, n)", None),
    ("MAX_BY(word, n)", "b"),
    ("STRING_AGG(word, '+' ORDER BY n)", "a+b+b"),
]
WINDOWS: list[tuple[str, list[object]]] = [
    (f"ROW_NUMBER() {IN_ORDER}", [1, 2, 3]),
    ("RANK() OVER (ORDER BY word)", [1, 2, 2]),
    ("DENSE_RANK() OVER (ORDER BY word DESC)", [2, 1, 1]),
    (f"LAG(n, 1, 0) {IN_ORDER}", [0, 1, 2]),
    (f"LEAD(n) {IN_ORDER}", [2, 3, None]),
    (f"FIRST_VALUE(word) {IN_ORDER}", ["a", "a", "a"]),
    (f"LAST_VALUE(n) {IN_ORDER}", [1, 2, 3]),
    ("RANK() OVER (ORDER BY maybe)", [1, 3, 1]),
    ("SUM(n * 2000000000) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)", [2 * 10**9, 6 * 10**9, 10**10]),
]
DAYS = """SELECT COUNT(*) AS answer FROM
UNNEST(GENERATE_DATE_ARRAY(CAST('2024-02-27' AS DATE), CAST('2024-03-01' AS DATE))) AS day"""
PARAMETERS: dict[str, QueryValue] = {"n": 5000, "big": INT64_MAX}


@pytest.fixture
async def warehouse() -> AsyncIterator[DuckDBWarehouse]:
    async with open_duckdb(threads=1, readers=1) as opened:
        yield opened


async def answers(warehouse: DuckDBWarehouse, expressions: list[str], source: str = "") -> list[Row]:
    columns = ", ".join(f"{expression} AS answer_{place}" for place, expression in enumerate(expressions))
    used = {name: value for name, value in PARAMETERS.items() if f"@{name}" in columns}
    return await warehouse.query(SCOPE, f"SELECT {columns}{source}", used)


@pytest.mark.parametrize(("expression", "expected"), SCALARS, ids=[each[0] for each in SCALARS])
async def test_a_scalar_means_what_bigquery_says(warehouse: DuckDBWarehouse, expression: str, expected: object) -> None:
    assert await answers(warehouse, [expression]) == [{"answer_0": expected}]


async def test_aggregates_mean_what_bigquery_says(warehouse: DuckDBWarehouse) -> None:
    [row] = await answers(warehouse, [each[0] for each in AGGREGATES], f" FROM {ROWS} AS given")
    assert dict(zip([each[0] for each in AGGREGATES], row.values(), strict=True)) == dict(AGGREGATES)


async def test_windows_mean_what_bigquery_says(warehouse: DuckDBWarehouse) -> None:
    rows = await answers(warehouse, [each[0] for each in WINDOWS], f" FROM {ROWS} AS given ORDER BY n")
    columns = zip(*(row.values() for row in rows), strict=True)
    assert dict(zip([each[0] for each in WINDOWS], map(list, columns), strict=True)) == dict(WINDOWS)


async def test_days_are_counted_as_in_bigquery(warehouse: DuckDBWarehouse) -> None:
    assert await warehouse.query(SCOPE, DAYS) == [{"answer": 4}]


def test_every_function_of_the_allow_list_is_tested_here() -> None:
    written = [each[0] for each in SCALARS + AGGREGATES] + [each[0] for each in WINDOWS]
    trees = [dialect.parse(f"SELECT {each} AS answer FROM given", frozenset({"given"})) for each in written]
    trees.append(dialect.parse(DAYS, frozenset()))
    assert dialect.FUNCTIONS - {type(node).__name__ for tree in trees for node in tree.walk()} == frozenset()


@pytest.mark.parametrize("expression", ["DIV(1, 0)", "MOD(1, 2 - 2)", f"{INT64_MAX} + 1", f"{INT64_MAX} * @n"])
async def test_what_bigquery_calls_an_error_is_one(warehouse: DuckDBWarehouse, expression: str) -> None:
    with pytest.raises(MalformedInput):
        await answers(warehouse, [expression])


@pytest.mark.parametrize(
    "expression", ["word LIKE 'a\\\\%'", "word LIKE word", "SUBSTR(word, 0, 2)", "SUBSTR(word, n)"]
)
def test_what_the_engines_read_differently_is_refused(expression: str) -> None:
    with pytest.raises(dialect.UnsupportedSQL):
        dialect.to_duckdb(f"SELECT {expression} AS answer FROM given", frozenset({"given"}))


@dataclass(frozen=True, slots=True)
class Nested:
    """An expression and its value by BigQuery's rules; None where it is NULL."""

    text: str
    value: int


def divided(left: int, right: int) -> int:
    """Toward zero, as the reference says of DIV."""
    return abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)


OPERATIONS: list[tuple[str, Callable[[int, int], int]]] = [
    ("DIV({0}, {1})", divided),
    ("MOD({0}, {1})", lambda left, right: left - divided(left, right) * right),
    ("({0} + {1})", lambda left, right: left + right),
    ("({0} - {1})", lambda left, right: left - right),
    ("{0} * {1}", lambda left, right: left * right),
    ("-({0}) * {1}", lambda left, right: -left * right),
    ("ABS({0} - {1})", lambda left, right: abs(left - right)),
    ("SIGN({0} + {1})", lambda left, right: (left + right > 0) - (left + right < 0)),
    ("GREATEST({0}, {1})", max),
    ("LEAST({0}, {1})", min),
    ("IF({0} < {1}, {0}, {1})", min),
    ("COALESCE(NULLIF({0}, {0}), {1})", lambda _left, right: right),
]


def nested(chance: Random, depth: int) -> Nested:
    """A random expression whose parts all fit into 64 bits."""
    if not depth:
        number = chance.choice([0, 1, 2, 3, 7, 5000, 46_341, 2_000_000, 2**31 - 1, 3_000_000_007])
        return Nested(str(number), number)
    while True:
        left, right = nested(chance, depth - 1), nested(chance, chance.randrange(depth))
        template, operation = chance.choice(OPERATIONS)
        if "{0} *" in template and abs(left.value * right.value) > INT64_MAX:
            continue
        if template[:3] in ("DIV", "MOD") and not right.value:
            continue
        value = operation(left.value, right.value)
        if abs(value) <= INT64_MAX:
            text = template.format(left.text, right.text)
            return Nested(f"({text})" if "*" in template and chance.random() < 0.5 else text, value)


@pytest.mark.parametrize("seed", range(12))
async def test_nested_arithmetic_keeps_its_parentheses(warehouse: DuckDBWarehouse, seed: int) -> None:
    chance = Random(seed)
    made = [nested(chance, 1 + place % 4) for place in range(25)]
    [row] = await answers(warehouse, [each.text for each in made])
    assert {each.text: value for each, value in zip(made, row.values(), strict=True)} == {
        each.text: each.value for each in made
    }
