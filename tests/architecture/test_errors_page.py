"""docs/errors.md says what the code says: every reason, its status, and what a person should do."""

from __future__ import annotations

from pathlib import Path

from deploy.cli.advice import ADVICE
from deploy.release.errors_page import page, uses

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text("utf-8") == page(), "run `python -m deploy.release.errors_page > docs/errors.md`"


def test_every_reason_has_advice_and_all_advice_a_reason() -> None:
    assert {use.reason for use in uses()} == ADVICE.keys()


def test_reasons_of_every_kind_are_found() -> None:
    kinds = {(use.reason, use.kind) for use in uses()}
    assert {
        ("unknown_shop", "UnknownShop"),
        ("endpoint_token", "PermanentError"),
        ("mixed_windows", "PermanentError"),
    } <= kinds
    assert {("try_again", "problem"), ("attempts_exhausted", "_Why")} <= kinds
