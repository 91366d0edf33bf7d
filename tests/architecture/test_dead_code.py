"""Nothing lies about unused: every name a module declares and every named query is asked for somewhere else."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = ("shared", "services", "deploy")
KEPT = {
    "_should_upgrade_to_ws": "a method of uvicorn's protocol, answered otherwise",
    "send_400_response": "a method of uvicorn's protocol, answered otherwise",
    "LanguageModel": "the port of the advisor's model, which comes next",
    "facts_erased": "what an erasure of rows calls, so that no kept answer tells of them",
    "FixedClock": "a fake that is shipped",
    "POINTS": "where tests of killed processes may arm a crash",
    "subscriptions_to": "the catalog as tests and the count of operations ask it",
    "DEAD_LETTER_TOPICS": "the catalog as Terraform's tests ask it",
    "named_queries": "the catalog of named queries as tests ask it",
    "incremental": "the sandbox's ground truth as tests ask it",
    "end_service": "what tests of a release do to the emulated cloud",
    "running_instance": "an instance as a process of its own, for tests",
    "pubsub_emulator": "an engine for whoever tests against it",
    "firestore_emulator": "an engine for whoever tests against it",
    "redis_server": "an engine for whoever tests against it",
    "postgres_server": "an engine for whoever tests against it",
    "on_end": "called by OpenTelemetry",
    "_missing_": "called by Enum",
}
"""Names that only tests or libraries use, and why they stay."""
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUERY = re.compile(r"^--[ \t]*name:[ \t]*(\S+)", re.MULTILINE)


@cache
def sources() -> dict[Path, str]:
    files = (file for folder in SHIPPED for file in (ROOT / folder).rglob("*.py") if "node_modules" not in file.parts)
    return {file: file.read_text("utf-8") for file in files}


@cache
def words() -> Counter[str]:
    """How often each word stands in the code that is shipped, names in strings included."""
    return Counter(word for text in sources().values() for word in _WORD.findall(text))


def declared(tree: ast.Module) -> Iterator[str]:
    """The names of a module's functions, classes, methods and constants, but for those a decorator registers."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            plain = all(isinstance(each, ast.Name) for each in node.decorator_list)
            if plain and not node.name.startswith("__"):
                yield node.name
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        yield from (each.id for each in targets if isinstance(each, ast.Name) and each.id.isupper())


def test_every_name_is_used() -> None:
    unused = {
        name: file.relative_to(ROOT).as_posix()
        for file, text in sources().items()
        if "migrations" not in file.parts
        for name in declared(ast.parse(text))
        if words()[name] == 1 and name not in KEPT
    }
    assert unused == {}


def test_what_is_kept_is_there_and_still_unused() -> None:
    there = {name for text in sources().values() for name in declared(ast.parse(text))}
    assert KEPT.keys() - there == set()


QUERIES = sorted(file for folder in SHIPPED for file in (ROOT / folder).glob("**/queries/*.sql"))


@pytest.mark.parametrize("file", QUERIES, ids=lambda file: file.stem)
def test_every_named_query_is_asked(file: Path) -> None:
    names = _QUERY.findall(file.read_text("utf-8"))
    assert names
    assert [name for name in names if not any(name in text for text in sources().values())] == []
