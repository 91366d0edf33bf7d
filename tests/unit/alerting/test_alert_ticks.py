"""From events to alerts and facts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from alerting.evaluation import POST
from alerting.handlers import HANDLERS
from pulsepoint.brand.facts import AlertFacts
from pulsepoint.brand.sentences import alert_text
from pulsepoint.brand.texts import texts
from pulsepoint.brand.vocabulary import AlertType, Cause, Severity
from pulsepoint.errors import RetryableError
from pulsepoint.events.ads import AdDayQuarantined, AdsSynced, AdsSyncFailed
from pulsepoint.events.alerts import AlertOpened, AlertResolved
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.money import MICROS
from pulsepoint.ports.document_store import Write
from pulsepoint.runtime.outcome import Effect, Outcome
from tests.builders.alerting import advise, assess, configure, tick, timestamp, types
from tests.builders.insights import Bench, bench_of, event_of, payload_in, stock_status
from tests.builders.inventory import NOW, ad_day_fact, brand_data, credit_facts, days_ago, fact, order_facts, touch_fact

ALERTS = "SELECT * FROM alerts_current WHERE brand_id = @brand_id ORDER BY opened_at"


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with bench_of("alerting") as bench:
        yield bench


def posts(outcome: Outcome) -> list[Effect]:
    return [effect for effect in outcome.effects if effect.kind == POST]


async def test_events_wait_for_the_brands_settings(bench: Bench) -> None:
    with pytest.raises(RetryableError):
        await tick(bench, 1, stock_status())


async def test_a_risk_opens_one_alert_posts_it_once_and_resolves_by_itself(bench: Bench) -> None:
    await configure(bench)
    first = await tick(bench, 1, stock_status())
    assert types(first) == ["alert.opened"]
    [effect] = first.effects
    assert effect.kind == "slack.post"
    assert effect.key == payload_in(first, AlertOpened).alert_id
    for version in (2, 3):
        again = await tick(bench, version, stock_status())
        assert not again.events
        assert not again.effects
    over = await tick(bench, 4)
    assert types(over) == ["alert.resolved"]
    assert payload_in(over, AlertResolved).alert_id == effect.key
    [row] = await bench.rows(ALERTS)
    assert (row["opened_at"], row["resolved_at"], row["version"]) == (timestamp(1), timestamp(4), 2)
    back = await tick(bench, 5, stock_status())
    assert types(back) == ["alert.opened"]
    assert len(await bench.rows(ALERTS)) == 2


async def test_stock_that_is_almost_safe_needs_two_looks(bench: Bench) -> None:
    await configure(bench)
    await tick(bench, 1, stock_status())
    almost = stock_status(status="low", days_of_cover_micros=8 * MICROS)
    assert not (await tick(bench, 2, almost)).events
    assert not (await advise(bench, 20)).events, "the same assessment seen again is no second look"
    assert types(await tick(bench, 30, almost)) == ["alert.resolved"]


async def test_advice_that_overtakes_its_assessment_loses_no_alert(bench: Bench) -> None:
    await configure(bench)
    assert not (await advise(bench, 1)).events
    assert types(await assess(bench, 1, stock_status())) == ["alert.opened"]


async def test_older_events_change_nothing(bench: Bench) -> None:
    await configure(bench)
    await tick(bench, 5, stock_status())
    assert not (await assess(bench, 4)).writes
    assert not (await advise(bench, 4)).writes


async def test_alerts_over_history_are_recorded_and_not_sent(bench: Bench) -> None:
    await configure(bench, quiet_until=(NOW + timedelta(minutes=2)).isoformat())
    quiet = await tick(bench, 1, stock_status())
    assert types(quiet) == ["alert.opened"]
    assert not posts(quiet)
    assert posts(await tick(bench, 2, stock_status(), stock_status("v2")))


@pytest.mark.rule("STOCK-09")
async def test_an_alert_is_told_anew_while_it_is_open(bench: Bench) -> None:
    """Issue: an alert said 'reorder 13' beside advice that said 'reorder 19'."""
    await configure(bench)
    await assess(bench, 1, stock_status())
    await advise(bench, 1, reorders={"v1": 13})
    await assess(bench, 2, stock_status(available=4, days_of_cover_micros=2 * MICROS))
    changed = await advise(bench, 2, reorders={"v1": 19})
    assert not changed.events
    assert not changed.effects
    [row] = await bench.rows(ALERTS)
    alert = AlertFacts.of_row(row)
    assert alert_text(alert, texts()).recommended_action == "Reorder 19 units of Shirt v1"
    assert alert_text(alert, texts()).explanation.startswith("4 units left, 2.0 days of cover")
    opened = AlertFacts.of_row({**row, "figures": row["opened_figures"]})
    assert (opened.figures["available"].value, opened.figures["reorder_units"].value) == (6, 13)
    assert (row["version"], row["opened_at"]) == (2, timestamp(1))


async def test_an_alert_that_reads_the_same_is_not_written_again(bench: Bench) -> None:
    await configure(bench)
    await tick(bench, 1, stock_status(velocity_micros=2_010_000))
    again = await tick(bench, 2, stock_status(velocity_micros=2_090_000))
    assert not again.facts
    rise = await tick(bench, 3, stock_status(velocity_micros=2_090_000, spend_at_risk_micros=MICROS))
    assert len(rise.facts) == 1
    [row] = await bench.rows(ALERTS)
    assert row["severity"] == "critical"


async def test_without_a_webhook_nothing_is_sent(bench: Bench) -> None:
    await configure(bench, slack_webhook_ref=None)
    assert not (await tick(bench, 1, stock_status())).effects


async def roas_facts(bench: Bench, orders: int, days: range) -> None:
    """So many orders of 50 a day, credited to Meta, which spends 100 a day."""
    for ago in days:
        at = days_ago(ago)
        await bench.append([ad_day_fact(at.date(), 100 * MICROS)])
        for number in range(orders):
            order_id = f"o{ago}-{number}"
            sold = order_facts(order_id, at, [{"variant_id": "v1", "price_micros": 50 * MICROS}])
            await bench.append(sold, credit_facts(order_id, at, 50 * MICROS))


@pytest.mark.slow
@pytest.mark.parametrize(("orders", "opened"), [(1, ["alert.opened"]), (5, [])])
async def test_a_roas_drop_of_complete_days_opens_an_alert(bench: Bench, orders: int, opened: list[str]) -> None:
    await configure(bench)
    await roas_facts(bench, 6, range(4, 32))
    await roas_facts(bench, orders, range(1, 4))
    await bench.append([ad_day_fact(NOW.date(), 9000 * MICROS)])
    outcome = await advise(bench, 1, at=NOW)
    assert types(outcome) == opened
    if opened:
        alert = payload_in(outcome, AlertOpened)
        assert alert.subject == "channel:meta"
        assert alert_text(alert, texts()).explanation.startswith(
            "The last 3 complete days brought ROAS 0.50 on 300.00 EUR of spend; the 28 days before 3.00."
        )


@pytest.mark.slow
@pytest.mark.rule("ADS-18")
async def test_an_alert_looks_at_no_day_whose_spend_does_not_add_up(bench: Bench) -> None:
    """Two of the recent days sold nothing; the third sold well, its spend is in quarantine and it says nothing."""
    await configure(bench)
    await roas_facts(bench, 6, range(4, 32))
    await roas_facts(bench, 0, range(2, 4))
    await roas_facts(bench, 30, range(1, 2))
    day = days_ago(1).date()
    columns = {"platform": "meta", "account_id": "a1", "day": day, "account_currency": "EUR"}
    columns |= {"quarantined": True, "account_spend_micros": 2, "campaign_spend_micros": 1}
    await bench.append([fact("ad_days_quarantined", f"meta:a1:{day}", columns)])
    alert = payload_in(await advise(bench, 1, at=NOW), AlertOpened)
    assert {name: alert.figures[name].value for name in ("roas", "spend", "orders")} == {
        "roas": 0, "spend": 200 * MICROS, "orders": 0,
    }  # fmt: skip


@pytest.mark.slow
async def test_every_figure_of_a_roas_alert_is_cited(bench: Bench) -> None:
    await configure(bench)
    await roas_facts(bench, 6, range(4, 32))
    await roas_facts(bench, 1, range(1, 4))
    alert = payload_in(await advise(bench, 1, at=NOW), AlertOpened)
    for name, figure in alert.figures.items():
        assert figure.fact_id is not None, name
        assert (await bench.recompute(figure.fact_id)).value == figure.value, name


@pytest.mark.slow
async def test_orders_that_stop_leading_back_to_links_open_an_alert(bench: Bench) -> None:
    await configure(bench)
    await roas_facts(bench, 6, range(4, 32))
    for ago in range(1, 4):
        at = days_ago(ago)
        await bench.append([ad_day_fact(at.date(), 100 * MICROS)])
        for number in range(6):
            order = order_facts(f"d{ago}-{number}", at, [{"variant_id": "v1"}])
            await bench.append(order, credit_facts(f"d{ago}-{number}", at, MICROS, channel="direct", paid=False))
    outcome = await advise(bench, 1, at=NOW)
    opened = [payload_in(outcome, AlertOpened, position) for position in range(len(outcome.events))]
    assert [alert.type for alert in opened] == [AlertType.BROKEN_TRACKING, AlertType.ROAS_DROP]
    assert opened[0].figures["traced_share"].value == 0
    assert opened[0].figures["traced_share_before"].value == 100


NOTED = "landing_site,note_attributes"


async def tracked_facts(bench: Bench, days: range, *, evidence: str, claims: int) -> None:
    """Six orders a day that Meta's ads brought, with a touch of `evidence`; Meta claims so many for its 100 a day."""
    for ago in days:
        at = days_ago(ago)
        await bench.append([ad_day_fact(at.date(), 100 * MICROS, conversions_micros=claims * MICROS)])
        for number in range(6):
            order_id = f"o{ago}-{number}"
            await bench.append(order_facts(order_id, at, [{"variant_id": "v1", "price_micros": 50 * MICROS}]))
            await bench.append(credit_facts(order_id, at, 50 * MICROS), [touch_fact(order_id, at, evidence=evidence)])


async def opened_alerts(bench: Bench) -> list[AlertOpened]:
    outcome = await advise(bench, 1, at=NOW)
    return [payload_in(outcome, AlertOpened, position) for position in range(len(outcome.events))]


@pytest.mark.slow
@pytest.mark.rule("ALERT-04")
async def test_orders_that_the_pixel_stops_to_see_open_an_alert(bench: Bench) -> None:
    await configure(bench)
    await tracked_facts(bench, range(4, 32), evidence=NOTED, claims=20)
    await tracked_facts(bench, range(1, 4), evidence="landing_site", claims=20)
    # A code that a podcast gave away leads to it without any visit, which no pixel could have seen.
    sold = order_facts("code", days_ago(2), [{"variant_id": "v1", "price_micros": 50 * MICROS}])
    await bench.append(sold, credit_facts("code", days_ago(2), 50 * MICROS, channel="affiliate"))
    await bench.append([touch_fact("code", days_ago(2), channel="affiliate", evidence="discount_code")])
    [alert] = await opened_alerts(bench)
    assert (alert.type, alert.subject, alert.cause) == (AlertType.BROKEN_TRACKING, "pixel", Cause.PIXEL)
    figures = {name: alert.figures[name].value for name in ("noted_share", "noted_share_before", "orders")}
    assert figures == {"noted_share": 0, "noted_share_before": 100, "orders": 18}
    explained = await bench.recompute(alert.figures["orders"].fact_id or "")
    assert explained.value == 18


@pytest.mark.slow
@pytest.mark.rule("ALERT-05")
async def test_a_platform_that_stops_to_claim_opens_an_alert(bench: Bench) -> None:
    await configure(bench)
    await tracked_facts(bench, range(4, 32), evidence=NOTED, claims=20)
    await tracked_facts(bench, range(1, 4), evidence=NOTED, claims=1)
    [alert] = await opened_alerts(bench)
    assert (alert.subject, alert.cause, alert.channel) == ("channel:meta", Cause.CLAIMS, "meta")
    assert (alert.figures["drop"].value, alert.figures["expected_claims"].value) == (95, 60)
    explained = await bench.recompute(alert.figures["claimed"].fact_id or "")
    assert explained.value == alert.figures["claimed"].value == 3 * MICROS


def failed(*, at: datetime = NOW, attempts: int = 2) -> AdsSyncFailed:
    return AdsSyncFailed(
        platform="meta", account_id="a1", reason="down", refused=False, attempts=attempts, failed_at=at
    )


def synced(at: datetime) -> AdsSynced:
    day = NOW.date()
    return AdsSynced(platform="meta", account_id="a1", start_day=day, end_day=day, rows=1, changed=0, synced_at=at)


async def handle(bench: Bench, payload: Any) -> Outcome:
    return await bench.handle(HANDLERS[payload.TYPE], event_of(payload))


async def test_a_sync_failure_opens_at_the_second_attempt_and_a_good_pull_ends_it(bench: Bench) -> None:
    await configure(bench)
    assert not (await handle(bench, failed(attempts=1))).events
    assert types(await handle(bench, failed())) == ["alert.opened"]
    assert not (await handle(bench, failed(attempts=3))).events
    assert types(await handle(bench, synced(NOW + timedelta(minutes=1)))) == ["alert.resolved"]
    late = await handle(bench, failed(at=NOW))
    assert not late.events, "a failure from before the last good pull says nothing"
    assert types(await handle(bench, failed(at=NOW + timedelta(minutes=2)))) == ["alert.opened"]


def quarantine_fact(quarantined: bool, version: int) -> Any:
    day = NOW.date()
    columns = {
        "platform": "meta",
        "account_id": "a1",
        "day": day,
        "quarantined": quarantined,
        "account_spend_micros": 2,
        "campaign_spend_micros": 1,
    }
    return fact("ad_days_quarantined", f"meta:a1:{day}", columns, version=version)


async def test_a_day_that_does_not_add_up_is_an_alert_until_it_does(bench: Bench) -> None:
    await configure(bench)
    day = AdDayQuarantined(
        platform="meta", account_id="a1", day=NOW.date(), account_spend_micros=2, campaign_spend_micros=1
    )
    assert not (await handle(bench, day)).events, "a later pull had lifted it already"
    await bench.append([quarantine_fact(True, 1)])
    assert types(await handle(bench, day)) == ["alert.opened"]
    assert not (await handle(bench, synced(NOW + timedelta(minutes=1)))).events, "the pull that found it ends well too"
    await bench.append([quarantine_fact(False, 2)])
    assert types(await handle(bench, synced(NOW + timedelta(minutes=2)))) == ["alert.resolved"]


async def test_what_was_wrong_with_an_account_ends_when_it_is_disconnected(bench: Bench) -> None:
    accounts = ({"platform": "meta", "account_id": "a1"}, {"platform": "meta", "account_id": "a10"})
    await configure(bench, ad_accounts=accounts)
    await bench.append([quarantine_fact(True, 1)])
    day = AdDayQuarantined(
        platform="meta", account_id="a1", day=NOW.date(), account_spend_micros=2, campaign_spend_micros=1
    )
    for wrong in (failed(), failed().model_copy(update={"account_id": "a10"}), day):
        assert types(await handle(bench, wrong)) == ["alert.opened"]
    without = BrandConfigured(**brand_data(ad_accounts=accounts[1:]))
    outcome = await bench.handle(HANDLERS["brand.configured"], event_of(without, version=2))
    assert types(outcome) == ["alert.resolved", "alert.resolved"]
    open_now = [row["subject"] for row in await bench.rows(ALERTS) if row["resolved_at"] is None]
    assert open_now == ["meta:a10"], "another account's alert stays, however alike their names"


async def test_open_alerts_stored_before_2026_12_stay_open(bench: Bench) -> None:
    """An upgrade neither opens a second alert for what is open, nor forgets to resolve it."""
    await configure(bench)
    stored = {
        "stock_out_risk|variant:v1": {"alert_id": "old-stock", "misses": 0},
        "sync_failure|meta:a1": {"alert_id": "old-pull", "misses": 0},
        f"sync_failure|meta:a1:{NOW.date()}": {"alert_id": "old-day", "misses": 0},
    }
    old = {
        "explanation": "e",
        "recommended_action": "r",
        "opened_at": NOW.isoformat(),
        "resolved_at": None,
        "facts": "[]",
    }
    alerts = [
        {**old, "alert_id": "old-stock", "type": "stock_out_risk", "severity": "critical", "subject": "variant:v1",
         "title": "Hat is running out"},
        {**old, "alert_id": "old-pull", "type": "sync_failure", "severity": "warning", "subject": "meta:a1",
         "title": "Meta account a1 cannot be pulled"},
        {**old, "alert_id": "old-day", "type": "sync_failure", "severity": "warning",
         "subject": f"meta:a1:{NOW.date()}", "title": "Meta account a1 does not add up"},
    ]  # fmt: skip
    await bench.keep(
        Write("books", "open", {"alerts": stored}),
        *(Write("alerts", str(alert["alert_id"]), alert) for alert in alerts),
    )
    assert not (await tick(bench, 1, stock_status())).events
    assert not (await handle(bench, failed())).events
    over = await handle(bench, synced(NOW + timedelta(minutes=1)))
    resolved = [payload_in(over, AlertResolved, position) for position in range(len(over.events))]
    assert {payload.alert_id for payload in resolved} == {"old-pull", "old-day"}
    assert [payload.severity for payload in resolved] == [Severity.HIGH, Severity.HIGH]
    assert payload_in(await tick(bench, 2), AlertResolved).alert_id == "old-stock"
    titles = {row["alert_id"]: alert_text(AlertFacts.of_row(row), texts()).title for row in await bench.rows(ALERTS)}
    assert titles == {
        "old-stock": "Shirt v1 is running out",
        "old-pull": "Meta account a1 cannot be pulled",
        "old-day": "Meta account a1 does not add up",
    }
