"""Writes docs/errors.md from the code: `python -m deploy.release.errors_page` prints the page.

A reason is the stable word of a `PermanentError`: `reason = "…"` in a class, or `reason="…"` where one is raised. Both
are read off the syntax of the sources, so that a reason cannot be left out; what a person should do stands in
`ADVICE` (`deploy/cli/advice.py`), and the status is the one the API answers with.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from deploy.cli.advice import ADVICE
from gateway.endpoints.problems import STATUS_OF
from pulsepoint.errors import PermanentError

ROOT = Path(__file__).parents[2]
FOLDERS = ("shared/pulsepoint", "services")
PROBLEM, GIVEN_UP = "problem", "_Why"
"""Calls that name a reason without an error: an answer of the API, and a message whose attempts ran out."""

HEAD = """# Errors

Made by `python -m deploy.release.errors_page`; a test fails where this page is not what the code says.

Whatever cannot succeed as it is carries a reason: a stable word, in the `reason` of a problem document (RFC 9457), of a
quarantined message and of a line in the log. Messages in other words say what was wrong this time; reasons that hold a
delivery have a sentence of their own, `quarantined.<reason>` of the catalog of texts. Failures of our own engines are
not listed: they are answered with 503 and tried again. HTTP is the status of the API; a webhook with such a body was
answered 200, and its message waits in quarantine.

| Reason | HTTP | Error | What to do | Where |
|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Use:
    """One place that names a reason: the error's class (or what answers), and the module's path from the root."""

    reason: str
    kind: str
    module: str


def uses() -> list[Use]:
    """Every place that names a reason, by reason and module."""
    places = [use for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py")) for use in _uses_in(file)]
    return sorted(set(places), key=lambda use: (use.reason, use.module, use.kind))


def page() -> str:
    """The page as Markdown; raises `KeyError` for a reason without advice."""
    by_reason: dict[str, list[Use]] = {}
    for use in uses():
        by_reason.setdefault(use.reason, []).append(use)
    return HEAD + "".join(_row(reason, places) for reason, places in sorted(by_reason.items()))


def _row(reason: str, places: list[Use]) -> str:
    statuses = sorted({_status(use) for use in places})
    kinds = sorted({use.kind for use in places} - {PROBLEM, GIVEN_UP})
    names = ", ".join(f"`{kind}`" for kind in kinds) or "–"
    where = ", ".join(f"`{module}`" for module in sorted({use.module for use in places}))
    return f"| `{reason}` | {', '.join(statuses)} | {names} | {ADVICE[reason]} | {where} |\n"


def _status(use: Use) -> str:
    if use.kind == GIVEN_UP:
        return "–"
    if use.kind == PROBLEM:
        return {"invalid_request": "422", "try_again": "503"}[use.reason]
    kind = _class_of(use)
    return str(next(status for error, status in STATUS_OF if issubclass(kind, error)))


def _class_of(use: Use) -> type[PermanentError]:
    kind: object = getattr(import_module(_import_name(use.module)), use.kind)
    assert isinstance(kind, type) and issubclass(kind, PermanentError)
    return kind


def _import_name(path: str) -> str:
    parts = Path(path).with_suffix("").parts
    return ".".join(parts[1:] if parts[0] == "shared" else parts[2:])


def _uses_in(file: Path) -> Iterator[Use]:
    module = str(file.relative_to(ROOT))
    tree = ast.parse(file.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield from (Use(reason, node.name, module) for reason in _class_reasons(node))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield from (Use(reason, node.func.id, module) for reason in _call_reasons(node))


def _class_reasons(node: ast.ClassDef) -> Iterator[str]:
    """Reasons of an error's class; those of other classes have a type."""
    for statement in node.body:
        if isinstance(statement, ast.Assign) and [getattr(each, "id", "") for each in statement.targets] == ["reason"]:
            yield from _text(statement.value)


def _call_reasons(node: ast.Call) -> Iterator[str]:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name == GIVEN_UP and len(node.args) > 2:
        yield from _text(node.args[2])
    if name == PROBLEM or name in _ERRORS:
        yield from (text for each in node.keywords if each.arg == "reason" for text in _text(each.value))


def _text(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value


def _all(kind: type[PermanentError]) -> Iterator[type[PermanentError]]:
    yield kind
    for sub in kind.__subclasses__():
        yield from _all(sub)


_ERRORS = frozenset(kind.__name__ for kind in _all(PermanentError))


if __name__ == "__main__":
    print(page(), end="")
