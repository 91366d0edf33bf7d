"""Chance: how likely counts as extreme as these are where nothing changed.

Orders a day scatter more than a Poisson count does; `DISPERSION` is their variance over their mean within weekdays, as
measured on sandbox worlds (1.0 to 1.3) and rounded up.
"""

from __future__ import annotations

from math import erfc, exp, lgamma, log, sqrt

DISPERSION = 1.3
_MANY = 400
"""Expected counts from here on are as good as normal."""
_LEAST_WEIGHT = 0.5
"""A share of one order, or of hardly any before, is hardly known at all."""


def of_so_few(count: int, expected: float, *, uncertainty: float = 0.0) -> float:
    """The chance of `count` or fewer where `expected` are expected; 1 where none are.

    `uncertainty` is the variance of `expected` over its value: a rate learned from few days is known badly. The count
    is negative binomial (a Poisson count of a gamma rate) with variance (`DISPERSION` × (1 + uncertainty)) × expected.
    """
    if expected <= 0:
        return 1.0
    spread = DISPERSION * (1 + uncertainty)
    if expected >= _MANY:
        return _normal_tail((count + 0.5 - expected) / sqrt(spread * expected))
    size, stop = expected / (spread - 1), 1 / spread
    total = sum(exp(_log_term(number, size, stop)) for number in range(count + 1))
    return min(1.0, total)


def of_so_small_a_share(hits: int, count: int, hits_before: int, count_before: int) -> float:
    """The chance of a share as small as `hits` of `count`, where it is what it was before; 1 where either is of none.

    Hits are beta-binomial around the share before, with variance (`DISPERSION` × (1 + count ÷ count before)) × the
    binomial one: a share learned from few orders is known badly. Where nearly all orders were hits, few orders tell
    much, and the normal approximation would say far too much.
    """
    if not count or not count_before:
        return 1.0
    share = (hits_before + 0.5) / (count_before + 1)
    spread = DISPERSION * (1 + count / count_before)
    if count >= _MANY:
        return _normal_tail((hits + 0.5 - count * share) / sqrt(spread * count * share * (1 - share)))
    # The variance of a beta-binomial count is (1 + (count - 1) ÷ (weight + 1)) times the binomial one.
    weight = max((count - 1) / (spread - 1) - 1, _LEAST_WEIGHT)
    alpha, beta = weight * share, weight * (1 - share)
    whole = _log_beta(alpha, beta) + log(count + 1)
    terms = (
        exp(_log_beta(alpha + number, beta + count - number) - whole - _log_beta(number + 1, count - number + 1))
        for number in range(hits + 1)
    )
    return min(1.0, sum(terms))


def _log_term(number: int, size: float, stop: float) -> float:
    ways = lgamma(number + size) - lgamma(size) - lgamma(number + 1)
    return ways + size * log(stop) + number * log(1 - stop)


def _log_beta(alpha: float, beta: float) -> float:
    return lgamma(alpha) + lgamma(beta) - lgamma(alpha + beta)


def _normal_tail(deviations: float) -> float:
    return 0.5 * erfc(-deviations / sqrt(2))
