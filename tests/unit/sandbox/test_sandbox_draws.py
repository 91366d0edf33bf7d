from __future__ import annotations

import ast
from decimal import Decimal, getcontext
from math import sqrt
from pathlib import Path

import pytest

import sandbox
from sandbox.draws import Draws, Table, exp_of_minus
from sandbox.splitting import split


def test_a_stream_is_the_same_everywhere() -> None:
    draws = Draws(7, "visits", "2024-09-01", "organic")
    assert [draws.bits() for _ in range(3)] == [12380368484523598578, 13032182128416814243, 13976052519998129463]


def test_streams_of_other_names_or_seeds_are_others() -> None:
    first = {Draws(seed, *name).bits() for seed in (1, 2) for name in (("a", "b"), ("ab",), ("b", "a"), ("a",))}
    assert len(first) == 8


def test_exponentials_are_exact_to_fifteen_digits() -> None:
    getcontext().prec = 40
    for micros in (0, 1, 999, 500_000, 1_000_000, 7_654_321, 15_999_999, 16_000_000):
        exact = (Decimal(-micros) / 1_000_000).exp() * 2**64
        assert abs(Decimal(exp_of_minus(micros)) - exact) <= max(exact * Decimal("1e-15"), Decimal(32)), micros


@pytest.mark.parametrize("mean_micros", [50_000, 1_300_000, 12_000_000, 250_000_000])
def test_poisson_counts_have_the_mean_and_variance_of_their_law(mean_micros: int) -> None:
    draws, count = Draws(3, "poisson", mean_micros), 6_000
    drawn = [draws.poisson(mean_micros) for _ in range(count)]
    mean, expected = sum(drawn) / count, mean_micros / 1e6
    variance = sum((value - mean) ** 2 for value in drawn) / (count - 1)
    assert abs(mean - expected) < 4 * sqrt(expected / count)
    # The sample variance of a Poisson law has variance (mean + 2 mean^2) / n, near enough.
    assert abs(variance - expected) < 4 * sqrt((expected + 2 * expected**2) / count)


def test_picks_follow_their_weights() -> None:
    draws, table, count = Draws(5, "picks"), Table((50, 0, 30, 20)), 40_000
    counts = [0, 0, 0, 0]
    for _ in range(count):
        counts[draws.pick(table)] += 1
    assert counts[1] == 0
    for index, share in ((0, 0.5), (2, 0.3), (3, 0.2)):
        assert abs(counts[index] - share * count) < 4 * sqrt(count * share * (1 - share))


def test_chances_come_true_as_often_as_they_say() -> None:
    draws = Draws(9, "chances")
    count = sum(draws.chance(26_000) for _ in range(100_000))
    assert abs(count - 2_600) < 4 * sqrt(2_600)


def test_split_parts_add_up() -> None:
    assert split(100, [1, 1, 1]) == [34, 33, 33]
    assert split(0, [3, 5]) == [0, 0]
    assert sum(split(9_999_999, [7, 11, 13, 10**18])) == 9_999_999


def test_no_decision_of_the_world_uses_a_float() -> None:
    folder = Path(sandbox.__file__).parent
    for path in sorted(folder.glob("*.py")):
        if path.name == "settings_file.py":
            continue  # reads files; the one place where / joins paths
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), f"{path.name}:{node.lineno}"
            assert not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)), f"{path.name}:{node.lineno}"
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            module = getattr(node, "module", None) or ""
            assert not {"random", "math", "secrets", "uuid"} & {*names, module}, f"{path.name}: {names or module}"
