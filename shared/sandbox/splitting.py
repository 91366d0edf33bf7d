"""Splitting cents so that the parts add up."""

from __future__ import annotations

from collections.abc import Sequence


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Split non-negative `total` in proportion to `weights` by largest remainder, earlier parts first on ties."""
    scale = sum(weights)
    parts = [total * weight // scale for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % scale), i))
    for index in order[: total - sum(parts)]:
        parts[index] += 1
    return parts
