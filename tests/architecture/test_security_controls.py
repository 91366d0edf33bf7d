"""docs/security-controls.md names places and tests that are there, and leaves no rule of safety and no attack out."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security-controls.md").read_text(encoding="utf-8")
ROWS = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if re.match(r"\| (?!Control|-)", line)]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
SHOWN = set(TEST.findall(PAGE))


@cache
def rules_of(path: str) -> dict[str, set[str]]:
    """The tests of a file, each with the rules it is marked by."""
    return {
        node.name: {
            str(mark.args[0].value)
            for mark in node.decorator_list
            if isinstance(mark, ast.Call) and mark.args and isinstance(mark.args[0], ast.Constant)
            and ast.unparse(mark.func).endswith("mark.rule")
        }
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:60])
def test_every_control_names_its_place_and_a_test_that_shows_it(row: list[str]) -> None:
    control, places, shown = row
    assert control and re.findall(r"`([\w./-]+)`", places)
    assert all((ROOT / place).is_file() for place in re.findall(r"`([\w./-]+)`", places)), places
    named = TEST.findall(shown)
    assert named and shown == ", ".join(f"`{path}::{name}`" for path, name in named)
    assert [name for path, name in named if name not in rules_of(path)] == []


def test_every_rule_of_safety_has_a_control_that_is_shown_by_one_of_its_tests() -> None:
    rules = set(re.findall(r"\*\*(SEC-\d+)\*\*", (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")))
    shown = set().union(*(rules_of(path)[name] for path, name in SHOWN))
    assert rules - shown == set()


def test_every_file_of_attacks_shows_a_control() -> None:
    attacks = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests" / "security").glob("test_*.py")}
    assert attacks - {path for path, _ in SHOWN} == set()
