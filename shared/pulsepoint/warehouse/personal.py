"""The values of facts that say something of a person, which an erasure sets to NULL.

Facts name no person: a buyer is a random subject, whose mapping an erasure deletes. What can still point at one is how
they came (click ids, tags of their links) and the title of a line that is no product of the shop (made for one buyer).
Channel, campaign and amounts stay: credits and spend are told by them, for all buyers together. A campaign is a name
that the shop gave, so it goes only where it holds somebody's address. Regions and order numbers are the books' own.
"""

from __future__ import annotations

from pulsepoint.values import Row

TOUCH = ("source", "medium", "content", "term", "click_id")


def names_somebody(campaign: str | None) -> bool:
    """True for a campaign's name that holds an e-mail address."""
    return campaign is not None and "@" in campaign


def personal_columns(table: str, row: Row) -> tuple[str, ...]:
    """The columns of a row of `table` that hold a value of a person; empty once they are erased."""
    columns = [name for name in TOUCH if table == "touches" and row[name] is not None]
    if table in ("touches", "credits") and names_somebody(row["campaign"]):
        columns.append("campaign")
    if table == "order_lines" and row["product_id"] is None and row["title"] is not None:
        columns.append("title")
    return tuple(columns)
