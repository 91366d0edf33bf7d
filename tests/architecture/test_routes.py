"""The type checker reads the routing tables: a handler under another event than its own is an error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pulsepoint.events.orders import OrderDeleted
from pulsepoint.runtime.outcome import NOTHING, Outcome, Reader
from pulsepoint.runtime.routes import Routes, on

ROOT = Path(__file__).parents[2]
TABLE = """
from pulsepoint.events.envelope import Event
from pulsepoint.events.orders import OrderDeleted, OrderRecorded, RefundRecorded
from pulsepoint.runtime.outcome import NOTHING, Outcome, Reader
from pulsepoint.runtime.routes import Routes, on

async def record(reader: Reader, event: Event[OrderRecorded]) -> Outcome:
    event.payload.order_id
    return NOTHING

async def either(reader: Reader, event: Event[OrderDeleted | RefundRecorded]) -> Outcome:
    return NOTHING

async def any_event(reader: Reader, event: Event) -> Outcome:
    return NOTHING

right = Routes(on(OrderRecorded, record), on(OrderDeleted, either), on(RefundRecorded, any_event))
"""


def checked(text: str, place: Path) -> str:
    """The messages of mypy, run as strictly as on the whole project, on one module."""
    module = place / "table.py"
    module.write_text(text, "utf-8")
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(module)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("wrong = Routes(on(RefundRecorded, record))", 'Argument 2 to "on" has incompatible type'),
        ("wrong = Routes(on(OrderRecorded, either))", 'Argument 2 to "on" has incompatible type'),
        ('wrong = Routes({"order.recorded": record})', 'Argument 1 to "Routes" has incompatible type'),
        ("OrderDeleted(order_id='1', reason='typo')", 'Unexpected keyword argument "reason"'),
    ],
)
def test_a_handler_under_the_wrong_event_is_an_error_of_the_type_checker(tmp_path: Path, line: str, error: str) -> None:
    answer = checked(f"{TABLE}\n{line}\n", tmp_path)
    assert error in answer and "Found 1 error" in answer, answer


def test_a_type_routed_twice_is_refused() -> None:
    async def drop(reader: Reader, event: object) -> Outcome:
        return NOTHING

    with pytest.raises(ValueError, match=r"routed twice: \['order.deleted'\]"):
        Routes(on(OrderDeleted, drop), on(OrderDeleted, drop))
