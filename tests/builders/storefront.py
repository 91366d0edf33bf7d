"""Facts of a small shop: sixty days of orders and ads, credits that balance, stock, alerts, advice."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any

from pulsepoint.ports.document_store import FactRow
from pulsepoint.tenancy import TenantContext

CHANNELS = ("meta", "google", "tiktok", "email", "direct", "unattributed")


def fact(scope: TenantContext, table: str, entity: str, part: str = "", version: int = 1, **columns: Any) -> FactRow:
    """A row of `table` with the six columns every fact has."""
    identity = f"{scope.brand_id}/{table}/{entity}/{version}/{part}"
    head = {
        "fact_id": sha256(identity.encode()).hexdigest()[:32],
        "brand_id": str(scope.brand_id),
        "entity": entity,
        "version": version,
        "digest": "d",
        "recorded_at": datetime.now(UTC),
    }
    return FactRow(scope, table, head | columns)


def at_once(facts: list[FactRow]) -> list[FactRow]:
    """The facts as they are committed together: recorded in one instant."""
    now = datetime.now(UTC)
    return [FactRow(each.scope, each.table, {**each.row, "recorded_at": now}) for each in facts]


def order_facts(
    scope: TenantContext, order_id: str, at: datetime, micros: int, channel: str, currency: str
) -> list[FactRow]:
    """An order without refunds, and its credit under both models to one channel."""
    paid = channel in ("meta", "google", "tiktok")
    facts = [
        fact(
            scope, "orders", order_id, order_id=order_id, name=f"#{order_id}", currency=currency, created_at=at,
            processed_at=at, cancelled_at=None, test=False, deleted=False, taxes_included=False, subject=f"s{order_id}",
            financial_status="paid", source_name="web", gross_micros=micros, discount_micros=0, tax_micros=0,
            shipping_micros=0, total_micros=micros, shipping_country="GB", shipping_region=None,
        ),
        fact(
            scope, "attributions", order_id, order_id=order_id, currency=currency, net_micros=micros, source_version=1,
            settings_version=1, rules_version=1,
        ),
    ]  # fmt: skip
    for model in ("last_touch", "last_non_direct"):
        facts.append(
            fact(
                scope, "credits", order_id, part=model, order_id=order_id, model=model, entry_id=order_id,
                entry_kind="sale", occurred_at=at, channel=channel, paid=paid,
                campaign=f"{channel}-spring" if paid else None, touch_at=at, credit_micros=micros, currency=currency,
            )
        )  # fmt: skip
    return at_once(facts)


def ad_day(scope: TenantContext, platform: str, day: date, micros: int, currency: str) -> FactRow:
    """A campaign's day."""
    return fact(
        scope, "ad_performance", f"{platform}:1:9:{day}", platform=platform, account_id="1", account_currency=currency,
        account_timezone="Europe/London", campaign_id="9", campaign_name=f"{platform}-spring", day=day,
        spend_micros=micros, impressions=micros // 9_000, clicks=micros // 400_000, conversions_micros=None,
        conversion_value_micros=None, click_window_days=None, view_window_days=None,
    )  # fmt: skip


def shop_facts(scope: TenantContext, last: date, *, days: int = 60, currency: str = "GBP") -> list[FactRow]:
    """Everything the dashboard shows, up to day `last`; the same every time."""
    facts: list[FactRow] = []
    for number in range(days):
        day = last - timedelta(days=days - 1 - number)
        at = datetime.combine(day, time(11), tzinfo=UTC)
        for order in range(3 + (number * 7) % 5):
            channel = CHANNELS[(number + order * 5) % len(CHANNELS)]
            micros = (2_350 + (number * 37 + order * 911) % 6_000) * 10_000
            facts += order_facts(scope, f"{number}-{order}", at, micros, channel, currency)
        for index, platform in enumerate(("meta", "google", "tiktok")):
            facts.append(ad_day(scope, platform, day, (31 - 8 * index + (number * 3) % 11) * 1_000_000, currency))
    return at_once([*facts, *stock_facts(scope), *advice_facts(scope), alert(scope, "a1")])


def stock_facts(scope: TenantContext) -> list[FactRow]:
    """Two variants running out and one that is healthy."""
    rows = (
        ("v1", "White hanging heart T-light holder", 4, 3_100_000, "critical", 21_400_000),
        ("v2", "Regency cakestand, three tier", 0, 1_400_000, "out_of_stock", 9_250_000),
        ("v3", "Jumbo bag, red retrospot", 412, 5_000_000, "healthy", 0),
    )
    facts = [fact(scope, "stock_assessments", "stock", assessed_at=datetime.now(UTC), window_days=28, variants=3)]
    for variant_id, title, available, velocity, status, risk in rows:
        facts.append(
            fact(
                scope, "stock_statuses", "stock", part=variant_id, variant_id=variant_id, product_id="p",
                sku=variant_id, title=title, available=available, velocity_micros=velocity, days_in_stock=28,
                days_unknown=0, units_sold=80,
                days_of_cover_micros=available * 10**12 // velocity, status=status, continue_selling=False,
                spend_at_risk_micros=risk,
            )
        )  # fmt: skip
    return facts


def advice_facts(scope: TenantContext) -> list[FactRow]:
    """Two recommendations and a summary."""
    summary = "Revenue is up on the weeks before. Google earns most for each pound; two best-sellers are running out."
    rows = (
        ("r1", "pause_campaign", "high", "Pause meta-spring for the cakestand", "It sold out yesterday while "
         "9.25 GBP a day still buys visits to it.", "About 9.25 GBP a day not wasted", 31_000_000, -9_250_000),
        ("r2", "raise_spend", "medium", "Raise google-spring by a fifth", "It returned 3.4 for each 1 spent over "
         "14 days, above your target of 2.", "About 15 GBP more margin a day", 23_000_000, 4_600_000),
    )  # fmt: skip
    facts = [fact(scope, "advice", "advice", computed_at=datetime.now(UTC), summary=summary, recommendations=len(rows))]
    for position, (id, kind, priority, action, reason, impact, spend, change) in enumerate(rows, start=1):
        facts.append(
            fact(
                scope, "ai_insights", "advice", part=id, recommendation_id=id, position=position, type=kind,
                priority=priority, subject=id, action=action, reason=reason, expected_impact=impact,
                current_spend_micros=spend, recommended_change_micros=change, facts="[]",
            )
        )  # fmt: skip
    return facts


def alert(scope: TenantContext, alert_id: str, *, resolved_at: datetime | None = None, version: int = 1) -> FactRow:
    """A stock-out risk."""
    return fact(
        scope, "alerts", alert_id, version=version, alert_id=alert_id, type="stock_out_risk", severity="critical",
        subject="v1", channel=None, product="White hanging heart T-light holder",
        title="White hanging heart T-light holder sells out in 1.3 days",
        explanation="4 are left and 3.1 are sold a day; the next delivery takes 14 days.",
        recommended_action="Reorder now, or lower the ads that sell it.",
        opened_at=datetime.now(UTC) - timedelta(hours=3), resolved_at=resolved_at, facts="[]",
    )  # fmt: skip
