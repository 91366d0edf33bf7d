"""In an empty project nothing is made before the API that makes it is switched on."""

from __future__ import annotations

import re
from typing import Any

from tests.builders.terraform import parsed, resources

APIS = "google_project_service.api"
NAMED = re.compile(r"(?<![\w.])(?:google_\w+\.\w+|local\.\w+)")


def named_in(value: Any) -> set[str]:
    """Resources and locals that an expression names, anywhere in it."""
    if isinstance(value, dict):
        return {name for key, item in value.items() for part in (key, item) for name in named_in(part)}
    if isinstance(value, list):
        return {name for item in value for name in named_in(item)}
    return set(NAMED.findall(str(value)))


def waits_for() -> dict[str, set[str]]:
    """What each resource and local names itself."""
    local = {
        f"local.{name}": named_in(value)
        for file in parsed()
        for block in file.get("locals", [])
        for name, value in block.items()
    }
    return local | {resource.address: named_in(resource.body) for resource in resources()}


def test_everything_waits_for_the_apis() -> None:
    named = waits_for()
    after, before = {APIS}, set[str]()
    while after != before:
        before = after
        after = before | {address for address, others in named.items() if others & before}
    assert len(after) > 50
    assert sorted(set(named) - after - {name for name in named if name.startswith("local.")}) == []
