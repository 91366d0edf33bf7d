"""Findings of every type and cause of alert, made by the conditions themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from alerting.domain import claims, roas, stock, syncs, tracking
from alerting.domain.open_alerts import Finding
from pulsepoint.brand import figures
from pulsepoint.events.ads import AdDayQuarantined, AdsSyncFailed
from pulsepoint.money import MICROS
from tests.builders.channel_days import ChannelTotals, OrderTotals, claimed, compared, tracked
from tests.builders.citing import of_assessment, uncited, uncited_days
from tests.builders.insights import stock_assessed, stock_status
from tests.builders.inventory import NOW

LAST = date(2026, 3, 14)


def of_stock(reorder: int | None = None, **changes: Any) -> Finding:
    """A variant that runs out, with so many units advised to order."""
    view = stock.view_of(stock_assessed(stock_status(**changes)), 14)
    advised = {"v1": figures.count(reorder)} if reorder is not None else {}
    [finding] = stock.findings(view, "EUR", advised, of_assessment(uncited))
    return finding


def of_roas(channel: str) -> Finding:
    """A channel whose ROAS fell to a fifth."""
    days = [
        ChannelTotals(channel, LAST - timedelta(days=ago), 100 * MICROS, (60 if ago < 3 else 300) * MICROS, ago >= 3)
        for ago in range(31)
    ]
    rows = [replace(row, orders=5 * row.orders) for row in days]
    [finding] = roas.findings(compared(rows, LAST), roas.Rules(), uncited_days)
    return finding


def of_tracking() -> list[Finding]:
    """Orders that stopped leading back to links, and that the pixel stopped to see."""
    rows = [
        OrderTotals(LAST - timedelta(days=ago), 40, traced, 10, 100 * MICROS, 20, noted)
        for ago, (traced, noted) in enumerate([(8, 1)] * 3 + [(20, 19)] * 28)
    ]
    return tracking.findings(*tracked(rows, LAST), tracking.Rules(), uncited_days)


def of_claims(channel: str) -> Finding:
    """A platform that claims a tenth of what it claimed."""
    rows = [
        ChannelTotals(channel, LAST - timedelta(days=ago), 100 * MICROS, 0, 12, (2 if ago < 3 else 20) * MICROS)
        for ago in range(31)
    ]
    [finding] = claims.findings(claimed(rows, LAST), claims.Rules(), uncited_days)
    return finding


def of_sync(attempts: int, refused: bool, **why: Any) -> Finding:
    """An account that cannot be pulled; without `why` as releases told it that sent a sentence."""
    values = {"reason": "timeout\x00 of 30 s", "refused": refused, "attempts": attempts, **why}
    failed = AdsSyncFailed(platform="tiktok", account_id="a1", failed_at=NOW, **values)
    finding = syncs.failure(failed, uncited)
    assert finding is not None
    return finding


GONE: dict[str, Any] = {"status": "out_of_stock", "available": 0, "days_of_cover_micros": 0}
FINDINGS: dict[str, Finding] = {
    "stock.gone": of_stock(**GONE),
    "stock.gone_ads": of_stock(**GONE, spend_at_risk_micros=75 * MICROS),
    "stock.low": of_stock(),
    "stock.low_ads": of_stock(spend_at_risk_micros=1_234_560_000, days_unknown=3),
    "stock.one": of_stock(available=1, units_sold=1, days_in_stock=1, title="Wool\n <Hat> " + "x" * 90),
    **{f"roas.{channel}": of_roas(channel) for channel in ("meta", "tiktok", "google")},
    **{f"tracking.{finding.cause}": finding for finding in of_tracking()},
    "tracking.claims": of_claims("tiktok"),
    "sync.twice": of_sync(2, refused=False),
    "sync.refused": of_sync(1, refused=True),
    "sync.said": of_sync(
        1,
        refused=True,
        failure="refused",
        names={"api": "TikTok Business API v1.3", "code": "40105", "message": "Access token\x00 is wrong " + "x" * 400},
    ),
    "sync.unsaid": of_sync(2, refused=False, failure="no_answer"),
    "day": syncs.quarantined(
        AdDayQuarantined(
            platform="google",
            account_id="a1",
            day=LAST,
            account_spend_micros=1_012_500_000,
            campaign_spend_micros=10 * MICROS,
        ),
        uncited,
    ),
}
"""One finding at least of every type and cause, as the conditions make it."""
