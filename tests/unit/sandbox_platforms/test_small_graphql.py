"""The part of GraphQL that is answered, and how the rest is refused."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.platforms.graphql import InvalidQuery, answer, select

VALUES: dict[str, Any] = {
    "shop": {"name": "S", "tags": ["a", "b"], "address": None},
    "echo": lambda arguments: {"said": arguments.get("word")},
}


def ask(query: str, **variables: Any) -> dict[str, Any]:
    return answer(select(query, variables), VALUES, "QueryRoot")


def test_only_what_is_selected_is_told_under_its_alias() -> None:
    assert ask("{ my: shop { name, tags } }") == {"my": {"name": "S", "tags": ["a", "b"]}}


def test_variables_and_their_defaults_are_filled_in() -> None:
    query = 'query Q($w: String! = "plain") { echo(word: $w) { said } }'
    assert ask(query) == {"echo": {"said": "plain"}}
    assert ask(query, w='"quoted" }') == {"echo": {"said": '"quoted" }'}}


def test_a_null_object_stays_null() -> None:
    assert ask("{ shop { address { city } } }") == {"shop": {"address": None}}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ nothing }", "doesn't exist"),
        ("{ shop }", "must have selections"),
        ("{ shop { name { x } } }", "scalars"),
        ("{ shop { name }", "end of file"),
        ("{ shop { name } } }", "after the query"),
        ("{ shop(id: 1) { name } }", "doesn't accept argument 'id'"),
        ("{ ...all }", "unexpected"),
        ("{ shop § }", "unexpected character"),
        ("{ a" * 14, "nested too deep"),
    ],
)
def test_what_cannot_be_answered_is_said(query: str, message: str) -> None:
    with pytest.raises(InvalidQuery, match=message):
        ask(query)
