"""`make accuracy`: alerts on worlds with drawn seeds and settings; precision and recall with intervals, by kind.

What counts as an incident: days on which the world's settings say that addresses lose their query (`broken_utm`), that
the pixel is gone and platforms hear little (`broken_pixel`), or that a campaign gets three to five times its budget
(`more_ads`). An alert is right that opens between an incident's first day and three days after its last. A calm world
has no incident: each alert in it is false.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial

from alerting.domain import roas
from sandbox.world import World
from tests.accuracy.rules import openings, roas_signal
from tests.accuracy.scores import precision, recall
from tests.accuracy.shop_days import shop_days
from tests.accuracy.worlds import HISTORY_DAYS, DrawnWorld, Struck, calm_world, struck_world

WARM_UP_DAYS = 21
KINDS = ("broken_utm", "broken_pixel", "more_ads")
WEEKS = 4


@dataclass(frozen=True, slots=True)
class Judged:
    """What happened in one world, and when alerts were opened in it."""

    incidents: tuple[Struck, ...]
    opened: tuple[date, ...]


def judge(world: DrawnWorld) -> Judged:
    """Live a world and ask the rules each morning."""
    days = shop_days(World(world.settings))
    return Judged(world.incidents, tuple(openings(days, roas_signal(roas.Rules()), warm_up=WARM_UP_DAYS)))


def _struck(kind: str, seed: int) -> Judged:
    return judge(struck_world(seed, kind))


def _calm(seed: int) -> Judged:
    return judge(calm_world(seed))


def report(kind: str, judged: Sequence[Judged]) -> None:
    """Print precision and recall of one kind; incidents and alerts of one world meet only each other."""
    hits = [(recall(each.incidents, each.opened), precision(each.incidents, each.opened)) for each in judged]
    found = type(hits[0][0])(sum(r.hits for r, _ in hits), sum(r.count for r, _ in hits))
    right = type(hits[0][0])(sum(p.hits for _, p in hits), sum(p.count for _, p in hits))
    print(f"{kind:14} recall {found}   precision {right}", flush=True)


def main() -> None:
    """Judge the kinds asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1000, help="the first seed; those after it follow")
    parser.add_argument("--worlds", type=int, default=16, help="worlds of each kind (two incidents each)")
    parser.add_argument("--only", choices=("calm", *KINDS), action="append")
    arguments = parser.parse_args()
    seeds = range(arguments.seed, arguments.seed + arguments.worlds)
    with ProcessPoolExecutor(2) as workers:
        for kind in arguments.only or ("calm", *KINDS):
            if kind == "calm":
                calm = list(workers.map(_calm, seeds))
                alerts = sum(len(each.opened) for each in calm)
                weeks = len(calm) * (HISTORY_DAYS - WARM_UP_DAYS) / 7
                print(f"calm           {alerts} alerts in {weeks:.0f} weeks: {alerts / weeks * WEEKS:.2f} in four")
            else:
                report(kind, list(workers.map(partial(_struck, kind), seeds)))


if __name__ == "__main__":
    main()
