"""Named questions asked of the warehouse: SQL in `metrics/queries/<family>.sql`, BigQuery's dialect.

Each question is headed `-- name: the_name`, then a comment of one or two lines that says what it answers, then one
SELECT. `@brand_id` is always the brand asked about; every other `@name` is a parameter the caller must give.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from pulsepoint.errors import PermanentError
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.tenancy import TenantContext

_FOLDER = files(__package__) / "queries"
_HEADING = re.compile(r"^--[ \t]*name:[ \t]*(\S+)[ \t]*$", re.MULTILINE)
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_COMMENT = re.compile(r"--[^\n]*")
_TEXT = re.compile(r"'[^']*'")
_PARAMETER = re.compile(r"@([A-Za-z_][A-Za-z0-9_]*)")


class UnknownNamedQuery(PermanentError):
    """There is no question of that name, or it takes other parameters; the message names them."""

    reason = "unknown_named_query"


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """One question; `parameters` are what the caller gives, without `brand_id`."""

    name: str
    description: str
    sql: str
    parameters: frozenset[str]
    file: str


async def run_named_query(
    warehouse: Warehouse, scope: TenantContext, name: str, **parameters: Any
) -> list[dict[str, Any]]:
    """The rows that answer a named question within a brand.

    Raises `QuestionError` for a name that is not there and for parameters that are missing or not asked for.
    """
    query = named_query(name)
    missing, unknown = query.parameters - parameters.keys(), parameters.keys() - query.parameters
    if missing or unknown:
        wrong = [f"lacks @{each}" for each in sorted(missing)] + [f"takes no @{each}" for each in sorted(unknown)]
        raise UnknownNamedQuery(f"question {name!r} {', '.join(wrong)}")
    return await warehouse.query(scope, query.sql, parameters)


def named_query(name: str) -> NamedQuery:
    """The question of that name; raises `QuestionError`."""
    query = named_queries().get(name)
    if query is None:
        raise UnknownNamedQuery(f"no question is named {name!r}")
    return query


@cache
def named_queries() -> dict[str, NamedQuery]:
    """Every question by name; raises `ValueError` naming file and heading when one is not well formed."""
    by_name: dict[str, NamedQuery] = {}
    for file in sorted(_FOLDER.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".sql"):
            for each in read_named_queries(file.read_text(encoding="utf-8"), file.name):
                if each.name in by_name:
                    raise ValueError(f"{each.file}: question {each.name} is also in {by_name[each.name].file}")
                by_name[each.name] = each
    return by_name


def read_named_queries(text: str, file: str) -> Iterator[NamedQuery]:
    """The questions of one file's text."""
    headings = list(_HEADING.finditer(text))
    for heading, after in zip(headings, [*headings[1:], None], strict=True):
        name = heading.group(1)
        body = text[heading.end() : after.start() if after else len(text)].strip()
        lines = body.splitlines()
        count = next((i for i, line in enumerate(lines) if not line.startswith("--")), len(lines))
        description = " ".join(line.removeprefix("--").strip() for line in lines[:count])
        sql = "\n".join(lines[count:]).strip().removesuffix(";").strip()
        if not _NAME.fullmatch(name) or not description or not sql:
            raise ValueError(f"{file}: question {name}: needs a snake_case name, a comment and a SELECT")
        used = _PARAMETER.findall(_TEXT.sub("", _COMMENT.sub("", sql)))
        yield NamedQuery(name, description, sql, frozenset(used) - {"brand_id"}, file)
