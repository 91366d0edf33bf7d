"""BigQuery's SQL checked against an allow-list on its syntax tree, and said in DuckDB's words.

Everything a view or question may use is listed here; what is not listed fails by name. That keeps out what
sqlglot 30 turns into something else without a word (UNNEST WITH OFFSET, DAYOFWEEK, TIMESTAMP_DIFF, NUMERIC,
PERCENTILE_CONT, division of money as floats) and what would reach outside a tenant's own dataset.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from pulsepoint.errors import MalformedInput
from pulsepoint.warehouse.syntax import statements_of

if TYPE_CHECKING:
    from sqlglot import exp

DATASET = "_dataset_"
"""Stands for the scope's dataset in translated SQL until the scope is known."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_STRUCTURE = _words("""
    Select From Join Where Group Having Order Ordered Limit Qualify Window WindowSpec With CTE Union Subquery Table
    TableAlias Alias Column Identifier Star Distinct Paren Tuple Parameter Var Literal RawString Null Boolean Case If
    And Or Not EQ NEQ GT GTE LT LTE Is In Between Exists Add Sub Mul Neg DPipe Like Interval Unnest
""")
FUNCTIONS = _words("""
    Sum Count CountIf Min Max AnyValue ArgMax ArgMin LogicalOr LogicalAnd GroupConcat
    RowNumber Rank DenseRank Lag Lead FirstValue LastValue
    Coalesce Nullif Abs Sign IntDiv Mod Greatest Least
    Lower Trim Concat Length Substring StrPosition StartsWith Replace RegexpReplace
    Cast DataType Date Timestamp TimestampAdd TimestampSub DateAdd DateSub DateDiff DateTrunc TsOrDsToDate TimeToStr
    UnixMicros GenerateDateArray
""")
"""The functions a statement may use, by their names in sqlglot's tree: each is tested for what BigQuery means by it."""
_ALLOWED = _STRUCTURE | FUNCTIONS
_TYPES = frozenset({"STRING", "INT64", "TIMESTAMP", "DATE", "BOOL"})
_UNITS = {
    "DateDiff": frozenset({"DAY"}),
    "DateTrunc": frozenset({"DAY", "MONTH", "QUARTER", "YEAR"}),
    "DateAdd": frozenset({"DAY", "MONTH", "YEAR"}),
    "DateSub": frozenset({"DAY", "MONTH", "YEAR"}),
    "TimestampAdd": frozenset({"MICROSECOND", "SECOND", "MINUTE", "HOUR", "DAY"}),
    "TimestampSub": frozenset({"MICROSECOND", "SECOND", "MINUTE", "HOUR", "DAY"}),
}
_DATE_FORMATS = frozenset({"%Y-%m", "%Y-%m-%d", "%Y"})


class UnsupportedSQL(MalformedInput):
    """A statement uses a construct that is not on the allow-list; the message names it."""

    reason = "unsupported_sql"


@dataclass(frozen=True, slots=True)
class Translated:
    """A statement for DuckDB: `DATASET` where tables are qualified, `$name` for each of `parameters`."""

    sql: str
    parameters: frozenset[str]

    def within(self, schema: str) -> str:
        """The statement with its tables in `schema`."""
        return self.sql.replace(DATASET, schema)


@lru_cache(maxsize=512)
def to_duckdb(sql: str, relations: frozenset[str], *, unique_facts: bool = True) -> Translated:
    """One SELECT over `relations`, checked and translated; raises `UnsupportedSQL` naming what is not allowed.

    `unique_facts`: the engine's key keeps fact ids unique, so rankings that only drop repeated fact ids are left out.
    """
    tree = parse(sql, relations)
    parameters = parameters_of(tree)
    if unique_facts:
        tree = _without_fact_ranking(tree)
    _qualify(tree, relations)
    _say_in_duckdb_words(tree)
    return Translated(tree.sql("duckdb", unsupported_level=_raise_level()), parameters)


def parse(sql: str, relations: frozenset[str]) -> exp.Expr:
    """The syntax tree of one SELECT that reads only `relations`; raises `UnsupportedSQL` naming the construct."""
    from sqlglot import errors, exp

    try:
        trees = statements_of(sql)
    except errors.SqlglotError as error:
        raise UnsupportedSQL(f"cannot be parsed: {str(error).splitlines()[0]}") from None
    tree = trees[0] if len(trees) == 1 else None
    if not isinstance(tree, exp.Select | exp.SetOperation):
        raise UnsupportedSQL("expected exactly one SELECT")
    for problem in problems(tree, relations):
        raise UnsupportedSQL(problem)
    return tree


def to_bigquery(tree: exp.Expr) -> str:
    """The text of a tree in BigQuery's dialect.

    Without what sqlglot 30 does to a SELECT on the way: where rows are ordered too it groups by an alias in place of
    the expression, and a column of that name would be grouped by instead.
    """
    return tree.sql(_plain_bigquery())


@cache
def _plain_bigquery() -> Any:
    from sqlglot import exp
    from sqlglot.dialects.bigquery import BigQuery
    from sqlglot.generators.bigquery import BigQueryGenerator

    kept = {kind: say for kind, say in BigQueryGenerator.TRANSFORMS.items() if kind is not exp.Select}
    plain = type("PlainBigQueryGenerator", (BigQueryGenerator,), {"TRANSFORMS": kept})
    return type("PlainBigQuery", (BigQuery,), {"Generator": plain})


def parameters_of(tree: exp.Expr) -> frozenset[str]:
    """The names of the `@name` parameters a statement uses."""
    from sqlglot import exp

    return frozenset(parameter.name for parameter in tree.find_all(exp.Parameter))


def problems(tree: exp.Expr, relations: frozenset[str]) -> Iterator[str]:
    """The parts of a statement that are not allowed, in words."""
    from sqlglot import exp

    named = {cte.alias for cte in tree.find_all(exp.CTE)}
    for name in sorted(named & relations):
        yield f"WITH {name}: hides the table or view of that name"
    for node in tree.walk():
        kind = type(node).__name__
        if kind not in _ALLOWED:
            yield f"{kind}: {node.sql('bigquery')[:80]}: not on the allow-list"
            continue
        check = _CHECKS.get(kind)
        problem = check(node) if check else None
        if problem:
            yield f"{kind}: {node.sql('bigquery')[:80]}: {problem}"
        if kind == "Table":
            yield from _table_problems(node, relations | named)


def _table_problems(node: exp.Expr, allowed: frozenset[str] | set[str]) -> Iterator[str]:
    if node.args.get("db") or node.args.get("catalog"):
        yield f"Table: {node.sql('bigquery')}: tables are named without a dataset"
    elif node.name not in allowed:
        yield f"Table: {node.sql('bigquery')}: no such table or view"


def _unit(node: exp.Expr) -> str | None:
    unit = node.args.get("unit") or getattr(node.args.get("expression"), "unit", None)
    name = unit.name.upper() if unit is not None else "DAY"
    return None if name in _UNITS[type(node).__name__] else f"unit {name} is not on the allow-list"


def _cast(node: exp.Expr) -> str | None:
    kind = node.args["to"].sql("bigquery")
    if type(node).__name__ != "Cast":
        return "only CAST"
    return None if kind in _TYPES else f"type {kind} is not on the allow-list"


def _unnest(node: exp.Expr) -> str | None:
    return "WITH OFFSET counts from 1 in DuckDB" if node.args.get("offset") else None


def _star(node: exp.Expr) -> str | None:
    return "EXCEPT and REPLACE are not on the allow-list" if any(node.args.values()) else None


def _format(node: exp.Expr) -> str | None:
    # FORMAT_TIMESTAMP would format in the session's timezone; FORMAT_DATE has none.
    if type(node.this).__name__ != "TsOrDsToDate":
        return "only FORMAT_DATE"
    pattern = node.args["format"].name
    return None if pattern in _DATE_FORMATS else f"format {pattern!r} is not on the allow-list"


def _date(node: exp.Expr) -> str | None:
    if len(node.expressions) or not node.this or not node.args.get("zone"):
        return "a day is DATE(timestamp, @timezone)"
    return None


def _like(node: exp.Expr) -> str | None:
    pattern = node.expression
    plain = type(pattern).__name__ == "Literal" and "\\" not in pattern.name
    return None if plain else "a pattern is a text without backslashes: DuckDB takes them for letters"


def _substring(node: exp.Expr) -> str | None:
    start = node.args.get("start")
    return None if start is not None and start.is_int and int(start.name) > 0 else "a place is a number from 1"


def _raw_string(node: exp.Expr) -> str | None:
    return "backslashes in patterns mean different things" if "\\\\" in node.name else None


_CHECKS: dict[str, Callable[[exp.Expr], str | None]] = {
    **dict.fromkeys(_UNITS, _unit),
    "Cast": _cast,
    "Unnest": _unnest,
    "Star": _star,
    "TimeToStr": _format,
    "Date": _date,
    "RawString": _raw_string,
    "Like": _like,
    "Substring": _substring,
}


def _qualify(tree: exp.Expr, relations: frozenset[str]) -> None:
    from sqlglot import exp

    for table in tree.find_all(exp.Table):
        if table.name in relations:
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
            table.set("db", exp.to_identifier(DATASET))


def _without_fact_ranking(tree: exp.Expr) -> exp.Expr:
    """The tree without `QUALIFY ROW_NUMBER() OVER (PARTITION BY fact_id …) = 1`."""
    from sqlglot import exp

    for qualify in list(tree.find_all(exp.Qualify)):
        window = qualify.this.this if isinstance(qualify.this, exp.EQ) else None
        if not isinstance(window, exp.Window) or not isinstance(window.this, exp.RowNumber):
            continue
        keys = window.args.get("partition_by") or []
        if len(keys) == 1 and isinstance(keys[0], exp.Column) and keys[0].name == "fact_id":
            qualify.pop()
    return tree


def _say_in_duckdb_words(tree: exp.Expr) -> None:
    """Replace what sqlglot 30 says differently in DuckDB than BigQuery means it."""
    # Inner constructs first: an outer one is rebuilt around what it holds.
    for node in reversed(list(tree.walk())):
        say = _DUCKDB_WORDS.get(type(node).__name__)
        said = say(node) if say else None
        if said is not None:
            node.replace(said)


def _called(name: str) -> Callable[[exp.Expr], exp.Expr]:
    """A function that DuckDB has by `name`; sqlglot would write an operator, and lose the parentheses around its own
    operands or those it needs among others."""

    def say(node: exp.Expr) -> exp.Expr:
        from sqlglot import exp

        return exp.Anonymous(this=name, expressions=[node.this.unnest().copy(), node.expression.unnest().copy()])

    return say


def _in_parentheses(node: exp.Expr) -> exp.Expr:
    from sqlglot import exp

    return exp.Paren(this=node.copy())


def _as(type_: str) -> Callable[[exp.Expr], exp.Expr]:
    """The construct with the type it has in BigQuery: DuckDB answers some with a wider or a narrower one."""

    def say(node: exp.Expr) -> exp.Expr:
        from sqlglot import exp

        return exp.Cast(this=node.copy(), to=exp.DataType.build(type_, dialect="duckdb"))

    return say


def _local_day(node: exp.Expr) -> exp.Expr:
    from sqlglot import exp

    local = exp.AtTimeZone(this=exp.Paren(this=node.this.copy()), zone=exp.Paren(this=node.args["zone"].copy()))
    return exp.Cast(this=local, to=exp.DataType.build("DATE"))


def _midnight(node: exp.Expr) -> exp.Expr | None:
    from sqlglot import exp

    if not node.args.get("zone"):
        return None
    midnight = exp.Cast(this=node.this.copy(), to=exp.DataType.build("TIMESTAMP", dialect="duckdb"))
    return exp.Paren(this=exp.AtTimeZone(this=midnight, zone=exp.Paren(this=node.args["zone"].copy())))


def _int64(node: exp.Expr) -> exp.Expr | None:
    """A whole number as BigQuery reads it; DuckDB computes with 32 bits where a number fits into them."""
    from sqlglot import exp

    counts = isinstance(node.parent, exp.Limit | exp.Interval | exp.Group | exp.Ordered | exp.WindowSpec)
    return None if counts or not node.is_int else _as("BIGINT")(node)


def _trimmed(node: exp.Expr) -> exp.Expr | None:
    from sqlglot import exp

    return None if node.expression else exp.Trim(this=node.this.copy(), expression=exp.Literal.string(_WHITE_SPACE))


_SPACES = (*range(9, 14), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)
_WHITE_SPACE = "".join(map(chr, _SPACES))
"""DuckDB's own TRIM takes only spaces: https://www.unicode.org/Public/UCD/latest/ucd/PropList.txt (White_Space)."""
_DUCKDB_WORDS: dict[str, Callable[[exp.Expr], exp.Expr | None]] = {
    "IntDiv": _called("DIVIDE"),
    "Mod": _called("MOD"),
    "ArgMax": _called("ARG_MAX_NULL"),
    "ArgMin": _called("ARG_MIN_NULL"),
    "Concat": _in_parentheses,
    "TimestampAdd": _in_parentheses,
    "TimestampSub": _in_parentheses,
    **dict.fromkeys(("DateAdd", "DateSub", "DateTrunc"), _as("DATE")),
    "Sign": _as("BIGINT"),
    "Date": _local_day,
    "Timestamp": _midnight,
    "Literal": _int64,
    "Trim": _trimmed,
}


def _raise_level() -> Any:
    from sqlglot import ErrorLevel

    return ErrorLevel.RAISE
