"""What a process has made while it started is left out of collections as long as it serves."""

from __future__ import annotations

import gc

from pulsepoint.runtime.memory import what_started_is_spared


def test_what_started_is_spared_and_given_back() -> None:
    thresholds = gc.get_threshold()
    with what_started_is_spared():
        assert gc.get_freeze_count() > 1_000
        assert gc.get_threshold() > thresholds
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == thresholds


def test_cycles_made_while_it_serves_are_collected() -> None:
    class Node:
        def __init__(self) -> None:
            self.itself = self

    with what_started_is_spared():
        Node()
        gc.collect()
        assert not [each for each in gc.get_objects() if isinstance(each, Node)]
