"""The SQL of verification: it reads base tables, and a view only to hold what it shows against them.

What is newest is found by aggregation, not by the ranking of the views. `sql/*.sql` are its queries, `parts/*.sql`
what these share: `{{sales}}` and `{{credits}}` are lists of WITH, `{{rows(table, head)}}` the rows of a table that
belong to the newest snapshot of each entity of `head`. The checks of views are all made from `parts/view.sql`, the
queries for all rows ever recorded from `parts/recorded.sql`.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from pulsepoint.warehouse.macros import Macro, expand
from pulsepoint.warehouse.named_queries import NamedQueries, texts_of
from pulsepoint.warehouse.schema import Table, tables

_FOLDER = files(__package__)
VIEWS = (
    "orders",
    "refunds",
    "products",
    "inventory_levels",
    "ad_performance",
    "attributions",
    "order_lines",
    "refund_lines",
    "order_changes",
    "credits",
)
"""Tables whose `…_current` view is checked."""
HEADS = {
    "order_lines": "orders",
    "refund_lines": "refunds",
    "variants": "products",
    "touches": "attributions",
    "credits": "attributions",
    "stock_statuses": "stock_assessments",
    "ai_insights": "advice",
}
"""Tables of the rows of a snapshot, and the table of their heads."""


def _place(alias: str) -> str:
    """Text that orders snapshots of one version as DOMAIN_RULES.md does: by precedence, then by digest."""
    return f"CONCAT(CAST(COALESCE({alias}.precedence, 0) + 1000000000000000000 AS STRING), {alias}.digest)"


@cache
def _part(name: str) -> str:
    return (_FOLDER / "parts" / f"{name}.sql").read_text(encoding="utf-8").strip()


def _rows(table: str, head: str) -> str:
    return expand(_part("rows"), {"place": _place, "table": table, "head": head})


def _view(table: str) -> str:
    return expand(_part("view"), {"table": table, "rows": _rows(table, HEADS.get(table, table))})


def _orphans(table: str, head: str) -> str:
    return expand(_part("orphans"), {"place": _place, "table": table, "head": head})


def _recorded(table: Table) -> str:
    return expand(_part("recorded"), {"table": table.name, "columns": ", ".join(each.name for each in table.columns)})


def _texts() -> dict[str, str]:
    newest: dict[str, Macro] = {"rows": _rows}
    shared: dict[str, Macro] = {
        **newest,
        "sales": expand(_part("sales"), newest),
        "credits": expand(_part("credits"), newest),
        "orphans": "\n  UNION ALL\n  ".join(_orphans(table, head) for table, head in HEADS.items()),
    }
    views = "\n\n".join(map(_view, VIEWS))
    recorded = "\n\n".join(map(_recorded, tables()))
    return {**texts_of(_FOLDER / "sql", shared), "view.sql": views, "recorded.sql": recorded}


QUERIES = NamedQueries(_texts)
