"""As much of GraphQL as reading a shop takes: one query with arguments, aliases and variables; no fragments.

https://spec.graphql.org/October2021/
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

_TOKEN = re.compile(r'\s*(?:#[^\n]*\s*)*("(?:[^"\\\n]|\\.)*"|-?\d+(?:\.\d+)?|\$?[_A-Za-z]\w*|\.\.\.|[!$(){}\[\]:=,@])')
DEEPEST = 12
MOST_TOKENS = 4_000


class InvalidQuery(Exception):
    """The query cannot be answered; the message is one of GraphQL's errors."""


@dataclass(frozen=True, slots=True)
class Selected:
    """A selected field: what it is called in the answer, its arguments and its own fields."""

    name: str
    alias: str
    arguments: Mapping[str, object]
    fields: tuple[Selected, ...]


def unknown_argument(field: str, argument: str) -> InvalidQuery:
    """The error of an argument that is not understood: a filter that is passed over would show too much."""
    return InvalidQuery(f"Field '{field}' doesn't accept argument '{argument}'")


def select(query: str, variables: Mapping[str, object]) -> tuple[Selected, ...]:
    """The fields a query selects, variables filled in. Raises `InvalidQuery`."""
    return _Parser(_tokens(query), variables).document()


def answer(selected: Sequence[Selected], values: Mapping[str, object], kind: str) -> dict[str, object]:
    """The selected parts of `values`; a function there is called with the field's arguments. Raises `InvalidQuery`."""
    data: dict[str, object] = {}
    for field in selected:
        if field.name not in values:
            raise InvalidQuery(f"Field '{field.name}' doesn't exist on type '{kind}'")
        value = values[field.name]
        if callable(value):
            value = value(field.arguments)
        elif field.arguments:
            raise unknown_argument(field.name, next(iter(field.arguments)))
        data[field.alias] = _shaped(field, value)
    return data


def _shaped(field: Selected, value: object) -> object:
    if isinstance(value, list):
        return [_shaped(field, item) for item in value]
    if isinstance(value, dict):
        if not field.fields:
            raise InvalidQuery(f"Field must have selections (field '{field.name}' has none)")
        return answer(field.fields, value, field.name[:1].upper() + field.name[1:])
    if field.fields:
        if value is None:
            return None
        raise InvalidQuery(f"Selections can't be made on scalars (field '{field.name}')")
    return value


def _tokens(query: str) -> list[str]:
    tokens: list[str] = []
    at = 0
    while query[at:].strip():
        match = _TOKEN.match(query, at)
        if match is None or len(tokens) >= MOST_TOKENS:
            raise InvalidQuery(f"syntax error, unexpected character at {at}")
        tokens.append(match.group(1))
        at = match.end()
    return [part for part in tokens if part != ","]


class _Parser:
    def __init__(self, tokens: list[str], variables: Mapping[str, object]) -> None:
        self._tokens, self._at = tokens, 0
        self._variables = dict(variables)

    def document(self) -> tuple[Selected, ...]:
        if self._peek() == "query":
            self._take()
            if self._peek() not in ("(", "{"):
                self._take()
            if self._peek() == "(":
                self._declared()
        fields = self._fields(0)
        if self._at != len(self._tokens):
            raise InvalidQuery(f"syntax error, unexpected {self._peek()!r} after the query")
        return fields

    def _declared(self) -> None:
        """Skip the types of variables; keep their defaults."""
        self._expect("(")
        while self._peek() != ")":
            name = self._take().removeprefix("$")
            self._expect(":")
            while self._peek() not in ("=", ")") and not self._peek().startswith("$"):
                self._take()
            if self._peek() == "=":
                self._take()
                default = self._value()
                self._variables.setdefault(name, default)
        self._expect(")")

    def _fields(self, depth: int) -> tuple[Selected, ...]:
        if depth > DEEPEST:
            raise InvalidQuery("the query is nested too deep")
        self._expect("{")
        fields: list[Selected] = []
        while self._peek() != "}":
            fields.append(self._field(depth))
        self._expect("}")
        return tuple(fields)

    def _field(self, depth: int) -> Selected:
        alias = name = self._name()
        if self._peek() == ":":
            self._take()
            name = self._name()
        arguments: dict[str, object] = {}
        if self._peek() == "(":
            self._take()
            while self._peek() != ")":
                key = self._name()
                self._expect(":")
                arguments[key] = self._value()
            self._expect(")")
        fields = self._fields(depth + 1) if self._peek() == "{" else ()
        return Selected(name, alias, arguments, fields)

    def _value(self) -> object:
        token = self._take()
        if token.startswith("["):
            return self._list()
        if token.startswith("$"):
            return self._variables.get(token[1:])
        if token[0] in '"-0123456789':
            return orjson.loads(token)
        if token in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[token]
        if token.isidentifier():
            return token
        raise InvalidQuery(f"syntax error, unexpected {token!r}")

    def _list(self) -> list[object]:
        values: list[object] = []
        while self._peek() != "]":
            values.append(self._value())
        self._expect("]")
        return values

    def _name(self) -> str:
        token = self._take()
        if not token.isidentifier():
            raise InvalidQuery(f"syntax error, unexpected {token!r}")
        return token

    def _expect(self, expected: str) -> None:
        token = self._take()
        if token != expected:
            raise InvalidQuery(f"syntax error, unexpected {token!r}, expecting {expected!r}")

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        if not token:
            raise InvalidQuery("syntax error, unexpected end of file")
        self._at += 1
        return token
