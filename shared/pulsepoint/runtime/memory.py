"""The frequency of looking for garbage that counting references leaves behind."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG = 10_000
"""New objects until the youngest are looked through, instead of 700: a request makes more than that, all counted."""


@contextmanager
def what_started_is_spared() -> Iterator[None]:
    """Leave what starting has made out of all collections within, and collect less often.

    Modules, routes and models live as long as the process; looking through them again and again was a tenth of the CPU
    of an order. https://docs.python.org/3/library/gc.html#gc.freeze
    """
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
