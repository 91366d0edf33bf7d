"""The gateway keeps answers where they are billed and Redis is there, or where it is told to; else it asks anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.bootstrap import ANSWER_SECONDS, _with_answers
from gateway.settings import Settings
from pulsepoint.adapters.cached_warehouse import CachedWarehouse
from pulsepoint.adapters.memory.cache import MemoryCache
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.runtime.engines import Engines
from tests.builders.runtime import no_engines
from tests.contract.suites.answers import Below


def engines(*, answers_pay: bool) -> Engines:
    """Engines with a warehouse and a cache alone."""
    opened, clock = no_engines(), FixedClock()
    for name in Engines.__slots__:
        if not hasattr(opened, name):
            object.__setattr__(opened, name, None)
    return replace(opened, warehouse=Below(), cache=MemoryCache(clock), clock=clock, answers_pay=answers_pay)


@pytest.mark.parametrize(
    ("answer_seconds", "answers_pay", "kept_for"),
    [(None, True, ANSWER_SECONDS), (None, False, None), (0, True, None), (5, False, 5.0), (5, True, 5.0)],
)
def test_answers_are_kept_where_they_pay_or_as_told(
    answer_seconds: float | None, answers_pay: bool, kept_for: float | None
) -> None:
    opened = engines(answers_pay=answers_pay)
    warehouse = _with_answers(Settings(answer_seconds=answer_seconds), opened)
    assert (warehouse is opened.warehouse) == (kept_for is None)
    if isinstance(warehouse, CachedWarehouse):
        assert warehouse._kept.seconds == kept_for
