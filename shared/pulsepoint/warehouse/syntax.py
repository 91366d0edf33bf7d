"""Syntax trees of BigQuery's SQL. sqlglot is imported on first use: services that never ask start without it.

Only here is sqlglot given text. It looks a dialect up by name in a register that a dialect enters before it is whole,
so a thread that asks while another imports is answered in the words of none (STRING becomes TEXT, for good where it is
kept). Importing the modules makes it wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp


def statements_of(text: str) -> list[exp.Expr | None]:
    """The tree of each statement of a text; None for what is empty. Raises `sqlglot.errors.SqlglotError`."""
    import sqlglot.dialects.bigquery
    import sqlglot.dialects.duckdb

    trees: list[exp.Expr | None] = list(sqlglot.parse(text, read="bigquery"))
    return trees


def tree_of(text: str) -> exp.Expr:
    """The tree of one statement or expression; raises `sqlglot.errors.SqlglotError`."""
    import sqlglot.dialects.bigquery
    import sqlglot.dialects.duckdb

    tree: exp.Expr = sqlglot.parse_one(text, read="bigquery")
    return tree
