"""What the comparison of both profiles still sees of the fields that cannot be equal."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders.equal_reports import canonical

BRAND = "b1"
REPORT: dict[str, Any] = {
    "brand_id": BRAND,
    "as_of": "2026-03-01T12:00:00Z",
    "numbers": {"roas": {"value": 2, "fact_id": "1.abc"}},
    "today": {"facts": {"our_day": "1.f"}},
    "facts": ["1.a", "1.b"],
    "sources": {
        "accepted": 5,
        "other": 1,
        "held": 0,
        "sources": [
            {"source": "orders", "newest_at": "2011-04-30T10:00:00Z", "recorded_at": "2026-03-01T11:00:00Z"},
            {"source": "notifications", "newest_at": "2026-03-01T11:00:00Z", "recorded_at": None},
        ],
    },
    "checks": [{"name": "heads", "ok": True}, {"name": "recorded", "ok": True}],
}
ELSEWHERE: dict[str, Any] = {
    "brand_id": "b2",
    "as_of": "2026-03-02T12:00:00Z",
    "numbers": {"roas": {"value": 2, "fact_id": "1.xyz"}},
    "today": {"facts": {"our_day": "1.g"}},
    "facts": ["1.c", "1.d"],
    "sources": {
        "accepted": None,
        "other": None,
        "held": 0,
        "sources": [
            {"source": "orders", "newest_at": "2011-04-30T10:00:00Z", "recorded_at": "2026-03-02T11:00:00Z"},
            {"source": "notifications", "newest_at": "2026-03-02T11:00:00Z", "recorded_at": None},
        ],
    },
    "checks": [{"name": "heads", "ok": True}],
}


def test_runs_that_say_the_same_are_equal() -> None:
    assert canonical(REPORT, BRAND) == canonical(ELSEWHERE, "b2")


@pytest.mark.parametrize(
    "changed",
    [
        {"as_of": None},
        {"numbers": {"roas": {"value": 2, "fact_id": None}}},
        {"facts": ["1.c"]},
        {"today": {"facts": {"our_day": None}}},
        {"checks": [{"name": "heads", "ok": False}]},
        {"sources": {**ELSEWHERE["sources"], "held": 1}},
        {"sources": {**ELSEWHERE["sources"], "sources": ELSEWHERE["sources"]["sources"][:1]}},
        {
            "sources": {
                **ELSEWHERE["sources"],
                "sources": [
                    {"source": "orders", "newest_at": "2011-04-29T10:00:00Z", "recorded_at": "2026-03-02T11:00:00Z"},
                    ELSEWHERE["sources"]["sources"][1],
                ],
            }
        },
    ],
    ids=[
        "no moment",
        "no citation",
        "fewer citations",
        "an uncited figure",
        "a check",
        "held",
        "a source",
        "the newest order",
    ],
)
def test_a_difference_is_seen(changed: dict[str, Any]) -> None:
    assert canonical(REPORT, BRAND) != canonical({**ELSEWHERE, **changed}, "b2")


def test_a_report_of_another_brand_is_refused() -> None:
    with pytest.raises(AssertionError, match="b9 is not this brand"):
        canonical({"brand_id": "b9"}, BRAND)
