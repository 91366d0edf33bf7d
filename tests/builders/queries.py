"""Every SELECT of the product by a name: named queries, and those of verification."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.verification.queries import QUERIES
from pulsepoint.metrics.named_queries import named_queries
from pulsepoint.warehouse.named_queries import NamedQuery


def every_query() -> Mapping[str, NamedQuery]:
    """Named queries by name, those of verification as `verify_<name>`."""
    return {**named_queries(), **{f"verify_{name}": each for name, each in QUERIES.by_name.items()}}
