"""Reports of two instances made comparable: what cannot be equal is said as what must be equal of it.

An id that is drawn is compared by being the brand's own, a moment by being there, a citation by there being as many.
Left out altogether is only what one of the two engines does not keep (`SINGLE_MACHINE`).
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

SINGLE_MACHINE = {
    "accepted": "bodies taken in: counted on one machine; in the cloud its monitoring tells",
    "other": "those of them that are no snapshot",
}
"""Fields of a count that has to be None in the cloud, with the reason."""
SINGLE_MACHINE_CHECKS = frozenset({"recorded", "chain"})
"""Checks against checksums, which the cloud's documents do not keep."""
MOMENTS = frozenset({"as_of", "recorded_at"})
"""When it was asked, and when the newest row was recorded: true at each run, never at the same moment."""
OF_THE_RUN = frozenset({None, "stock assessments", "notifications"})
"""Sources whose `newest_at` is a moment of the run itself, as that of the books (None) is; of others it is compared."""


def canonical(report: Any, brand_id: str) -> str:
    """The report of the brand as JSON with sorted keys; raises `AssertionError` where it names another brand."""
    return json.dumps(_comparable(report, brand_id), sort_keys=True, indent=1)


def _comparable(value: Any, brand_id: str) -> Any:
    if isinstance(value, list):
        checks = [each for each in value if not (isinstance(each, dict) and each.get("name") in SINGLE_MACHINE_CHECKS)]
        return [_comparable(each, brand_id) for each in checks]
    if not isinstance(value, dict):
        return value
    return {
        key: _field(key, each, value, brand_id)
        for key, each in value.items()
        if not (key in SINGLE_MACHINE and "sources" in value)
    }


def _field(key: str, value: Any, within: dict[str, Any], brand_id: str) -> Any:
    if key == "brand_id":
        assert value == brand_id, f"{value} is not this brand"
        return "this brand"
    if key == "fact_id":
        return "cited" if value else None
    if key == "facts" and isinstance(value, list):
        return f"{len(value)} citations"
    if key == "facts" and isinstance(value, dict):
        return {name: "cited" if each else None for name, each in value.items()}
    if key in MOMENTS or (key == "newest_at" and within.get("source") in OF_THE_RUN):
        return None if value is None else _moment(value)
    return _comparable(value, brand_id)


def _moment(value: str) -> str:
    assert datetime.fromisoformat(value).tzinfo is not None, f"{value} has no offset"
    return "a moment"
