"""Every type and cause of alert is opened by a handler, and by a handler it is over again."""

from __future__ import annotations

import pytest

from pulsepoint.brand.vocabulary import AlertType, Cause
from pulsepoint.events.alerts import AlertOpened, AlertResolved
from pulsepoint.runtime.outcome import Outcome
from tests.builders.alert_stories import STORIES
from tests.builders.alerting import configure
from tests.builders.insights import bench_of


def payloads(outcome: Outcome, kind: type[AlertOpened] | type[AlertResolved]) -> list[AlertOpened | AlertResolved]:
    return [event.payload for event in outcome.events if isinstance(event.payload, kind)]


@pytest.mark.parametrize(("kind", "cause"), [(kind, cause) for kind in AlertType for cause in kind.causes])
async def test_every_alert_opens_and_ends(kind: AlertType, cause: Cause | None) -> None:
    assert (kind, cause) in STORIES, f"no story opens {kind} for {cause}: tests/builders/alert_stories.py"
    async with bench_of("alerting") as bench:
        await configure(bench)
        opened, over = await STORIES[kind, cause](bench)
    ids = [alert.alert_id for alert in payloads(opened, AlertOpened) if (alert.type, alert.cause) == (kind, cause)]
    assert len(ids) == 1, f"no handler opens {kind} for {cause}"
    assert ids[0] in {alert.alert_id for alert in payloads(over, AlertResolved)}, f"{kind} is never over"


def test_every_story_is_of_an_alert_that_may_open() -> None:
    assert STORIES.keys() == {(kind, cause) for kind in AlertType for cause in kind.causes}
