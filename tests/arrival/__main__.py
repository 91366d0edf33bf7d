"""`make arrivals`: a real month and a sandbox world told in many orders of arrival; every figure must be the same.

Prints each order's seed with how many figures it made, and fails with those that differ from the shop told as it
happened.
"""

from __future__ import annotations

import argparse
import asyncio
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from hashlib import sha256
from pathlib import Path

from tests.arrival.figures import Figures, differences, figures_of
from tests.arrival.shop import arrive_in_any_order, open_facts
from tests.arrival.sources import SOURCES, Source
from tests.conftest import shared_data

FIRST_SEED = 1
SHOWN = 20


async def figures_after(source: Source, seed: int | None) -> Figures:
    """The figures of a shop told in the order of a seed; None: as it happened."""
    async with open_facts() as facts:
        await arrive_in_any_order(source, facts, seed)
        return await figures_of(source, facts)


@cache
def _source(name: str, shared: Path, most: int | None) -> Source:
    source = SOURCES[name](shared)
    return source if most is None else source.part(most, FIRST_SEED)


def arrived(name: str, shared: Path, most: int | None, seed: int | None) -> Figures:
    """The figures of one order of arrival, in a process of its own."""
    return asyncio.run(figures_after(_source(name, shared, most), seed))


def digest(figures: Figures) -> str:
    """A short digest of all figures."""
    return sha256(repr(sorted(figures.items())).encode()).hexdigest()[:12]


def compare(name: str, shared: Path, seeds: range, most: int | None, processes: int) -> int:
    """Print every seed of one source; how many orders of arrival differ."""
    expected = arrived(name, shared, most, None)
    source = _source(name, shared, most)
    print(
        f"{source.name}: {len(source.deliveries)} deliveries, {len(expected)} figures, {digest(expected)}", flush=True
    )
    wrong = 0
    with ProcessPoolExecutor(processes) as pool:
        for seed, figures in zip(seeds, pool.map(partial(arrived, name, shared, most), seeds), strict=True):
            unequal = differences(expected, figures)
            wrong += bool(unequal)
            print(f"  seed {seed:3}: {digest(figures)} {'DIFFERS' if unequal else 'the same'}", flush=True)
            for line in unequal[:SHOWN]:
                print(f"    {line}", flush=True)
    return wrong


def main() -> None:
    """Compare all sources."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=50, help="orders of arrival for each source (50)")
    parser.add_argument("--source", choices=sorted(SOURCES), action="append", help="one source alone (all)")
    parser.add_argument("--most", type=int, help="a sample of about so many deliveries (all)")
    parser.add_argument("--processes", type=int, default=1)
    arguments = parser.parse_args()
    seeds = range(FIRST_SEED, FIRST_SEED + arguments.orders)
    names = arguments.source or list(SOURCES)
    wrong = sum(compare(name, shared_data(), seeds, arguments.most, arguments.processes) for name in names)
    if wrong:
        raise SystemExit(f"{wrong} orders of arrival end in other figures")


if __name__ == "__main__":
    main()
