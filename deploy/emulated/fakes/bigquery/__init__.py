"""BigQuery's REST API v2 on DuckDB, as far as Google's own client uses it: datasets, tables, insertAll, queries.

https://cloud.google.com/bigquery/docs/reference/rest
What it holds to: unknown columns, wrong types and missing values are refused by row; a repeated insertId is left out
for a minute; a view names its tables with their dataset; a job finds datasets of its location only; bytes billed are
counted (whole tables, 10 MiB at least) and capped before a query runs; etags; requests that are too large.
What it lacks: access control, partitions (all of a table is read), time travel, jobs that take time, and all SQL that
`pulsepoint.warehouse.dialect` does not allow.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
from starlette.applications import Starlette

from deploy.emulated.fakes.bigquery.catalog import Catalog
from deploy.emulated.fakes.bigquery.http import Projects, routes
from deploy.emulated.fakes.bigquery.streaming import Streaming

REMEMBERED_SECONDS = 60.0


def create_app(
    state: Path | None = None, *, remembered_seconds: float = REMEMBERED_SECONDS, table_lag: int = 0
) -> Starlette:
    """The fake, with its state in `state/bigquery.duckdb` or in memory.

    `remembered_seconds` is how long a repeated insertId is left out, `table_lag` how many insertAll requests a new
    table is unknown to.
    """
    if state is not None:
        state.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(str(state / "bigquery.duckdb") if state else ":memory:")
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    catalog = Catalog(connection.cursor())
    streaming = Streaming(catalog, connection.cursor(), remembered_seconds, table_lag)
    app = Starlette(routes=routes(Projects(catalog, streaming, connection)))
    app.state.connection = connection
    return app
