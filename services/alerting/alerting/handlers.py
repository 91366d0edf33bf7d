"""One handler per event: keep what evaluations need, evaluate conditions, post what opened."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from alerting.conditions import Rules, evaluate_days, evaluate_stock
from alerting.domain import stock, syncs
from alerting.evaluation import POST, QUIET_ENDS, Evaluation, evaluate, read_open_alerts
from alerting.ports import Notice, PostPorts
from pulsepoint.brand.facts import AlertFacts
from pulsepoint.brand.failures import PostFailure
from pulsepoint.brand.figures import Figure
from pulsepoint.brand.sentences import alert_text
from pulsepoint.brand.settings import BrandSettings
from pulsepoint.brand.texts import texts
from pulsepoint.brand.vocabulary import RecommendationType
from pulsepoint.brand.wording import DEFAULT_LOCALE
from pulsepoint.errors import VendorRefused
from pulsepoint.events.ads import AdDayQuarantined, AdsSynced, AdsSyncFailed
from pulsepoint.events.alerts import NotificationSent
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.events.envelope import Event
from pulsepoint.events.insights import AdviceComputed
from pulsepoint.events.inventory import StockAssessed
from pulsepoint.metrics.citations import Cite
from pulsepoint.ports.document_store import StoredEffect, Write
from pulsepoint.runtime.brand_projection import BRANDS, brand_of, brand_write, is_stale, kept_brand
from pulsepoint.runtime.outcome import NOTHING, EffectDefinition, Outcome, Reader
from pulsepoint.runtime.routes import Handler, Routes, on
from pulsepoint.telemetry import current_trace_id
from pulsepoint.values import JsonObject

STOCK = ("stock", "stock")
ADVICE = ("evaluations", "advice")
"""The last evaluated advice: its version, when it was computed, the assessment it saw, and the reorders it advised."""


async def keep_brand(reader: Reader, event: Event[BrandConfigured]) -> Outcome:
    """Keep a brand's newest settings; what was wrong with an ad account it no longer has is over."""
    existing = await reader.get(BRANDS, str(event.scope.brand_id))
    if is_stale(existing, event):
        return NOTHING
    brand: BrandSettings = event.payload
    before = syncs.subjects_of(kept_brand(existing).settings.ad_accounts) if existing is not None else set()
    gone = before - syncs.subjects_of(brand.ad_accounts)
    write = brand_write(reader, event)
    if not gone:
        return Outcome(writes=(write,))
    open_alerts = await read_open_alerts(reader)
    over = frozenset(key for key in open_alerts for account in gone if syncs.is_about(key, account))
    at = brand.business_time(reader.now())
    return await evaluate(reader, brand, open_alerts, Evaluation((), over, over), at=at, writes=(write,))


async def keep_stock(reader: Reader, event: Event[StockAssessed]) -> Outcome:
    """Keep of an assessment what the evaluation on its advice needs; where the advice came first, evaluate now."""
    existing, last = await reader.get_many([STOCK, ADVICE])
    if existing is not None and existing.data["version"] >= event.version:
        return NOTHING
    kept = await brand_of(reader)
    at = event.payload.assessed_at
    view = stock.view_of(event.payload, kept.settings.lead_time_days)
    write = Write(*STOCK, {**view.as_document(), "version": event.version})
    if last is None or datetime.fromisoformat(last.data["computed_at"]) < at:
        return Outcome(writes=(write,))
    open_alerts = await read_open_alerts(reader)
    seen = Write(*ADVICE, {**last.data, "stock_version": event.version})
    evaluation = await evaluate_stock(reader, kept, open_alerts, view, _reorders(last.data), at)
    return await evaluate(reader, kept.settings, open_alerts, evaluation, at=at, writes=(write, seen))


def on_advice(rules: Rules) -> Handler[AdviceComputed]:
    """The handler that evaluates ROAS, tracking and stock once a tick."""

    async def evaluate_tick(reader: Reader, event: Event[AdviceComputed]) -> Outcome:
        stored, last = await reader.get_many([STOCK, ADVICE])
        if last is not None and last.data["version"] >= event.version:
            return NOTHING
        kept = await brand_of(reader)
        open_alerts = await read_open_alerts(reader)
        at = event.payload.computed_at
        seen = last.data["stock_version"] if last else 0
        done = _done(event, max(seen, stored.data["version"] if stored else 0))
        evaluations = [await evaluate_days(reader, kept, open_alerts, at, rules)]
        if stored is not None and stored.data["version"] > seen:
            # One assessment counts once: a second look at it is no second time that a condition did not hold.
            view = stock.StockView.of(stored.data)
            evaluations.append(await evaluate_stock(reader, kept, open_alerts, view, _reorders(done), at))
        writes = (Write(*ADVICE, done),)
        return await evaluate(reader, kept.settings, open_alerts, _merged(evaluations), at=at, writes=writes)

    return evaluate_tick


async def on_sync_failed(reader: Reader, event: Event[AdsSyncFailed]) -> Outcome:
    """Open an alert for an account that cannot be pulled, unless it was pulled since."""
    account = syncs.account_of(event.payload.platform, event.payload.account_id)
    synced = await reader.get("syncs", account)
    finding = syncs.failure(event.payload, await _citing(reader))
    if finding is None or (synced and datetime.fromisoformat(synced.data["synced_at"]) >= event.payload.failed_at):
        return NOTHING
    return await _evaluate_now(reader, Evaluation((finding,), frozenset({finding.key})))


async def on_synced(reader: Reader, event: Event[AdsSynced]) -> Outcome:
    """Resolve what a good pull ends: the account's failure, and days that add up again."""
    payload = event.payload
    account = syncs.account_of(payload.platform, payload.account_id)
    existing = await reader.get("syncs", account)
    if existing is not None and datetime.fromisoformat(existing.data["synced_at"]) >= payload.synced_at:
        return NOTHING
    open_alerts = await read_open_alerts(reader)
    quarantined = await _quarantined_days(reader, payload.platform, payload.account_id)
    prefix = syncs.day_key(payload.platform, payload.account_id, "")
    over = {key for key in open_alerts if key.startswith(prefix)} - quarantined
    over.add(syncs.account_key(payload.platform, payload.account_id))
    write = Write("syncs", account, {"synced_at": payload.synced_at.isoformat()})
    return await _evaluate_now(reader, Evaluation((), frozenset(over), frozenset(over)), writes=(write,))


async def on_quarantined(reader: Reader, event: Event[AdDayQuarantined]) -> Outcome:
    """Open an alert for a day that does not add up, unless a later pull already lifted it."""
    finding = syncs.quarantined(event.payload, await _citing(reader))
    if finding.key not in await _quarantined_days(reader, event.payload.platform, event.payload.account_id):
        return NOTHING
    return await _evaluate_now(reader, Evaluation((finding,), frozenset({finding.key})))


async def post_to_slack(ports: PostPorts, effect: StoredEffect) -> dict[str, str]:
    """Post one alert to the brand's webhook; the message names the trace this runs in."""
    data = effect.data
    secret = await ports.secrets.get(effect.scope, data["secret"])
    if secret is None:
        missing = "the brand's Slack webhook URL is not known: connect Slack again"
        raise VendorRefused(missing, reason=PostFailure.NO_WEBHOOK)
    trace_id = current_trace_id() or (effect.causes[-1][3:35] if effect.causes else "")
    alert, locale = AlertFacts.of_row(data), data.get("locale", DEFAULT_LOCALE)
    text = alert_text(alert, texts(locale))
    notice = Notice(
        severity=alert.severity,
        title=text.title,
        explanation=text.explanation,
        recommended_action=text.recommended_action,
        link=f"{ports.public_url}/#/brands/{effect.scope.brand_id}/alerts/{data['alert_id']}",
        trace_id=trace_id,
        locale=locale,
    )
    await ports.messenger.post(secret.decode().strip(), notice)
    return {"trace_id": trace_id, "sent_at": ports.clock.now().isoformat()}


async def record_post(reader: Reader, effect: StoredEffect, result: dict[str, str]) -> Outcome:
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


def names_of_post(effect: StoredEffect, error: Exception) -> dict[str, str]:
    """The names that people are told a post's failure with."""
    return PostFailure.names_of(error)


async def send_what_waited(reader: Reader, effect: StoredEffect, result: object) -> Outcome:
    """Post what opened in quiet time and is still open, now that it is over."""
    return await _evaluate_now(reader, Evaluation())


async def _citing(reader: Reader) -> Cite:
    """Makes fact ids of what an ad account says, whose money is in no currency that was told."""
    return await reader.citing(settings=(await brand_of(reader)).metric_settings)


async def _evaluate_now(reader: Reader, evaluation: Evaluation, *, writes: Iterable[Write] = ()) -> Outcome:
    brand = (await brand_of(reader)).settings
    open_alerts = await read_open_alerts(reader)
    at = brand.business_time(reader.now())
    return await evaluate(reader, brand, open_alerts, evaluation, at=at, writes=writes)


async def _quarantined_days(reader: Reader, platform: str, account_id: str) -> set[str]:
    rows = await reader.query("alerting_quarantined_days", platform=platform, account_id=account_id)
    return {syncs.day_key(platform, account_id, row["day"]) for row in rows}


def _done(event: Event[AdviceComputed], stock_version: int) -> JsonObject:
    advice = event.payload
    reorders = {
        item.subject: item.figures["reorder_units"].model_dump(mode="json")
        for item in advice.recommendations
        if item.type is RecommendationType.REORDER and "reorder_units" in item.figures
    }
    return {
        "version": event.version,
        "computed_at": advice.computed_at.isoformat(),
        "stock_version": stock_version,
        "reorders": reorders,
    }


def _reorders(done: JsonObject) -> dict[str, Figure]:
    """The units advised to order, by variant id; none in documents stored before 2026-12."""
    prefix = stock.subject_of("")
    return {
        subject.removeprefix(prefix): Figure.model_validate(figure)
        for subject, figure in done.get("reorders", {}).items()
    }


def _merged(evaluations: Iterable[Evaluation]) -> Evaluation:
    merged = list(evaluations)
    return Evaluation(
        [finding for evaluation in merged for finding in evaluation.findings],
        frozenset().union(*(evaluation.keys for evaluation in merged)),
        frozenset().union(*(evaluation.clear for evaluation in merged)),
    )


def handlers(rules: Rules) -> Routes:
    """The function for each event type."""
    return Routes(
        on(BrandConfigured, keep_brand),
        on(StockAssessed, keep_stock),
        on(AdviceComputed, on_advice(rules)),
        on(AdsSyncFailed, on_sync_failed),
        on(AdsSynced, on_synced),
        on(AdDayQuarantined, on_quarantined),
    )


HANDLERS = handlers(Rules())
EFFECTS: dict[str, EffectDefinition] = {
    POST: EffectDefinition(on_success=record_post, run=post_to_slack, names_of_failure=names_of_post),
    QUIET_ENDS: EffectDefinition(on_success=send_what_waited),
}
