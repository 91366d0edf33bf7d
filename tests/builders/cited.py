"""Every number in an answer of the API, and the fact id that is said to explain it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

NO_FIGURES = re.compile(r"(^|\.)(position|version)$")
"""Numbers that measure nothing."""
SENTENCE = re.compile(r"(summary|inventory_insights|explanation|title|recommended_action|action|reason|expected_impact"
                      r"|channel_performance\.\w+)$")  # fmt: skip
_NUMBER = re.compile(r"(?<![\w.-])-?\d[\d,]*(?:\.\d+)?(?![\w-])")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Cited:
    """A number at its path in an answer; `fact_id` is None where none stands beside it."""

    path: str
    value: float
    fact_id: str | None


def numbers(answer: Any, path: str = "") -> Iterator[Cited]:
    """Every number of an answer, with the fact id beside it: of the same name under `facts`, or of the same object."""
    if isinstance(answer, list):
        for place, each in enumerate(answer):
            yield from numbers(each, f"{path}[{place}]")
    elif isinstance(answer, Mapping):
        facts = answer.get("facts")
        for name, value in answer.items():
            if name == "counts" and isinstance(value, Mapping):
                for state, count in value.items():
                    yield Cited(f"{path}.counts.{state}", count, facts.get(state) if isinstance(facts, dict) else None)
            elif isinstance(value, int | float) and not isinstance(value, bool):
                beside = {**(facts if isinstance(facts, Mapping) else {}), **answer.get("fact_ids", {})}.get(name)
                alone = answer.get("fact_id") if name in ("value", "amount") else None
                yield Cited(f"{path}.{name}", value, beside or alone)
            elif name not in ("facts", "fact_ids", "period"):
                yield from numbers(value, f"{path}.{name}")


def figures(answer: Any) -> Iterator[Mapping[str, Any]]:
    """Every figure of a sentence in an answer."""
    if isinstance(answer, list):
        for each in answer:
            yield from figures(each)
    elif isinstance(answer, Mapping):
        if {"name", "text", "value", "unit", "fact_id"} <= set(answer):
            yield answer
        else:
            for value in answer.values():
                yield from figures(value)


def sentences(answer: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every sentence of an answer, by its path."""
    if isinstance(answer, list):
        for place, each in enumerate(answer):
            yield from sentences(each, f"{path}[{place}]")
    elif isinstance(answer, Mapping):
        for name, value in answer.items():
            yield from sentences(value, f"{path}.{name}")
    elif isinstance(answer, str) and SENTENCE.search(path):
        yield path, answer


def spoken(sentence: str) -> list[str]:
    """The numbers a sentence says, days aside."""
    return _NUMBER.findall(_DAY.sub("", sentence))
