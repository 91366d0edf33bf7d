from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import sandbox
from sandbox.digest import digest
from sandbox.world import World
from tests.builders.sandbox_worlds import world_settings

DIGEST_OF_90_DAYS = "22f1809240f5f1f3e33e657ab73b43c5620acbe61006b4c5520c4fa6623b0c04"


@pytest.mark.slow
def test_the_everyday_world_has_the_committed_digest() -> None:
    assert digest(World(world_settings("everyday", days=90, seed=7)), 90) == DIGEST_OF_90_DAYS


def test_another_seed_is_another_world() -> None:
    assert digest(World(world_settings(days=5, seed=1)), 5) != digest(World(world_settings(days=5, seed=2)), 5)


@pytest.mark.slow
def test_the_digest_does_not_depend_on_how_the_days_were_asked_for() -> None:
    settings = world_settings(days=40)
    at_once, piecemeal = World(settings), World(settings)
    first, last = at_once.history()
    at_once.day(last)
    ongoing = piecemeal.live(piecemeal.day(first).orders[0].created_at)
    for _ in range(777):
        next(ongoing)
    assert digest(at_once, 40) == digest(piecemeal, 40)


@pytest.mark.slow
def test_the_world_is_the_same_under_another_hash_seed_and_timezone() -> None:
    code = (
        "from sandbox.digest import digest; from sandbox.world import World\n"
        "from sandbox.settings_file import named_world\n"
        "print(digest(World(named_world('stock_out')), 6))"
    )
    digests = set()
    for hash_seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo")):
        env = {
            **os.environ,
            "PYTHONHASHSEED": hash_seed,
            "TZ": zone,
            "PYTHONPATH": str(Path(sandbox.__file__).parents[1]),
        }
        run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
        digests.add(run.stdout)
    assert len(digests) == 1
