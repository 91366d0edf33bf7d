"""Named queries: SELECTs in BigQuery's dialect, asked by their names.

Each is headed `-- name: the_name`, then a comment of one or two lines that says what it returns, then one SELECT.
`@brand_id` is always the brand asked about; every other `@name` is a parameter the caller must give.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from importlib.resources.abc import Traversable

from pulsepoint.errors import PermanentError
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.tenancy import TenantContext
from pulsepoint.values import QueryValue, Row
from pulsepoint.warehouse.as_of import select_as_of
from pulsepoint.warehouse.macros import Macro, expand

_HEADING = re.compile(r"^--[ \t]*name:[ \t]*(\S+)[ \t]*$", re.MULTILINE)
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_COMMENT = re.compile(r"--[^\n]*")
_TEXT = re.compile(r"'[^']*'")
_PARAMETER = re.compile(r"@([A-Za-z_][A-Za-z0-9_]*)")


class UnknownNamedQuery(PermanentError):
    """There is no named query of that name, or it takes other parameters; the message names them."""

    reason = "unknown_named_query"


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """One named query; `parameters` are what the caller gives, without `brand_id`."""

    name: str
    description: str
    sql: str
    parameters: frozenset[str]
    file: str


class NamedQueries:
    """The named queries in some texts, by file name, read when the first is asked for."""

    def __init__(self, texts: Callable[[], Mapping[str, str]]) -> None:
        self._texts = texts

    @cached_property
    def by_name(self) -> Mapping[str, NamedQuery]:
        """Every query by name; raises `ValueError` naming file and heading when one is not well formed."""
        by_name: dict[str, NamedQuery] = {}
        for file, text in sorted(self._texts().items()):
            for each in read_named_queries(text, file):
                if each.name in by_name:
                    raise ValueError(f"{each.file}: query {each.name} is also in {by_name[each.name].file}")
                by_name[each.name] = each
        return by_name

    def get(self, name: str) -> NamedQuery:
        """The query of that name; raises `UnknownNamedQuery`."""
        query = self.by_name.get(name)
        if query is None:
            raise UnknownNamedQuery(f"no query is named {name!r}")
        return query

    async def run(
        self,
        warehouse: Warehouse,
        scope: TenantContext,
        name: str,
        parameters: Mapping[str, QueryValue],
        *,
        as_of: datetime | None = None,
    ) -> list[Row]:
        """The rows that answer a query within a brand, as they are or as they were known at `as_of`.

        Raises `UnknownNamedQuery` for a name that is not there, for parameters it lacks and for others than its own.
        """
        query = self.get(name)
        missing, unknown = query.parameters - parameters.keys(), parameters.keys() - query.parameters
        if missing or unknown:
            wrong = [f"lacks @{each}" for each in sorted(missing)] + [f"takes no @{each}" for each in sorted(unknown)]
            raise UnknownNamedQuery(f"query {name!r} {', '.join(wrong)}")
        if as_of is None:
            return await warehouse.query(scope, query.sql, parameters)
        return await warehouse.query(scope, select_as_of(query.sql), {**parameters, "as_of": as_of})


def texts_of(folder: Traversable, own: Mapping[str, Macro] | None = None) -> dict[str, str]:
    """The SQL files of a folder by name, their macros written out, those of `own` among them."""
    files = (file for file in folder.iterdir() if file.name.endswith(".sql"))
    return {file.name: expand(file.read_text(encoding="utf-8"), own) for file in files}


def read_named_queries(text: str, file: str) -> Iterator[NamedQuery]:
    """The named queries of one file's text; raises `ValueError` for one that is not well formed."""
    headings = list(_HEADING.finditer(text))
    for heading, after in zip(headings, [*headings[1:], None], strict=True):
        name = heading.group(1)
        body = text[heading.end() : after.start() if after else len(text)].strip()
        lines = body.splitlines()
        count = next((i for i, line in enumerate(lines) if not line.startswith("--")), len(lines))
        description = " ".join(line.removeprefix("--").strip() for line in lines[:count])
        sql = "\n".join(lines[count:]).strip().removesuffix(";").strip()
        if not _NAME.fullmatch(name) or not description or not sql:
            raise ValueError(f"{file}: query {name}: needs a snake_case name, a comment and a SELECT")
        used = _PARAMETER.findall(_TEXT.sub("", _COMMENT.sub("", sql)))
        yield NamedQuery(name, description, sql, frozenset(used) - {"brand_id"}, file)
