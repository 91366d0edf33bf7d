"""Every name that an answer carries has a text: channels, platforms and the figures that sentences rest on."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from pulsepoint.brand.facts import CURRENT_SPEND, FOREIGN_SPEND, RECOMMENDED_CHANGE
from pulsepoint.brand.sentences.values import channel_name
from pulsepoint.brand.texts import catalog_of, texts
from pulsepoint.brand.vocabulary import Channel, Platform, StockState
from pulsepoint.metrics.definitions import DEFINITIONS
from pulsepoint.metrics.derived import DERIVED
from tests.architecture.sources import sources
from tests.builders.advice_cases import ADVICE
from tests.builders.alert_findings import FINDINGS

MAKERS = ("services/alerting/alerting/domain", "services/ai-advisor/ai_advisor/domain")
SUMMARY = "services/gateway/gateway/domain/dashboard.py"
KINDS = {"money", "count", "ratio", "days", "rate", "percent"}
NAMED_ELSEWHERE = {CURRENT_SPEND, RECOMMENDED_CHANGE, FOREIGN_SPEND.rstrip("."), *StockState} - {
    state for state in StockState if not state.runs_out
}
"""Names that are constants or members, not words of the dictionaries that hold figures."""


def names_in(tree: ast.AST) -> Iterator[str]:
    """The keys of every dictionary that holds a figure made there or is passed as `figures`; notes are sentences."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    passed = {keyword.value: call for call in calls for keyword in call.keywords if keyword.arg == "figures"}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Dict) or (node in passed and ast.unparse(passed[node].func) == "Note"):
            continue
        if node in passed or any(map(is_made, node.values)):
            yield from (str(key.value) for key in node.keys if isinstance(key, ast.Constant))


def is_made(node: ast.expr) -> bool:
    """True for `figures.money(…)` and its kin."""
    call = node.func if isinstance(node, ast.Call) else None
    return isinstance(call, ast.Attribute) and call.attr in KINDS and ast.unparse(call.value) == "figures"


def figure_names() -> set[str]:
    """The figures of alerts, advice and summaries: those written in the rules, and those of every case there is."""
    written = {name for source in sources(*MAKERS) for name in names_in(source.tree)}
    shown = {name for source in sources("services/gateway") if source.path == SUMMARY for name in names_in(source.tree)}
    made = {name for stated in (*FINDINGS.values(), *ADVICE.values()) for name in stated.figures}
    return written | shown | made | NAMED_ELSEWHERE


def test_the_walk_finds_names_of_every_kind() -> None:
    """Of an alert, of advice, of both summaries, and one that only some alerts have."""
    assert {
        "drop",
        "noted_share_before",
        "reorder_units",
        "incoming",
        "blended_roas",
        "new_customers",
    } <= figure_names()


def test_every_figure_that_an_answer_carries_has_a_name_on_the_page() -> None:
    assert sorted(name for name in figure_names() if not texts().has(f"page.figure.{name}")) == []


def test_every_metric_and_every_number_worked_out_of_them_has_its_name() -> None:
    defined = {each.name for each in DEFINITIONS} | DERIVED.keys()
    given = {each.name for derived in DERIVED.values() for each in derived.given}
    wanting = {f"metric.{name}" for name in defined} | {f"given.{name}" for name in given}
    assert {text_id for text_id in catalog_of("en") if text_id.startswith(("metric.", "given."))} == wanting


def test_a_figure_without_a_name_is_found() -> None:
    planted = ast.parse("Finding(figures={'tomorrow': today.roas}); {'later': figures.count(1), 'then': other}")
    assert set(names_in(planted)) == {"tomorrow", "later", "then"}


@pytest.mark.parametrize("enum", [Channel, Platform])
def test_every_channel_and_platform_has_its_name_in_sentences(enum: type[Channel] | type[Platform]) -> None:
    for member in enum:
        assert channel_name(member.value, texts()) == texts().say(f"channel.{member}")


def test_a_code_that_is_no_channel_reads_as_it_is() -> None:
    assert channel_name("in_store", texts()) == "in_store"
