"""What opens in a brand's quiet time is sent when it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from alerting.domain.open_alerts import OPENED_AT_ONCE
from alerting.evaluation import GRACE, POST, QUIET_ENDS
from alerting.handlers import EFFECTS
from pulsepoint.events.alerts import AlertOpened
from pulsepoint.money import MICROS
from pulsepoint.runtime.outcome import Effect, Outcome
from tests.builders.alerting import configure, tick
from tests.builders.insights import Bench, bench_of, effect_of, payload_in, stock_status
from tests.builders.inventory import NOW


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with bench_of("alerting") as bench:
        yield bench


def posts(outcome: Outcome) -> list[Effect]:
    return [effect for effect in outcome.effects if effect.kind == POST]


@pytest.mark.rule("STOCK-09")
async def test_what_opened_in_quiet_time_is_sent_once_when_it_ends(bench: Bench) -> None:
    await configure(bench, quiet_until=(NOW + timedelta(minutes=3)).isoformat())
    first = await tick(bench, 1, stock_status(), stock_status("v2"))
    ids = [payload_in(first, AlertOpened, position).alert_id for position in range(2)]
    assert not posts(await tick(bench, 2, stock_status()))
    over = await tick(bench, 3, stock_status(spend_at_risk_micros=MICROS))
    [effect] = posts(over)
    assert effect.key == ids[0], "what resolved in quiet time is not sent"
    assert effect.data["figures"] != effect.data["opened_figures"], "it is sent as it stands now"
    assert not (await tick(bench, 4, stock_status())).effects


@pytest.mark.rule("STOCK-09")
async def test_what_opened_in_quiet_time_is_sent_when_it_ends_though_nothing_else_happens(bench: Bench) -> None:
    """A shop at rest: an alert of quiet time was sent only with the next assessment, hours later."""
    await configure(bench, quiet_until=(NOW + timedelta(minutes=3)).isoformat())
    opened = await tick(bench, 1, *(stock_status(f"v{number}") for number in range(OPENED_AT_ONCE)))
    [wake] = [effect for effect in opened.effects if effect.kind == QUIET_ENDS]
    assert timedelta(minutes=1) < wake.delay <= timedelta(minutes=3) + GRACE
    bench.clock.set(NOW + timedelta(minutes=2))
    early = await bench.on_success(EFFECTS[QUIET_ENDS], effect_of(QUIET_ENDS))
    assert not posts(early)
    assert [effect.kind for effect in early.effects] == [QUIET_ENDS]
    bench.clock.set(NOW + timedelta(minutes=3) + GRACE)
    over = await bench.on_success(EFFECTS[QUIET_ENDS], effect_of(QUIET_ENDS))
    assert len(posts(over)) == OPENED_AT_ONCE
    assert len(over.effects) == OPENED_AT_ONCE
    assert not (await bench.on_success(EFFECTS[QUIET_ENDS], effect_of(QUIET_ENDS))).effects


async def test_after_quiet_time_many_alerts_are_sent_a_few_at_a_time(bench: Bench) -> None:
    await configure(bench, quiet_until=(NOW + timedelta(minutes=10)).isoformat())
    many = [stock_status(f"v{number}") for number in range(OPENED_AT_ONCE + 3)]
    await tick(bench, 1, *many)
    await tick(bench, 2, *many)
    sent = [effect.key for version in (10, 11, 12) for effect in posts(await tick(bench, version, *many))]
    assert len(sent) == len(set(sent)) == len(many)
