"""Every error DuckDB raises, as one of Pulsepoint's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from pulsepoint.errors import EngineUnavailable, MalformedInput, PulsepointError

OURS: tuple[type[duckdb.Error], ...] = (
    duckdb.OperationalError,
    duckdb.InternalError,
    duckdb.FatalException,
    duckdb.InterruptException,
    duckdb.PermissionException,
    duckdb.SequenceException,
    duckdb.DependencyException,
)
"""The engine failed: the same statement may succeed later."""

THEIRS: tuple[type[duckdb.Error], ...] = (
    duckdb.DataError,
    duckdb.IntegrityError,
    duckdb.ProgrammingError,
    duckdb.NotSupportedError,
)
"""The statement or its rows can never succeed."""


def mapped(error: duckdb.Error) -> PulsepointError:
    """Translates a DuckDB error; unknown kinds count as the engine's own failure."""
    first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
    if isinstance(error, THEIRS):
        return MalformedInput(f"DuckDB refused: {first_line}")
    return EngineUnavailable(f"DuckDB failed: {first_line}")


@contextmanager
def as_pulsepoint_errors() -> Iterator[None]:
    """Let DuckDB's errors leave the block as Pulsepoint's."""
    try:
        yield
    except duckdb.Error as error:
        raise mapped(error) from error
