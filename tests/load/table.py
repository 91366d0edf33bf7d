"""What a benchmark prints: one table, and build/bench.json."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One figure: `ratio` is against `peer` measured in the same run; `goal` is what the ratio should keep to."""

    name: str
    value: float
    unit: str
    peer: str = ""
    ratio: float | None = None
    goal: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal (`>= x` or `<= x`) is met; None without one."""
        if not self.goal or self.ratio is None:
            return None
        sign, _, limit = self.goal.partition(" ")
        return self.ratio >= float(limit) if sign == ">=" else self.ratio <= float(limit)


def median_of_ratios(ours: list[float], peers: list[float]) -> float:
    """Median of the pairwise ratios of interleaved runs: what the machine's drift disturbs least."""
    return median(a / b for a, b in zip(ours, peers, strict=True))


def publish(rows: list[Row], target: Path) -> None:
    """Print the table and write it as JSON."""
    table = Table(title="Pulsepoint benchmarks (medians of interleaved runs)")
    for column in ("figure", "value", "unit", "peer", "ratio", "goal", ""):
        table.add_column(column, justify="right" if column in ("value", "ratio") else "left")
    for row in rows:
        mark = {True: "met", False: "MISSED", None: ""}[row.met]
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        table.add_row(row.name, f"{row.value:,.1f}", row.unit, row.peer, ratio, row.goal, mark)
    Console(width=150).print(table)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
