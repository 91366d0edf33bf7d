"""`make accuracy`: alerts on worlds with drawn seeds and settings; precision and recall with intervals, by kind.

What counts as an incident: days on which the world's settings say that addresses lose their query (`broken_utm`), that
half of the buyers or fewer of those who did can still be seen (`consent_drop`), that the pixel is gone and platforms
hear little (`broken_pixel`), or that a campaign that spends all it is given gets three to five times its budget
(`more_ads`). An alert is right that opens between an incident's first day and three days after its last.

For stock the shelf itself is the incident: all locations have nothing left of a variant that sold in the four weeks
before, because deliveries stopped (`supplier_delay`), because a stocktake found nothing (`stock_loss`), or because one
came late (`late_delivery`, in any world). An alert is right whose shelf is empty while it stands or within the brand's
lead time; a `supplier_delay` is found where it stands on the morning of the day on which the shelf runs empty.

A calm world has no incident but late deliveries: each alert on ROAS, tracking and claims in it is false. `small` are
calm worlds of shops with 3 to 10 orders a day. Alerts on stock see no ads here.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tests.accuracy.living import CALM, KINDS, KINDS_BY_PROCESS, SHORT, STRUCK, judge_seed
from tests.accuracy.results import ROOT, Judged, Results, code_digest
from tests.accuracy.rules import SIGNALS
from tests.accuracy.scores import foreseen, precision, recall, total, warranted
from tests.accuracy.shelves import LEAD_TIME_DAYS

WEEKS = 4
FORESEEN = (
    ("supplier_delay", 7),
    ("supplier_delay", 4),
    ("supplier_delay", 0),
    ("late_delivery", 0),
    ("stock_loss", -1),
)
"""Why a shelf is empty, and how many days before it the alert should stand."""


def report_struck(kind: str, judged: Sequence[Judged]) -> None:
    """Print precision and recall of one kind; incidents and alerts of one world meet only each other."""
    for name in SIGNALS:
        hit = total(recall(each.incidents, each.opened[name]) for each in judged)
        right = total(precision(each.incidents, each.opened[name]) for each in judged)
        print(f"{kind:14} {name:9} recall {hit}   precision {right}")


def report_calm(kind: str, judged: Sequence[Judged]) -> None:
    """Print how many alerts opened in four weeks in which nothing happened."""
    weeks = sum(each.weeks for each in judged)
    for name in SIGNALS:
        alerts = sum(len(each.opened[name]) for each in judged)
        print(f"{kind:14} {name:9} {alerts} alerts in {weeks:.0f} weeks: {alerts / weeks * WEEKS:.2f} in four")


def report_stock(kind: str, judged: Sequence[Judged]) -> None:
    """Print which empty shelves were foreseen, how early, and how many alerts were warranted."""
    for cause, days_before in FORESEEN:
        struck = [([out for out in each.incidents if out.kind == cause], each.opened["stock"]) for each in judged]
        share = total(foreseen(outages, opened, days_before) for outages, opened in struck)
        if share.count:
            print(f"{kind:14} stock     recall {share} of {cause}, {when(days_before)}")
    right = total(warranted(each.incidents, each.opened["stock"], LEAD_TIME_DAYS) for each in judged)
    weeks = sum(each.weeks for each in judged)
    false = right.count - right.hits
    alarms = f"{false} false in {weeks:.0f} weeks, {false / weeks * WEEKS:.2f} in four"
    print(f"{kind:14} stock     precision {right}: {alarms}")


def when(days_before: int) -> str:
    """In words: so many days before the shelf was empty."""
    if days_before < 0:
        return "the morning after the shelf was empty"
    return f"{days_before} days before the shelf was empty" if days_before else "before the shelf was empty"


def report(kind: str, judged: Sequence[Judged]) -> None:
    """Print what was found of one kind."""
    if kind in STRUCK:
        report_struck(kind, judged)
    if kind in CALM:
        report_calm(kind, judged)
    if kind in SHORT or kind in CALM:
        report_stock(kind, judged)


def run(results: Results, seeds: Sequence[int], kinds: Sequence[str], processes: int) -> None:
    """Judge what is not there yet, some kinds of a seed at a time in each process; progress goes to standard error."""
    done, began = results.done(), time.monotonic()
    missing = [
        (seed, [kind for kind in group if kind in kinds and (kind, seed) not in done])
        for seed in seeds
        for group in KINDS_BY_PROCESS
    ]
    with ProcessPoolExecutor(processes) as workers:
        futures = [workers.submit(judge_seed, seed, group) for seed, group in missing if group]
        for number, future in enumerate(as_completed(futures), start=1):
            results.add(future.result())
            minutes = (time.monotonic() - began) / 60
            print(f"{number} of {len(futures)} parts, {minutes:.1f} min", file=sys.stderr, flush=True)


def main() -> None:
    """Judge the kinds asked for, and go on where a run of the same code was interrupted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1000, help="the first seed; those after it follow")
    parser.add_argument("--worlds", type=int, default=11, help="worlds of each kind (three incidents each)")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", choices=KINDS, action="append")
    parser.add_argument("--results", type=Path, help="where results are kept; by default build/accuracy/ by the code")
    arguments = parser.parse_args()
    seeds, kinds = range(arguments.seed, arguments.seed + arguments.worlds), arguments.only or KINDS
    results = Results(arguments.results or ROOT / "build" / "accuracy" / f"{code_digest()}.jsonl")
    run(results, seeds, kinds, arguments.processes)
    for kind in kinds:
        report(kind, [each for each in results.judged if each.kind == kind and each.seed in seeds])


if __name__ == "__main__":
    main()
