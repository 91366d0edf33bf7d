"""The Python files of the project as syntax trees, for tests of names, sizes and docstrings."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ("shared", "services", "deploy")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Source:
    """A file: its path from the root of the repository, its text, its syntax tree."""

    path: str
    text: str
    tree: ast.Module


def sources(*folders: str) -> tuple[Source, ...]:
    """Every Python file below these folders, by path; what was installed or built is left out."""
    return tuple(source for folder in folders for source in _below(folder))


@cache
def _below(folder: str) -> tuple[Source, ...]:
    paths = sorted(path for path in (ROOT / folder).rglob("*.py") if "node_modules" not in path.parts)
    texts = {path: path.read_text(encoding="utf-8") for path in paths}
    return tuple(Source(str(path.relative_to(ROOT)), text, ast.parse(text)) for path, text in texts.items())


def functions(node: ast.AST) -> Iterator[Function]:
    """Every function and method below a node, nested ones too."""
    return (each for each in ast.walk(node) if isinstance(each, Function))


def public_functions(node: ast.Module | ast.ClassDef) -> Iterator[Function]:
    """Functions of a module and methods of its public classes whose names have no leading underscore."""
    for each in node.body:
        if isinstance(each, Function) and not each.name.startswith("_"):
            yield each
        elif isinstance(each, ast.ClassDef) and not each.name.startswith("_"):
            yield from public_functions(each)


def length(function: Function) -> int:
    """Lines from `def` to the end of the body."""
    return (function.end_lineno or function.lineno) - function.lineno + 1
