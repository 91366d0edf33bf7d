"""Queries: BigQuery's SQL over what the catalog has, run by DuckDB, at BigQuery's price.

Only what `pulsepoint.warehouse.dialect` allows can be asked; all else is refused as invalid SQL, by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import duckdb
from sqlglot import exp
from sqlglot.errors import SqlglotError

from deploy.emulated.fakes.bigquery import values
from deploy.emulated.fakes.bigquery.catalog import Catalog
from deploy.emulated.fakes.bigquery.refusals import Refused, invalid_query, not_found
from pulsepoint.warehouse.dialect import UnsupportedSQL, to_bigquery, to_duckdb
from pulsepoint.warehouse.syntax import statements_of

MEBIBYTE = 2**20
LEAST_BILLED = 10 * MEBIBYTE
_OWN = "the_own_one"
_UPDATE = re.compile(r"(UPDATE) (\w+) (SET \w+ = NULL(?:, \w+ = NULL)*) WHERE (fact_id IN UNNEST)\(@(\w+)\)", re.ASCII)
_DELETE = re.compile(r"(DELETE FROM) (\w+)( )WHERE (brand_id =) @(\w+)", re.ASCII)


def stored_name(dataset: str, table: str) -> str:
    """The name of a table in the DuckDB file, by dataset and table: `dataset$table`."""
    return f"{dataset}${table}"


@dataclass(frozen=True, slots=True)
class Planned:
    """SQL for DuckDB, the parameters it uses and the tables and views it names."""

    sql: str
    parameters: frozenset[str]
    reads: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Read:
    """SQL for DuckDB before it is known what there is; `tables` are (project, dataset, table) as named."""

    sql: str
    parameters: frozenset[str]
    tables: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Columns and rows, and the bytes they would have been billed for."""

    fields: list[dict[str, str]]
    rows: list[tuple[object, ...]]
    processed: int
    billed: int

    def size(self) -> int:
        """Bytes of the rows."""
        measures = [values.SIZES.get(field["type"], values.SIZES["INTEGER"]) for field in self.fields]
        return sum(
            measure(value)
            for row in self.rows
            for measure, value in zip(measures, row, strict=True)
            if value is not None
        )

    def cells(self, start: int, end: int) -> list[dict[str, object]]:
        """Rows `start` to `end` as the API tells them."""
        kinds = [field["type"] for field in self.fields]
        return [
            {"f": [values.cell(value, kind) for value, kind in zip(row, kinds, strict=True)]}
            for row in self.rows[start:end]
        ]


class Queries:
    """Plans and runs queries of one project."""

    def __init__(self, catalog: Catalog, project: str, connection: duckdb.DuckDBPyConnection) -> None:
        self._catalog = catalog
        self._project = project
        self._connection = connection

    def plan(self, sql: str, own: str | None, location: str | None, *, named: bool = False) -> Planned:
        """The query for DuckDB. Tables without a dataset are of `own`, unless they must be `named` with theirs.

        Raises `Refused`.
        """
        read = _read(sql.replace(own, _OWN) if own else sql)
        reads = []
        for project, dataset, table in read.tables:
            if not dataset and (named or not own):
                raise invalid_query(f'Table "{table}" must be qualified with a dataset (e.g. dataset.table).')
            reads.append(self._located(project, (dataset or _OWN).replace(_OWN, own or _OWN), table, location))
        return Planned(read.sql.replace(_OWN, own or _OWN), read.parameters, tuple(reads))

    def run(self, plan: Planned, given: Mapping[str, object], cap: int | None, *, dry: bool = False) -> Answer:
        """The rows, or for a dry run none. Raises `Refused`, for a price above the cap before anything runs."""
        absent = plan.parameters - given.keys()
        if absent:
            raise invalid_query(f"Query parameter '{min(absent)}' not found")
        processed, billed = self._price(plan)
        if cap is not None and billed > cap:
            message = f"Query exceeded limit for bytes billed: {cap}. {billed} or higher required."
            raise Refused(400, "bytesBilledLimitExceeded", message)
        if dry:
            return Answer([], [], processed, 0)
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(plan.sql, {name: given[name] for name in plan.parameters})
                fields = [_field(name, kind) for name, kind, *_ in cursor.description or ()]
                return Answer(fields, cursor.fetchall(), processed, billed)
        except duckdb.Error as error:
            raise invalid_query(str(error).splitlines()[0]) from None

    def change(self, sql: str, own: str | None, given: Mapping[str, object]) -> Answer:
        """Sets columns of rows to NULL by fact id, or deletes a brand's: no other statement does. Raises `Refused`."""
        match = _UPDATE.fullmatch(sql) or _DELETE.fullmatch(sql)
        if match is None or own is None:
            raise invalid_query("the fake cannot run this: UPDATE and DELETE as an erasure writes them only")
        verb, table, rest, condition, name = match.groups()
        self._located("", own, table, None)
        where = "fact_id IN (SELECT unnest($given))" if condition == "fact_id IN UNNEST" else "brand_id = $given"
        with self._connection.cursor() as cursor:
            statement = f'{verb} main."{stored_name(own, table)}" {rest} WHERE {where}'
            cursor.execute(statement, {"given": given[name]})
        return Answer([], [], 0, 0)

    def described(self, sql: str) -> list[dict[str, str]]:
        """The columns a query without parameters answers with. Raises `Refused`."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(f"DESCRIBE {sql}")
                return [_field(name, kind) for name, kind, *_ in cursor.fetchall()]
        except duckdb.Error as error:
            raise invalid_query(str(error).splitlines()[0]) from None

    def _located(self, project: str, dataset: str, table: str, location: str | None) -> tuple[str, str]:
        if project and project != self._project:
            raise Refused(403, "accessDenied", f"Access Denied: Project {project}")
        resource = self._catalog.find(dataset)
        if resource is None or (location and resource["location"].lower() != location.lower()):
            raise not_found(f"Dataset {self._project}:{dataset} was not found in location {location or 'US'}")
        if self._catalog.find(dataset, table) is None:
            where = f"{self._project}:{dataset}.{table} was not found in location {resource['location']}"
            raise not_found(f"Table {where}")
        return dataset, table

    def _price(self, plan: Planned) -> tuple[int, int]:
        """Bytes read and billed: whole tables, at least 10 MiB each (https://cloud.google.com/bigquery/pricing)."""
        tables = self._tables_behind(plan.reads)
        sizes = [int((self._catalog.find(*table) or {}).get("numBytes", 0)) for table in tables]
        billed = sum(max(LEAST_BILLED, -(-size // MEBIBYTE) * MEBIBYTE) for size in sizes)
        return sum(sizes), billed

    def _tables_behind(self, reads: tuple[tuple[str, str], ...]) -> set[tuple[str, str]]:
        tables: set[tuple[str, str]] = set()
        for dataset, name in reads:
            resource = self._catalog.find(dataset, name) or {}
            if resource.get("type") == "VIEW":
                tables |= self._tables_behind(tuple((each[0], each[1]) for each in resource["reads"]))
            else:
                tables.add((dataset, name))
        return tables


@lru_cache(maxsize=512)
def _read(sql: str) -> Read:
    """A query as it is parsed; each tenant asks the same of its own dataset, so it is read once for all."""
    try:
        trees = statements_of(sql)
    except SqlglotError as error:
        raise invalid_query(f"Syntax error: {str(error).splitlines()[0]}") from None
    if len(trees) != 1 or trees[0] is None:
        raise invalid_query("Syntax error: expected one statement")
    tree: Any = trees[0]
    within = {cte.alias for cte in tree.find_all(exp.CTE)}
    tables, stored = [], set()
    for table in list(tree.find_all(exp.Table)):
        if not table.db and table.name in within:
            continue
        tables.append((table.catalog, table.db, table.name))
        name = stored_name(table.db or _OWN, table.name)
        stored.add(name)
        alias = exp.TableAlias(this=exp.to_identifier(table.alias or table.name))
        table.replace(exp.Table(this=exp.to_identifier(name, quoted=True), alias=alias))
    try:
        said = to_duckdb(to_bigquery(tree), frozenset(stored), unique_facts=False)
    except UnsupportedSQL as error:
        raise invalid_query(f"the fake cannot run this: {error}") from None
    return Read(said.within("main"), said.parameters, tuple(dict.fromkeys(tables)))


def _field(name: str, duckdb_type: object) -> dict[str, str]:
    return {"name": name, "type": values.result_kind(str(duckdb_type)), "mode": "NULLABLE"}
