"""Which tests show which domain rule: `docs/rules.md` against the marks in the tests.

`python -m tests.rules` (`make rules`) prints each rule with its tests.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
PAGE = FOLDER.parent / "docs" / "rules.md"
_ROW = re.compile(r"^\| \*\*([A-Z]+-\d{2})\*\* \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)


def declared(page: str) -> Mapping[str, str]:
    """The rule of each id in the text of `docs/rules.md`, in its order; raises `ValueError` for an id told twice."""
    rules: dict[str, str] = {}
    for rule_id, rule, _, _ in _ROW.findall(page):
        if rule_id in rules:
            raise ValueError(f"{rule_id} is declared twice")
        rules[rule_id] = rule
    return rules


def marked(folder: Path = FOLDER) -> Mapping[str, Sequence[str]]:
    """The tests below a folder, those of suites too, that carry each id: `unit/…/test_x.py::test_y`."""
    tests: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*.py")):
        for rule_id, name in marks_in(path.read_text()):
            tests.setdefault(rule_id, []).append(f"{path.relative_to(folder)}::{name}")
    return tests


def marks_in(source: str) -> Iterator[tuple[str, str]]:
    """Each id and the test that carries it, `Class::test` where it stands in a class."""
    yield from _marks(ast.parse(source), "")


def _marks(parent: ast.AST, prefix: str) -> Iterator[tuple[str, str]]:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, ast.ClassDef):
            yield from _marks(node, f"{prefix}{node.name}::")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                for rule_id in _ids(decorator):
                    yield rule_id, prefix + node.name


def _ids(decorator: ast.expr) -> Iterator[str]:
    """The ids in `pytest.mark.rule("SHOP-07", …)`, those of single parameters too; none for another decorator."""
    for node in ast.walk(decorator):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.rule":
            yield from (str(ast.literal_eval(argument)) for argument in node.args)


def main() -> None:
    """Print each rule with its tests."""
    tests = marked()
    for rule_id, rule in declared(PAGE.read_text()).items():
        print(f"\n{rule_id}  {rule}")
        for test in tests.get(rule_id, ()):
            print(f"    {test}")


if __name__ == "__main__":
    main()
