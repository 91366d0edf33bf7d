"""`make accuracy`: alerts on worlds with drawn seeds and settings; precision and recall with intervals, by kind.

What counts as an incident: days on which the world's settings say that addresses lose their query (`broken_utm`), that
half of the buyers or fewer of those who did can still be seen (`consent_drop`), that the pixel is gone and platforms
hear little (`broken_pixel`; journeys are seen all the same), or that a campaign gets three to five times its budget
(`more_ads`). An alert is right that opens between an incident's first day and three days after its last. A calm world
has no incident: each alert in it is false. Alerts on ROAS and on tracking are judged apart.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial

from alerting.domain import roas, tracking
from sandbox.world import World
from tests.accuracy.rules import Signal, openings, roas_signal, tracking_signal
from tests.accuracy.scores import precision, recall, total
from tests.accuracy.shop_days import shop_days
from tests.accuracy.worlds import HISTORY_DAYS, DrawnWorld, Struck, calm_world, struck_world

WARM_UP_DAYS = roas.RECENT_DAYS + roas.BASE_DAYS
KINDS = ("broken_utm", "consent_drop", "broken_pixel", "more_ads")
SIGNALS: Mapping[str, Signal] = {"ROAS": roas_signal(roas.Rules()), "tracking": tracking_signal(tracking.Rules())}
WEEKS = 4


@dataclass(frozen=True, slots=True)
class Judged:
    """What happened in one world, and when alerts were opened in it, by signal."""

    incidents: tuple[Struck, ...]
    opened: Mapping[str, Sequence[date]]


def judge(world: DrawnWorld) -> Judged:
    """Live a world and ask the rules each morning."""
    days = shop_days(World(world.settings))
    opened = {name: openings(days, signal, warm_up=WARM_UP_DAYS) for name, signal in SIGNALS.items()}
    return Judged(world.incidents, opened)


def _struck(kind: str, seed: int) -> Judged:
    return judge(struck_world(seed, kind))


def _calm(seed: int) -> Judged:
    return judge(calm_world(seed))


def report_struck(kind: str, judged: Sequence[Judged]) -> None:
    """Print precision and recall of one kind; incidents and alerts of one world meet only each other."""
    for name in SIGNALS:
        hit = total(recall(each.incidents, each.opened[name]) for each in judged)
        right = total(precision(each.incidents, each.opened[name]) for each in judged)
        print(f"{kind:14} {name:9} recall {hit}   precision {right}", flush=True)


def report_calm(judged: Sequence[Judged]) -> None:
    """Print how many alerts opened in four weeks in which nothing happened."""
    weeks = len(judged) * (HISTORY_DAYS - WARM_UP_DAYS) / 7
    for name in SIGNALS:
        alerts = sum(len(each.opened[name]) for each in judged)
        print(f"{'calm':14} {name:9} {alerts} alerts in {weeks:.0f} weeks: {alerts / weeks * WEEKS:.2f} in four")


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
                report_calm(list(workers.map(_calm, seeds)))
            else:
                report_struck(kind, list(workers.map(partial(_struck, kind), seeds)))


if __name__ == "__main__":
    main()
