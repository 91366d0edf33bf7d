"""Real delivery's effect on an orderly stream: copies, fresh ids, any order. Same seed, same result."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import IO
from uuid import UUID

import orjson

from file_import.webhooks import Delivery


@dataclass(frozen=True, slots=True)
class Duplication:
    """Every `every`th delivery is sent `times` times; every second extra copy carries fresh ids."""

    every: int
    times: int

    @classmethod
    def parse(cls, text: str) -> Duplication:
        """From `10:3`; raises `ValueError` for anything else, or for less than one."""
        every, _, times = text.partition(":")
        read = cls(int(every), int(times or 2))
        if read.every < 1 or read.times < 1:
            raise ValueError("both numbers must be at least 1")
        return read


def with_copies(deliveries: Iterable[Delivery], duplication: Duplication, seed: int) -> Iterator[Delivery]:
    """An iterator over the deliveries, each with its copies right behind it, every other copy under a fresh id."""
    chance = Random(seed)  # noqa: S311 - repeatable test traffic, not a secret
    extra = 0
    for place, delivery in enumerate(deliveries):
        yield delivery
        if place % duplication.every:
            continue
        for _ in range(duplication.times - 1):
            extra += 1
            yield _renewed(delivery, chance) if extra % 2 else delivery


def shuffled(deliveries: Iterable[Delivery], seed: int) -> Iterator[Delivery]:
    """The deliveries in any order; they wait in a temporary file, so memory holds eight bytes of each."""
    with tempfile.TemporaryFile(prefix="pulsepoint-replay-") as file:
        places = _spool(deliveries, file)
        Random(seed).shuffle(places)  # noqa: S311 - repeatable test traffic, not a secret
        for place in places:
            file.seek(place)
            topic, webhook_id, event_id, triggered_at, length = orjson.loads(file.readline())
            yield Delivery(topic, file.read(length), webhook_id, event_id, triggered_at)


def _spool(deliveries: Iterable[Delivery], file: IO[bytes]) -> array[int]:
    places = array("Q")
    for each in deliveries:
        places.append(file.tell())
        head = [each.topic, each.webhook_id, each.event_id, each.triggered_at, len(each.body)]
        file.write(orjson.dumps(head) + b"\n" + each.body)
    return places


def _renewed(delivery: Delivery, chance: Random) -> Delivery:
    fresh = [str(UUID(int=chance.getrandbits(128), version=4)) for _ in range(2)]
    return replace(delivery, webhook_id=fresh[0], event_id=fresh[1])
