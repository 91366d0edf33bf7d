"""Every error asyncpg can raise, as one of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from pulsepoint.errors import Conflict, EngineUnavailable, LimitExceeded, MalformedInput, PulsepointError

# SQLSTATE class or code -> ours; the longest match wins, anything else is EngineUnavailable.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
BY_SQLSTATE: dict[str, type[PulsepointError]] = {
    "22": MalformedInput,  # data exception: a value the engine cannot hold
    "23": Conflict,  # integrity constraint: a rival wrote first
    "40": Conflict,  # serialization failure, deadlock
    "55P03": Conflict,  # lock not available
    "54": LimitExceeded,  # program limit exceeded
}

VENDOR_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)


def translated(error: BaseException) -> PulsepointError:
    """Our error for one of asyncpg's, of the socket's or of the loop's."""
    if isinstance(error, asyncpg.PostgresError):
        state = getattr(error, "sqlstate", None) or ""
        kind = BY_SQLSTATE.get(state) or BY_SQLSTATE.get(state[:2], EngineUnavailable)
        return kind(f"PostgreSQL: {error}")
    return EngineUnavailable(f"PostgreSQL did not answer: {type(error).__name__}: {error}")


@contextmanager
def postgres_errors() -> Iterator[None]:
    """Raise ours instead of asyncpg's, a lost connection or a time-out."""
    try:
        yield
    except VENDOR_ERRORS as error:
        raise translated(error) from error
