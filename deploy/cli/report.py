"""A replay's report as a table for people."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from deploy.cli.replay import Replayed
from file_import.tally import described

COLUMNS = ("orders", "refunds", "net_revenue", "left_out_rows", "left_out_sum")
TITLES = ("Orders", "Refunds", "Net revenue", "Rows left out", "Their sum")


def print_report(replayed: Replayed, console: Console) -> None:
    """The months, what was left out and why, and what the instance answered."""
    table = Table(title=f"{replayed.format} as sent, by month of the brand ({replayed.brand.currency})")
    table.add_column("Month")
    for title in TITLES:
        table.add_column(title, justify="right")
    for row in replayed.tally.rows():
        table.add_row(str(row["month"]), *(str(row[name]) for name in COLUMNS))
    table.add_section()
    total = described(replayed.tally.total)
    table.add_row("Total", *(str(total[name]) for name in COLUMNS))
    console.print(table)
    for line in _lines(replayed):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _lines(replayed: Replayed) -> list[str]:
    sent = replayed.sent
    speed = sent.acknowledged / replayed.seconds if replayed.seconds else 0.0
    lines = [f"Left out, {reason}: {rows} rows, sum {total}." for reason, rows, total in _reasons(replayed)]
    lines.append(
        f"{sent.acknowledged} deliveries acknowledged in {replayed.seconds:.1f} s ({speed:.0f} a second),"
        f" {sent.refused} refused, {sent.retries} retries."
    )
    lines += [f"Refused: {words}" for words in sent.refusals]
    lines += replayed.notes
    if replayed.processed:
        lines.append("Every order and refund is counted.")
    return lines


def _reasons(replayed: Replayed) -> list[tuple[str, int, str]]:
    reasons: dict[str, list[dict[str, object]]] = {}
    for entry in replayed.left_out:
        reasons.setdefault(str(entry["reason"]), []).append(entry)
    return [
        (reason, sum(int(str(entry["rows"])) for entry in entries), _sum(entries))
        for reason, entries in sorted(reasons.items())
    ]


def _sum(entries: list[dict[str, object]]) -> str:
    cents = sum(int(str(entry["sum"]).replace(".", "")) for entry in entries)
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"
