"""`make replay-check`"""

from __future__ import annotations

from pathlib import Path

import duckdb

ORACLE = """
SELECT strftime(InvoiceDate, '%Y-%m') AS month, sum(Quantity * cast(round(UnitPrice, 2) AS DECIMAL(18, 2))) AS net
FROM {source} WHERE UnitPrice > 0 GROUP BY 1 ORDER BY 1
"""


def oracle(path: Path) -> dict[str, int]:
    """Cents of net revenue by calendar month, straight from the file."""
    source = "read_csv(?)" if path.suffix == ".csv" else "read_parquet(?)"
    return {
        month: int(net * 100) for month, net in duckdb.execute(ORACLE.format(source=source), [str(path)]).fetchall()
    }
