"""Every error asyncpg can raise is one of ours."""

from __future__ import annotations

import asyncpg
import pytest

from pulsepoint.adapters.postgres.errors import postgres_errors
from pulsepoint.adapters.postgres.pool import open_pool
from pulsepoint.errors import Conflict, EngineUnavailable, LimitExceeded, MalformedInput, PulsepointError

EXPECTED: dict[type[Exception], type[PulsepointError]] = {
    asyncpg.SerializationError: Conflict,
    asyncpg.DeadlockDetectedError: Conflict,
    asyncpg.UniqueViolationError: Conflict,
    asyncpg.LockNotAvailableError: Conflict,
    asyncpg.CharacterNotInRepertoireError: MalformedInput,
    asyncpg.DataError: MalformedInput,
    asyncpg.ProgramLimitExceededError: LimitExceeded,
    asyncpg.TooManyConnectionsError: EngineUnavailable,
    asyncpg.AdminShutdownError: EngineUnavailable,
    asyncpg.CannotConnectNowError: EngineUnavailable,
    asyncpg.ConnectionDoesNotExistError: EngineUnavailable,
    asyncpg.InvalidPasswordError: EngineUnavailable,
    asyncpg.DiskFullError: EngineUnavailable,
    asyncpg.QueryCanceledError: EngineUnavailable,
    asyncpg.UndefinedTableError: EngineUnavailable,
    asyncpg.InterfaceError: EngineUnavailable,
    asyncpg.InternalClientError: EngineUnavailable,
    ConnectionRefusedError: EngineUnavailable,
    ConnectionResetError: EngineUnavailable,
    FileNotFoundError: EngineUnavailable,
    TimeoutError: EngineUnavailable,
}
ALL = sorted(
    {
        error
        for error in vars(asyncpg.exceptions).values()
        if isinstance(error, type)
        and issubclass(error, Exception)
        and error.__module__.startswith("asyncpg")
        and not issubclass(error, asyncpg.PostgresLogMessage | Warning)
    },
    key=lambda error: error.__name__,
)


@pytest.mark.parametrize(("theirs", "ours"), EXPECTED.items(), ids=lambda error: error.__name__)
def test_each_kind_of_failure_has_its_own_error(theirs: type[Exception], ours: type[PulsepointError]) -> None:
    with pytest.raises(PulsepointError) as raised, postgres_errors():
        raise theirs("told by the server")
    assert type(raised.value) is ours
    assert "told by the server" in str(raised.value)


def test_no_error_of_asyncpg_escapes() -> None:
    assert len(ALL) > 200
    for error in ALL:
        with pytest.raises(PulsepointError), postgres_errors():
            raise error("any")


def test_errors_that_are_not_the_servers_pass() -> None:
    with pytest.raises(KeyError), postgres_errors():
        raise KeyError("ours")


async def test_no_server_is_unavailable() -> None:
    with pytest.raises(EngineUnavailable):
        async with open_pool("postgresql://postgres@/postgres?host=/nonexistent"):
            pass
