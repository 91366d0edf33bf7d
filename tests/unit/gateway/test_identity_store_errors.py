"""What the identity store's own errors become."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from gateway.adapters.identity_store.engine import translated_errors
from pulsepoint.errors import EngineUnavailable


@pytest.mark.parametrize(
    "error",
    [
        NoConnectionFree("QueuePool limit of size 8 overflow 8 reached, connection timed out"),
        OperationalError("SELECT 1", {}, Exception("away")),
        InterfaceError("SELECT 1", {}, Exception("closed")),
        ConnectionRefusedError("nobody listens"),
    ],
)
def test_a_ledger_that_is_away_or_overrun_is_unavailable(error: Exception) -> None:
    with pytest.raises(EngineUnavailable), translated_errors():
        raise error
