"""A digest of a world: the same on every machine, another as soon as any of its records changes."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

from sandbox.world import World


def digest(world: World, days: int) -> str:
    """SHA-256 over the records of the first `days` days, those for the judge alone among them, in their order.

    The text hashed is each record's `repr`: field names, integers, strings and dates only.
    """
    first = world.settings.shop.first_day
    last = first + timedelta(days=days - 1)
    summed = sha256()
    for record in (*world.catalog(), *world.campaigns(), *world.locations()):
        summed.update(repr(record).encode())
    for number in range(days):
        summed.update(repr(world.day(first + timedelta(days=number))).encode())
    for row in (*world.causes(first, last), *world.lost_sales(first, last), *world.claims(first, last)):
        summed.update(repr(row).encode())
    return summed.hexdigest()
