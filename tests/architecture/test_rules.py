"""Every domain rule has a test that carries its id, and every id carried is a rule."""

from __future__ import annotations

import pytest

from tests.rules import PAGE, declared, marked, marks_in

ROW = "| **{}** | What holds. | Because. | [Page](https://example.com) |\n"


def without_a_test(page: str, tests: object) -> list[str]:
    assert isinstance(tests, dict)
    return [rule_id for rule_id in declared(page) if rule_id not in tests]


def test_every_rule_has_a_test() -> None:
    assert not without_a_test(PAGE.read_text(), marked())


def test_every_mark_names_a_rule() -> None:
    rules = declared(PAGE.read_text())
    assert not {rule_id: tests for rule_id, tests in marked().items() if rule_id not in rules}


def test_every_family_is_numbered_without_gaps() -> None:
    """A gap is a rule that was taken out: say so on the page instead, so that its id is not used again."""
    numbers: dict[str, list[int]] = {}
    for rule_id in declared(PAGE.read_text()):
        family, number = rule_id.split("-")
        numbers.setdefault(family, []).append(int(number))
    assert set(numbers) == {"SHOP", "REV", "TOUCH", "ATTR", "ADS", "STOCK", "AI", "ALERT", "SEC"}
    assert all(marks == list(range(1, len(marks) + 1)) for marks in numbers.values())


def test_a_rule_without_a_test_and_a_mark_without_a_rule_are_seen() -> None:
    """Guards the two tests above."""
    page = ROW.format("SHOP-01") + ROW.format("SHOP-02")
    source = '@pytest.mark.rule("SHOP-01", "SHOP-09")\nasync def test_it() -> None: ...\n'
    tests = dict(marks_in(source))
    assert tests == {"SHOP-01": "test_it", "SHOP-09": "test_it"}
    assert without_a_test(page, tests) == ["SHOP-02"]
    assert set(tests) - set(declared(page)) == {"SHOP-09"}


def test_marks_in_classes_are_found_and_other_decorators_are_none() -> None:
    source = 'class TestIt:\n    @pytest.mark.slow("X-01")\n    @pytest.mark.rule("X-02")\n    def test_it(self): ...\n'
    assert list(marks_in(source)) == [("X-02", "TestIt::test_it")]


def test_an_id_is_declared_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        declared(ROW.format("REV-01") * 2)
