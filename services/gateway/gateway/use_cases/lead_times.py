"""Lead times of single variants: changed one by one or by a file, the others stay."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping

from pulsepoint.brand.settings import MOST_LEAD_TIMES, VariantLeadTime
from pulsepoint.errors import MalformedInput

VARIANT_COLUMNS = ("variant_id", "variant", "sku", "variant_sku")
DAYS_COLUMNS = ("lead_time_days", "lead_time", "lead_time_in_days", "days")
DELIMITERS = ",;\t"


def changed_lead_times(
    changes: Mapping[str, int | None], before: tuple[VariantLeadTime, ...]
) -> tuple[VariantLeadTime, ...]:
    """The lead times with some changed, by variant; None takes one away. Raises `MalformedInput` for too many."""
    days = {each.variant: each.days for each in before} | dict(changes)
    kept = ((variant, number) for variant, number in sorted(days.items()) if number is not None)
    lead_times = tuple(VariantLeadTime(variant=variant, days=number) for variant, number in kept)
    if len(lead_times) > MOST_LEAD_TIMES:
        raise MalformedInput(f"at most {MOST_LEAD_TIMES} variants have lead times of their own")
    return lead_times


def lead_times_of_csv(text: str) -> dict[str, int | None]:
    """The changes that a CSV names: a column with the variant's id or SKU, one with its days (empty: taken away).

    Spreadsheets write it with commas, semicolons or tabs, and whole days as `21.0`. Raises `MalformedInput` naming the
    missing column or the row.
    """
    head = text.lstrip().partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(DELIMITERS, key=head.count))
    names = {re.sub(r"[^a-z0-9]+", "_", (name or "").casefold()).strip("_"): name for name in rows.fieldnames or ()}
    variant_column = _column(names, VARIANT_COLUMNS)
    days_column = _column(names, DAYS_COLUMNS)
    changes: dict[str, int | None] = {}
    for number, row in enumerate(rows, start=2):
        variant, days = (row[variant_column] or "").strip(), (row[days_column] or "").strip()
        days = re.sub(r"[.,]0+$", "", days)
        if not variant:
            raise MalformedInput(f"row {number}: {variant_column} is empty", reason="unreadable_file")
        if days and not (days.isascii() and days.isdecimal() and int(days[:9]) <= 365):
            raise MalformedInput(
                f"row {number}: {days[:40]!r} is no number of days from 0 to 365", reason="unreadable_file"
            )
        changes[variant] = int(days) if days else None
    return changes


def _column(names: Mapping[str, str], accepted: tuple[str, ...]) -> str:
    for name in accepted:
        if name in names:
            return names[name]
    raise MalformedInput(f"no column is named {' or '.join(accepted)}", reason="unreadable_file")
