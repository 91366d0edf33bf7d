"""How likely counts and shares are where nothing changed."""

from __future__ import annotations

from math import comb, exp, lgamma, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.domain import chance


def poisson_tail(count: int, mean: float) -> float:
    return sum(exp(-mean + number * log(mean) - lgamma(number + 1)) for number in range(count + 1))


@pytest.mark.parametrize(("count", "mean"), [(0, 3.0), (2, 9.5), (20, 40.0)])
def test_chance_is_a_poisson_tail_made_wider(count: int, mean: float) -> None:
    assert poisson_tail(count, mean) < chance.of_so_few(count, mean) < chance.of_so_few(count, mean, uncertainty=1.0)


@pytest.mark.parametrize(("count", "expected"), [(330, 399.99), (360, 399.99), (410, 399.99)])
def test_many_are_as_good_as_normal(count: int, expected: float) -> None:
    exact, normal = chance.of_so_few(count, expected), chance.of_so_few(count, 400.0)
    assert exact == pytest.approx(normal, rel=0.3)


@given(st.integers(0, 500), st.floats(0.01, 900), st.floats(0, 5))
def test_fewer_are_never_more_likely(count: int, expected: float, uncertainty: float) -> None:
    fewer = chance.of_so_few(count, expected, uncertainty=uncertainty)
    more = chance.of_so_few(count + 1, expected, uncertainty=uncertainty)
    assert 0 <= fewer <= more <= 1


def test_nothing_expected_and_shares_of_nothing_are_no_surprise() -> None:
    assert chance.of_so_few(0, 0.0) == 1.0
    assert chance.of_so_small_a_share(0, 0, 5, 10) == chance.of_so_small_a_share(1, 9, 0, 0) == 1.0
    assert chance.of_so_small_a_share(5, 5, 5, 5) == 1.0


def binomial_tail(hits: int, count: int, share: float) -> float:
    return sum(comb(count, n) * share**n * (1 - share) ** (count - n) for n in range(hits + 1))


@pytest.mark.parametrize(("hits", "count", "share"), [(3, 5, 0.98), (0, 6, 0.95), (20, 60, 0.5), (1, 30, 0.2)])
def test_chance_of_a_share_is_a_binomial_tail_made_wider(hits: int, count: int, share: float) -> None:
    """Where nearly all were hits the normal approximation calls 3 of 5 one in a million; it is one in 250."""
    before = round(500 * share)
    likely = chance.of_so_small_a_share(hits, count, before, 500)
    assert binomial_tail(hits, count, share) < likely < chance.of_so_small_a_share(hits, count, before // 10, 50)


@pytest.mark.parametrize("hits", [120, 150, 170])
def test_shares_of_many_are_as_good_as_normal(hits: int) -> None:
    exact, normal = (chance.of_so_small_a_share(hits, count, 1_680, 3_360) for count in (399, 400))
    assert exact == pytest.approx(normal, rel=0.5)


@given(st.integers(0, 60), st.integers(1, 60), st.integers(0, 300), st.integers(1, 300))
def test_a_smaller_share_is_never_more_likely(hits: int, count: int, hits_before: int, count_before: int) -> None:
    before = min(hits_before, count_before), count_before
    hits = min(hits, count - 1)
    fewer, more = (chance.of_so_small_a_share(number, count, *before) for number in (hits, hits + 1))
    assert 0 <= fewer <= more <= 1
