"""`make bench`: every figure as a ratio to a peer or limit measured in the same run."""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.load import cold_start, pubsub_rate, replay_cost, webhook_rate
from tests.load.table import Row, publish

ROOT = Path(__file__).resolve().parents[2]
SUITES = {
    "webhooks": webhook_rate.measure,
    "pubsub": pubsub_rate.measure,
    "cold-start": cold_start.measure,
    "replay": replay_cost.measure,
}


def main() -> None:
    """Run the suites asked for, print the table, write build/bench.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=sorted(SUITES), action="append", help="one suite; may be repeated")
    parser.add_argument(
        "--quick", action="store_true", help="fewer and shorter runs: shows that it works, not how fast"
    )
    arguments = parser.parse_args()
    rows: list[Row] = []
    for name in arguments.only or SUITES:
        print(f"measuring {name} …", flush=True)
        rows += SUITES[name](quick=arguments.quick)
    publish(rows, ROOT / "build" / "bench.json")


if __name__ == "__main__":
    main()
