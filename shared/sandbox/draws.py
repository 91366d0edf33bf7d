"""Draws that are the same on every machine: integers from a counter, no floats anywhere.

A stream is keyed by blake2b of the seed and its name; its n-th number is SplitMix64's finaliser over key + n times
the golden gamma (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014,
https://doi.org/10.1145/2660193.2660195). So what one stream draws never moves what another does.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from hashlib import blake2b
from itertools import accumulate

_MASK = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15
_SCALE = 1 << 64
_CHUNK = 16_000_000
"""Most events (in millionths) one inversion draws; a larger mean is drawn in parts, whose sum is Poisson too."""


def _exp_powers() -> tuple[int, ...]:
    """2^64 e^(-2^k / 10^6) for k = 0..23, by Taylor's series in 160-bit fixed point."""
    unit = 1 << 160
    powers: list[int] = []
    for bit in range(24):
        # e^(-x) = (e^(-x/32))^32 keeps the series short; x/32 is below 0.27.
        term = total = unit
        for n in range(1, 40):
            term = -term * (1 << bit) // (32 * 1_000_000 * n)
            total += term
        for _ in range(5):
            total = total * total >> 160
        powers.append(total >> 96)
    return tuple(powers)


_EXP = _exp_powers()


def exp_of_minus(micros: int) -> int:
    """2^64 times e to the minus `micros` millionths, from 0 to 16,777,215 of them."""
    result, bit = _SCALE, 0
    while micros:
        if micros & 1:
            result = result * _EXP[bit] >> 64
        micros >>= 1
        bit += 1
    return result


class Table:
    """Weights to pick an index from."""

    __slots__ = ("sums", "total")

    def __init__(self, weights: Sequence[int]) -> None:
        self.sums = tuple(accumulate(weights))
        self.total = self.sums[-1]


class Draws:
    """One named stream of draws."""

    __slots__ = ("_counter", "_key")

    def __init__(self, seed: int, *name: object) -> None:
        text = "\x1f".join((str(seed), *map(str, name)))
        self._key = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
        self._counter = 0

    def bits(self) -> int:
        """64 random bits, at least 0."""
        self._counter += 1
        z = (self._key + self._counter * _GAMMA) & _MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)

    def below(self, bound: int) -> int:
        """A number of at least 0 and below `bound`, evenly (to one part in 2^64 / bound)."""
        return self.bits() * bound >> 64

    def between(self, low: int, high: int) -> int:
        """A number of at least `low` and at most `high`."""
        return low + self.below(high - low + 1)

    def chance(self, ppm: int) -> bool:
        """True `ppm` times in a million."""
        return self.below(1_000_000) < ppm

    def pick(self, table: Table) -> int:
        """An index drawn by the table's weights."""
        return bisect_right(table.sums, self.below(table.total))

    def successes(self, tries: int, ppm: int) -> int:
        """The count of successes in a few `tries` (binomial)."""
        return sum(self.chance(ppm) for _ in range(tries))

    def poisson(self, mean_micros: int) -> int:
        """A Poisson count of the given mean in millionths, by inversion."""
        count = 0
        while mean_micros > _CHUNK:
            count += self._poisson_part(_CHUNK)
            mean_micros -= _CHUNK
        return count + (self._poisson_part(mean_micros) if mean_micros > 0 else 0)

    def _poisson_part(self, mean_micros: int) -> int:
        at, count = self.bits(), 0
        chance = below = exp_of_minus(mean_micros)
        while at >= below and chance:
            count += 1
            chance = chance * mean_micros // (count * 1_000_000)
            below += chance
        return count
