"""No text of the catalog is left unused: code names it whole, or makes its id of words that the code knows.

The page's own (`page`, `severity`, `channel`) are walked by `services/gateway/web/tests/catalog.test.ts`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from pulsepoint.brand.texts import catalog_of
from tests.architecture.sources import CODE, sources

OF_THE_PAGE = "page.", "severity.", "channel."
HOLE = "(.*)"


def used(ids: Iterable[str], trees: Iterable[ast.AST]) -> set[str]:
    """The ids that the code says whole, or puts together by an f-string of words that stand in the code."""
    nodes = [node for tree in trees for node in ast.walk(tree)]
    words = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    made = [*dict.fromkeys(_made(node) for node in nodes if isinstance(node, ast.JoinedStr))]
    patterns = [re.compile(each) for each in made if re.match(r"[a-z_]+\\\.|\(\.\*\)\\\.[a-z_]", each)]
    return {each for each in ids if each in words or any(_is_made(each, pattern, words) for pattern in patterns)}


def _made(text: ast.JoinedStr) -> str:
    return "".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else HOLE for part in text.values)


def _is_made(text_id: str, pattern: re.Pattern[str], words: set[str]) -> bool:
    match = pattern.fullmatch(text_id)
    return match is not None and all(_is_said(filled, words) for filled in match.groups())


def _is_said(filled: str, words: set[str]) -> bool:
    return filled in words or all(word in words for word in filled.split(".") if word)


def _ids() -> Iterator[str]:
    return (text_id for text_id in catalog_of("en") if not text_id.startswith(OF_THE_PAGE))


def test_every_text_is_said_by_some_code() -> None:
    ids = set(_ids())
    assert sorted(ids - used(ids, (source.tree for source in sources(*CODE)))) == []


def test_a_text_that_nobody_says_is_found() -> None:
    code = ast.parse(
        "say('slack.trace'); say(f'note.{kind}'); kinds = ['late']; say(f'{base}.title'); base = 'alert.a'"
    )
    said = {"slack.trace", "note.late", "alert.a.title"}
    assert used({*said, "slack.open", "note.early", "alert.b.title", "alert.a.action"}, [code]) == said
