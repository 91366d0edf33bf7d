"""Attribution models: which touches share an order's revenue, as integer weights.

A model is a pure function of the touches, the order's time and the brand's settings. MODELS is the one registry of
them: a new model is a member of `AttributionModel` and one function here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from pulsepoint.brand.settings import BrandChoices
from pulsepoint.brand.vocabulary import AttributionModel, Channel
from pulsepoint.events.attributions import Touch

Model = Callable[[Sequence[Touch], datetime, BrandChoices], tuple[int, ...]]
"""`(touches, order time, settings) -> one non-negative weight a touch`; all zero where no touch earned the order.

Touches come as `touches_of` sorts them, a total order: of two at the same moment the later one in the sequence counts
as later, also after an erasure took away what distinguished them.
"""


def last_touch(touches: Sequence[Touch], ordered_at: datetime, settings: BrandChoices) -> tuple[int, ...]:
    """All to the last visit in the lookback window, direct ones included.

    Both ends of the window count; visits after the order do not.
    """
    return _all_to_last(touches, _in_window(touches, ordered_at, settings))


def last_non_direct(touches: Sequence[Touch], ordered_at: datetime, settings: BrandChoices) -> tuple[int, ...]:
    """All to the last visit in the window that was not direct, else to the last direct one."""
    window = _in_window(touches, ordered_at, settings)
    return _all_to_last(touches, [index for index in window if touches[index].channel != Channel.DIRECT] or window)


MODELS: Mapping[str, Model] = {
    AttributionModel.LAST_TOUCH: last_touch,
    AttributionModel.LAST_NON_DIRECT: last_non_direct,
}


def _in_window(touches: Sequence[Touch], ordered_at: datetime, settings: BrandChoices) -> list[int]:
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
