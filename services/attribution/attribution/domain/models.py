"""Attribution models: which touches share an order's revenue, as integer weights.

A model is a pure function of the touches, the order's time and the brand's settings. MODELS is the one table of
them: credits, facts and tests go through it, so a new model is a new entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from attribution.domain.channels import DIRECT
from pulsepoint.events.attributions import Touch

DEFAULT_LOOKBACK_DAYS = 30


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """The settings of a brand that models read."""

    lookback: timedelta = timedelta(days=DEFAULT_LOOKBACK_DAYS)


Model = Callable[[Sequence[Touch], datetime, ModelSettings], tuple[int, ...]]
"""`(touches, order time, settings) -> one non-negative weight a touch`; all zero where no touch earned the order.

Touches come as `touches_of` sorts them, a total order: of two at the same moment the later one in the sequence counts
as later, also after an erasure took away what distinguished them.
"""


def last_touch(touches: Sequence[Touch], ordered_at: datetime, settings: ModelSettings) -> tuple[int, ...]:
    """All to the last visit in the lookback window, direct ones included.

    Both ends of the window count; visits after the order do not.
    """
    return _all_to_last(touches, _in_window(touches, ordered_at, settings))


def last_non_direct(touches: Sequence[Touch], ordered_at: datetime, settings: ModelSettings) -> tuple[int, ...]:
    """All to the last visit in the window that was not direct, else to the last direct one."""
    window = _in_window(touches, ordered_at, settings)
    return _all_to_last(touches, [index for index in window if touches[index].channel != DIRECT] or window)


MODELS: Mapping[str, Model] = {"last_touch": last_touch, "last_non_direct": last_non_direct}


def _in_window(touches: Sequence[Touch], ordered_at: datetime, settings: ModelSettings) -> list[int]:
    # A difference of two instants cannot overflow as `ordered_at - lookback` can at the calendar's edge.
    return [
        index
        for index, touch in enumerate(touches)
        if timedelta() <= ordered_at - touch.occurred_at <= settings.lookback
    ]


def _all_to_last(touches: Sequence[Touch], eligible: Sequence[int]) -> tuple[int, ...]:
    if not eligible:
        return (0,) * len(touches)
    last = max(eligible, key=lambda index: (touches[index].occurred_at, index))
    return tuple(int(index == last) for index in range(len(touches)))
