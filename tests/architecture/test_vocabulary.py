"""Identifiers use the field's words; the project's own of earlier days stay out, but where the wire has them.

Looked at are names that are given: functions, classes, parameters, variables, attributes. What is written on the wire
or stored under an old word (a JSON field, an event's field, a column, a key of a stored document) keeps it, and is
listed here with its reason. The names of tests are sentences and are left alone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.architecture.sources import CODE, ROOT, Source, sources

INSTEAD = {
    "asked": "what the value is: params, requested, call",
    "catalogue": "catalog",
    "conclude": "on_success",
    "desk": "harness",
    "found": "what the value is: row, match, existing",
    "held": "quarantined, dead letter",
    "hop": "span",
    "known": "what the value is: existing, recorded, cached",
    "lane": "batcher",
    "ledger": "identity store (PostgreSQL), ground truth (sandbox); attribution's credits alone are a ledger",
    "leftover": "outbox record",
    "looked": "evaluation",
    "marker": "dedup key",
    "misses": "hysteresis",
    "one": "what the value is: order, alert, row",
    "parcel": "batch",
    "rival": "lock table",
    "saying": "what the value is: text, message",
    "seal": "cipher, encrypt",
    "sealed": "encrypted",
    "stand_in": "emulator, fake",
    "standin": "emulator, fake",
    "stranger": "unmatched",
    "together": "single-flight",
    "told": "what the value is: payload, row, headers, response",
    "tower": "instance",
    "unseal": "decrypt",
    "verdict": "classification",
    "wanted": "what the value is: requested, expected, keys",
}
ALLOWED = {
    "HOP_BY_HOP": "RFC 9110 calls these headers so (7.6.1)",
    "hops": "a field of `hops.recorded` and of GET /api/traces",
    "held_id": "a field of replay requests",
    "held_at": "a field of GET /api/quarantine",
    "not_found": "HTTP's own words for 404",
    "_NOT_FOUND": "HTTP's own words for 404",
}
ON_THE_WIRE = {
    ("services/attribution/attribution/domain/orders.py", "saying"): "a key of stored `orders` documents",
    ("services/gateway/gateway/endpoints/demo.py", "days_told"): "a field of GET /api/demo",
    ("services/gateway/gateway/endpoints/verify.py", "found"): "a field of GET …/verify",
    ("services/gateway/gateway/verification/checks.py", "found"): "a column of the checks' answers",
    ("services/gateway/gateway/endpoints/verify.py", "held"): "a field of GET …/sources",
}
"""By file and name, why an old word stays."""
WORDS = re.compile(rf"(?:^|_)({'|'.join(INSTEAD)})s?(?:_|$)")
PAGE = ROOT / "services" / "gateway" / "web"
TYPESCRIPT_NOISE = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'", re.DOTALL)
TYPESCRIPT_GIVEN = re.compile(
    r"\b(?:const|let|var|function|class|interface|type|enum)\s+([A-Za-z_$][\w$]*)"
    r"|[({,]\s*([A-Za-z_$][\w$]*)\s*(?=[:?,)=}])"
    r"|\(([A-Za-z_$][\w$]*)\)\s*=>|\b([A-Za-z_$][\w$]*)\s*=>"
)


def snake(name: str) -> str:
    """A name in lower case with underscores: `heldRows` as `held_rows`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def old_word(name: str) -> str | None:
    """The old word in a name, None where there is none or the name is allowed."""
    match = None if name in ALLOWED or name.startswith("test_") else WORDS.search(snake(name))
    return match[1] if match else None


def given_names(source: Source) -> Iterator[tuple[int, str]]:
    """Line and name of everything that a file names."""
    for node in ast.walk(source.tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.arg(arg=name):
                yield node.lineno, name
            case ast.alias(asname=str(name)):
                yield node.lineno, name


def given_in_typescript(text: str) -> Iterator[str]:
    """Names that a TypeScript text gives: declarations, parameters, destructured fields; comments and strings aside."""
    for match in TYPESCRIPT_GIVEN.finditer(TYPESCRIPT_NOISE.sub('""', text)):
        yield next(name for name in match.groups() if name)


def complaints(*folders: str) -> list[str]:
    """`path:line name: what to use` for every old word below these folders."""
    return [
        f"{source.path}:{line} {name}: {INSTEAD[word]}"
        for source in sources(*folders)
        for line, name in given_names(source)
        if (word := old_word(name)) and (source.path, name) not in ON_THE_WIRE
    ]


def test_an_old_word_is_seen_in_either_spelling() -> None:
    assert [old_word(name) for name in ("told", "_heldRows", "KNOWN_IDS", "catalogues")] == [
        "told",
        "held",
        "known",
        "catalogue",
    ]
    assert [old_word(name) for name in ("foundation", "someone", "HOP_BY_HOP", "test_one_is_told")] == [None] * 4
    text = (
        'const told = (held: Hop) => { /* known */ return "found"; }; function wanted() {}; orders.map((one) => one.id)'
    )
    assert [name for name in given_in_typescript(text) if old_word(name)] == ["told", "held", "wanted", "one"]


def test_what_the_wire_keeps_is_still_there() -> None:
    names = {(source.path, name) for source in sources(*CODE) for _, name in given_names(source)}
    assert ON_THE_WIRE.keys() <= names


def test_code_uses_the_fields_words() -> None:
    assert complaints(*CODE) == []


def test_tests_use_the_fields_words() -> None:
    assert complaints("tests") == []


def test_the_page_uses_the_fields_words() -> None:
    paths = [path for folder in ("src", "tests") for path in (PAGE / folder).rglob("*.ts*") if ".d.ts" not in path.name]
    left = {
        f"{path.relative_to(PAGE)} {name}: {INSTEAD[word]}"
        for path in paths
        for name in given_in_typescript(path.read_text(encoding="utf-8"))
        if (word := old_word(name))
    }
    assert sorted(left) == []
