"""How long the long tests take: short in `make test`, long in `make test-all`, which sets `PULSEPOINT_AT_LENGTH=1`."""

from __future__ import annotations

import os
from typing import TypeVar

AT_LENGTH = os.environ.get("PULSEPOINT_AT_LENGTH") == "1"
Each = TypeVar("Each")


def by_length(short: Each, long: Each) -> Each:
    """`long` where tests run at length, else `short`."""
    return long if AT_LENGTH else short
