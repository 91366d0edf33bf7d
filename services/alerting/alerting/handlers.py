"""One handler per event: keep what evaluations need, evaluate conditions, post what opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from alerting.domain import roas, stock, syncs
from alerting.domain.brand import Brand
from alerting.domain.open_alerts import OpenAlert, key_of
from alerting.evaluation import POST, Evaluation, evaluate, read_open_alerts
from alerting.ports import Notice
from pulsepoint.errors import RetryableError, VendorRefused
from pulsepoint.events.ads import AdDayQuarantined, AdsSynced, AdsSyncFailed
from pulsepoint.events.alerts import NotificationSent
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.events.envelope import Event
from pulsepoint.events.insights import AdviceComputed, Recommendation
from pulsepoint.events.inventory import StockAssessed
from pulsepoint.ports.document_store import StoredEffect, Write
from pulsepoint.runtime.outcome import NOTHING, EffectDefinition, Outcome, Reader
from pulsepoint.runtime.routes import Handler, Routes, on
from pulsepoint.telemetry import current_trace_id

STOCK = "stock"
ADVICE = "advice"


async def keep_brand(reader: Reader, event: Event[BrandConfigured]) -> Outcome:
    """Keep a brand's newest settings; what was wrong with an ad account it no longer has is over."""
    identity = str(event.scope.brand_id)
    existing = await reader.get("brands", identity)
    if existing is not None and existing.data["version"] >= event.version:
        return NOTHING
    data = {**event.payload.model_dump(mode="json"), "version": event.version}
    write = Write("brands", identity, data)
    gone = (syncs.accounts_of(existing.data) if existing is not None else set()) - syncs.accounts_of(data)
    if not gone:
        return Outcome(writes=(write,))
    brand, open_alerts = Brand.of(data), await read_open_alerts(reader)
    over = frozenset(key for key in open_alerts for account in gone if syncs.is_about(key, account))
    return await evaluate(
        reader, brand, open_alerts, Evaluation((), over, over), at=reader.now() + brand.clock_offset, writes=(write,)
    )


async def keep_stock(reader: Reader, event: Event[StockAssessed]) -> Outcome:
    """Keep of an assessment what the evaluation on its advice needs; where the advice came first, evaluate now."""
    existing, last_evaluation = await reader.get_many([("stock", STOCK), ("evaluations", ADVICE)])
    if existing is not None and existing.data["version"] >= event.version:
        return NOTHING
    brand = await _brand(reader)
    at = event.payload.assessed_at
    view = stock.view_of(event.payload, brand.lead_time_days)
    write = Write("stock", STOCK, {**view.as_document(), "version": event.version})
    if last_evaluation is None or datetime.fromisoformat(last_evaluation.data["computed_at"]) < at:
        return Outcome(writes=(write,))
    open_alerts = await read_open_alerts(reader)
    write_evaluation = Write("evaluations", ADVICE, {**last_evaluation.data, "stock_version": event.version})
    return await evaluate(
        reader,
        brand,
        open_alerts,
        _evaluate_stock(brand, open_alerts, view, ()),
        at=at,
        writes=(write, write_evaluation),
    )


def on_advice(rules: roas.Rules) -> Handler[AdviceComputed]:
    """The handler that evaluates stock and ROAS once a tick."""

    async def evaluate_tick(reader: Reader, event: Event[AdviceComputed]) -> Outcome:
        kept, last = await reader.get_many([("stock", STOCK), ("evaluations", ADVICE)])
        if last is not None and last.data["version"] >= event.version:
            return NOTHING
        brand = await _brand(reader)
        open_alerts = await read_open_alerts(reader)
        advice = event.payload
        seen = last.data["stock_version"] if last else 0
        evaluations = [await _evaluate_roas(reader, brand, open_alerts, advice.computed_at, rules)]
        stock_version = kept.data["version"] if kept else 0
        if kept is not None and stock_version > seen:
            # One assessment counts once: a second look at it is no second time that a condition did not hold.
            evaluations.append(
                _evaluate_stock(brand, open_alerts, stock.StockView.of(kept.data), advice.recommendations)
            )
        done = {
            "version": event.version,
            "computed_at": advice.computed_at.isoformat(),
            "stock_version": max(seen, stock_version),
        }
        write = Write("evaluations", ADVICE, done)
        return await evaluate(reader, brand, open_alerts, _merged(evaluations), at=advice.computed_at, writes=(write,))

    return evaluate_tick


async def on_sync_failed(reader: Reader, event: Event[AdsSyncFailed]) -> Outcome:
    """Open an alert for an account that cannot be pulled, unless it was pulled since."""
    account = syncs.account_of(event.payload.platform, event.payload.account_id)
    synced = await reader.get("syncs", account)
    finding = syncs.failure(event.payload)
    if finding is None or (synced and datetime.fromisoformat(synced.data["synced_at"]) >= event.payload.failed_at):
        return NOTHING
    brand = await _brand(reader)
    evaluation = Evaluation((finding,), frozenset({finding.key}))
    return await evaluate(
        reader, brand, await read_open_alerts(reader), evaluation, at=reader.now() + brand.clock_offset
    )


async def on_synced(reader: Reader, event: Event[AdsSynced]) -> Outcome:
    """Resolve what a good pull ends: the account's failure, and days that add up again."""
    payload = event.payload
    account = syncs.account_of(payload.platform, payload.account_id)
    existing = await reader.get("syncs", account)
    if existing is not None and datetime.fromisoformat(existing.data["synced_at"]) >= payload.synced_at:
        return NOTHING
    brand = await _brand(reader)
    open_alerts = await read_open_alerts(reader)
    quarantined = await _quarantined_days(reader, payload.platform, payload.account_id)
    prefix = syncs.day_key(payload.platform, payload.account_id, "")
    over = {key for key in open_alerts if key.startswith(prefix)} - quarantined
    over.add(syncs.account_key(payload.platform, payload.account_id))
    write = Write("syncs", account, {"synced_at": payload.synced_at.isoformat()})
    evaluation = Evaluation((), frozenset(over), frozenset(over))
    return await evaluate(reader, brand, open_alerts, evaluation, at=reader.now() + brand.clock_offset, writes=(write,))


async def on_quarantined(reader: Reader, event: Event[AdDayQuarantined]) -> Outcome:
    """Open an alert for a day that does not add up, unless a later pull already lifted it."""
    finding = syncs.quarantined(event.payload)
    if finding.key not in await _quarantined_days(reader, event.payload.platform, event.payload.account_id):
        return NOTHING
    brand = await _brand(reader)
    evaluation = Evaluation((finding,), frozenset({finding.key}))
    return await evaluate(
        reader, brand, await read_open_alerts(reader), evaluation, at=reader.now() + brand.clock_offset
    )


async def post_to_slack(ports: Any, effect: StoredEffect) -> dict[str, str]:
    """Post one alert to the brand's webhook; the message names the trace this runs in."""
    data = effect.data
    secret = await ports.secrets.get(effect.scope, data["secret"])
    if secret is None:
        raise VendorRefused("the brand's Slack webhook URL is not known: connect Slack again")
    trace_id = current_trace_id() or (effect.causes[-1][3:35] if effect.causes else "")
    notice = Notice(
        severity=data["severity"],
        title=data["title"],
        explanation=data["explanation"],
        recommended_action=data["recommended_action"],
        link=f"{ports.public_url}/#/brands/{effect.scope.brand_id}/alerts/{data['alert_id']}",
        trace_id=trace_id,
    )
    await ports.messenger.post(secret.decode().strip(), notice)
    return {"trace_id": trace_id, "sent_at": ports.clock.now().isoformat()}


async def record_post(reader: Reader, effect: StoredEffect, result: Any) -> Outcome:
    """Write down that an alert reached people."""
    alert_id = effect.data["alert_id"]
    existing = await reader.get("notifications", alert_id)
    version = (existing.version if existing else 0) + 1
    sent_at = datetime.fromisoformat(result["sent_at"]).astimezone(UTC)
    payload = NotificationSent(alert_id=alert_id, target="slack", trace_id=result["trace_id"], sent_at=sent_at)
    return Outcome(
        facts=(reader.fact("notifications", alert_id, version, payload.model_dump()),),
        writes=(Write("notifications", alert_id, payload.model_dump(mode="json")),),
        events=(reader.event(payload, entity=alert_id, version=version, time=sent_at),),
    )


async def _brand(reader: Reader) -> Brand:
    kept = await reader.get("brands", str(reader.scope.brand_id))
    if kept is None:
        # Events of different topics overtake each other; the settings are on their way.
        raise RetryableError("the settings of this brand have not arrived yet")
    return Brand.of(kept.data)


async def _quarantined_days(reader: Reader, platform: str, account_id: str) -> set[str]:
    rows = await reader.query("alerting_quarantined_days", platform=platform, account_id=account_id)
    return {syncs.day_key(platform, account_id, row["day"]) for row in rows}


async def _evaluate_roas(
    reader: Reader, brand: Brand, open_alerts: Mapping[str, OpenAlert], at: datetime, rules: roas.Rules
) -> Evaluation:
    first, last = roas.days_of(at, brand.timezone)
    rows = await reader.query(
        "alerting_channel_days",
        model=brand.model,
        currency=brand.currency,
        timezone=brand.timezone,
        start_day=first,
        end_day=last,
    )
    comparisons = roas.compare(map(_channel_day, rows), last)
    clear = {
        key_of("roas_drop", roas.subject_of(comparison.channel))
        for comparison in comparisons
        if comparison.is_clear(rules)
    }
    return Evaluation(
        roas.findings(comparisons, brand.currency, rules), _of_type(open_alerts, "roas_drop"), frozenset(clear)
    )


def _evaluate_stock(
    brand: Brand, open_alerts: Mapping[str, OpenAlert], view: stock.StockView, advice: Sequence[Recommendation]
) -> Evaluation:
    keys = _of_type(open_alerts, "stock_out_risk")
    return Evaluation(stock.findings(view, brand.currency, advice), keys, frozenset(stock.clear_keys(view, keys)))


def _merged(evaluations: Iterable[Evaluation]) -> Evaluation:
    merged = list(evaluations)
    return Evaluation(
        [finding for evaluation in merged for finding in evaluation.findings],
        frozenset().union(*(evaluation.keys for evaluation in merged)),
        frozenset().union(*(evaluation.clear for evaluation in merged)),
    )


def _of_type(open_alerts: Iterable[str], kind: str) -> frozenset[str]:
    return frozenset(key for key in open_alerts if key.startswith(f"{kind}|"))


def _channel_day(row: Mapping[str, Any]) -> roas.ChannelDay:
    return roas.ChannelDay(
        channel=row["channel"],
        day=row["day"],
        spend_micros=int(row["spend_micros"]),
        revenue_micros=int(row["revenue_micros"]),
        orders=int(row["orders"]),
    )


def handlers(rules: roas.Rules) -> Routes:
    """The function for each event type."""
    return Routes(
        on(BrandConfigured, keep_brand),
        on(StockAssessed, keep_stock),
        on(AdviceComputed, on_advice(rules)),
        on(AdsSyncFailed, on_sync_failed),
        on(AdsSynced, on_synced),
        on(AdDayQuarantined, on_quarantined),
    )


HANDLERS = handlers(roas.Rules())
EFFECTS: dict[str, EffectDefinition] = {POST: EffectDefinition(on_success=record_post, run=post_to_slack)}
