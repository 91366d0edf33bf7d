"""Docstrings say what a caller must know: a unit, a shape, when the answer is None or empty, which errors are raised.

The rule, of every public function and method outside tests (`public_functions`): its docstring has one of the words
below. Left out are those that refer to another home (`See `Port.method`.`), which is judged there. A function without a
docstring counts as one that names nothing.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict

import pytest

from tests.architecture.sources import CODE, public_functions, sources

LEAST_SHARE = 0.70
OPENING = re.compile(r"(What|Whether|Who|How)\b")
ELSEWHERE = re.compile(r"See `[\w.]+`")
UNITS = (
    r"micros?|cents?|seconds?|milliseconds?|microseconds?|nanoseconds?|minutes?|hours?|days?|weeks?|months?|bytes?"
    r"|[kMG]B|characters?|lines?|percent|ppm|UTC|ISO(?: 8601)?|currency|currencies|time ?zone|Unix|USD|units|tenths"
    r"|hundredths"
)
SHAPES = (
    r"lists?|tuples?|pairs?|triples?|mapping|dict|sets?|rows?|columns?|iterator|context manager|JSON|CSV|NDJSON|HTML"
    r"|SQL|ASGI|hex|base64|URLs?|UUIDs?|digest|keyed|by [a-z`]+|sorted|ordered|in order"
    r"|(?:newest|oldest|largest|smallest|longest|highest|lowest|latest|earliest) first|true|false|counts?|how many"
    r"|at most|at least"
)
ABSENCE = r"None|empty|absent|where there is none|if any"
ERRORS = r"raise[sd]?|refuse[sd]?|errors?|fails?|[45]\d\d|exit(?:s| code)"
NAMED = re.compile(rf"(?<![\w-])(?:{UNITS}|{SHAPES}|{ABSENCE}|{ERRORS})(?![\w-])|\"\"|\(\w+(?:, \w+)+\)", re.IGNORECASE)


def names_something(docstring: str | None) -> bool:
    """True where the docstring names a unit, a shape, None or an error."""
    return docstring is not None and NAMED.search(docstring) is not None


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("Spend in micros.", True),
        ("Rows keyed by order.", True),
        ("The order; None where there is none.", True),
        ("Raises `UnknownText`.", True),
        ("The family of a source.", False),
        ("A secondary thing.", False),
        (None, False),
    ],
)
def test_the_rule_tells_a_contract_from_a_title(docstring: str | None, expected: bool) -> None:
    assert names_something(docstring) is expected


def test_public_functions_name_units_shapes_none_and_errors() -> None:
    named, silent = 0, defaultdict[str, list[str]](list)
    for source in sources(*CODE):
        for function in public_functions(source.tree):
            docstring = ast.get_docstring(function)
            if docstring is not None and ELSEWHERE.match(docstring):
                continue
            if names_something(docstring):
                named += 1
            else:
                silent[source.path].append(f"{source.path}:{function.lineno} {function.name}")
    total = named + sum(len(places) for places in silent.values())
    listed = "\n".join(place for places in silent.values() for place in places)
    assert named / total >= LEAST_SHARE, f"{named} of {total} name something; these do not:\n{listed}"


def test_docstrings_state_and_do_not_ask() -> None:
    riddles = [
        f"{source.path}:{getattr(node, 'lineno', 1)}"
        for source in sources(*CODE)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and OPENING.match(ast.get_docstring(node) or "")
    ]
    assert riddles == []
