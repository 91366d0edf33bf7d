"""Computes the advice that stands whenever stock was assessed."""

from __future__ import annotations

from hashlib import sha256

import orjson

from ai_advisor.domain.advice import Rules, advise
from ai_advisor.domain.citations import Citations
from ai_advisor.domain.performance import Performance
from ai_advisor.domain.summary import summarise
from ai_advisor.measuring import measure_performance
from pulsepoint.brand.vocabulary import Priority
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.events.envelope import Event
from pulsepoint.events.insights import SUMMARY, AdviceComputed, Recommendation
from pulsepoint.events.inventory import StockAssessed
from pulsepoint.metrics.basis import Period
from pulsepoint.metrics.stock_citations import StockCitations
from pulsepoint.ports.document_store import FactRow, Write
from pulsepoint.runtime.brand_projection import KeptBrand, brand_of, keep_brand
from pulsepoint.runtime.outcome import NOTHING, EffectDefinition, Outcome, Reader
from pulsepoint.runtime.routes import Routes, on

ADVICE = "advice"


def handlers(rules: Rules) -> Routes:
    """The function for each event type."""

    async def compute_advice(reader: Reader, event: Event[StockAssessed]) -> Outcome:
        existing = await reader.get("advice", ADVICE)
        if existing is not None and existing.data["stock_version"] >= event.version:
            return NOTHING
        payload = await _advice(reader, event.payload, rules)
        version = (existing.version if existing else 0) + 1
        digest = _digest(payload)
        unchanged = existing is not None and existing.data["digest"] == digest
        return Outcome(
            facts=() if unchanged else _facts(reader, payload, version, digest),
            writes=(Write("advice", ADVICE, {"stock_version": event.version, "digest": digest}),),
            events=(reader.event(payload, entity=ADVICE, version=version, time=payload.computed_at),),
        )

    return Routes(on(StockAssessed, compute_advice), on(BrandConfigured, keep_brand))


async def _advice(reader: Reader, stock: StockAssessed, rules: Rules) -> AdviceComputed:
    kept = await brand_of(reader)
    brand = kept.settings
    performance = await measure_performance(reader, kept, stock.assessed_at)
    citations = await _citations(reader, kept, performance, stock)
    advice = advise(citations, brand, performance, stock.statuses, rules)
    summary = summarise(citations, brand.currency, performance, stock.counts, advice.too_little_data)
    return AdviceComputed(**summary.model_dump(), computed_at=stock.assessed_at, recommendations=advice.recommendations)


async def _citations(reader: Reader, kept: KeptBrand, performance: Performance, stock: StockAssessed) -> Citations:
    currency, days = kept.settings.currency, performance.period
    cite, cite_stock = [
        await reader.citing(settings=kept.metric_settings, currency=currency, as_of=as_of)
        for as_of in (performance.as_of, stock.rows_as_of)
    ]
    assessed = StockCitations(cite_stock, Period(days.start_day, days.end_day), written=stock.rows_as_of is not None)
    return Citations(reader.scope.brand_id, days, currency, cite, assessed, stock.window_days)


def _digest(payload: AdviceComputed) -> str:
    # Citations pin the moment they were computed at: the same figures a tick later are no new advice.
    content = payload.model_dump(
        mode="json",
        exclude={
            "computed_at": True,
            "figures": {"__all__": {"fact_id"}},
            "recommendations": {"__all__": {"facts": True, "figures": {"__all__": {"fact_id"}}}},
        },
    )
    return sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _facts(reader: Reader, payload: AdviceComputed, version: int, digest: str) -> list[FactRow]:
    head = {
        **payload.columns(),
        "computed_at": payload.computed_at,
        "start_day": payload.start_day,
        "end_day": payload.end_day,
        "today_counts": payload.today_counts,
        "summary": payload.summary,
        "recommendations": len(payload.recommendations),
    }
    del head["cause"]
    rows = [
        reader.fact("advice", ADVICE, version, head, digest=digest),
        reader.fact("ai_insights", ADVICE, version, _summary(reader, payload), part=SUMMARY, digest=digest),
    ]
    for position, recommendation in enumerate(payload.recommendations, start=1):
        columns = _columns(recommendation, position)
        part = recommendation.recommendation_id
        rows.append(reader.fact("ai_insights", ADVICE, version, columns, part=part, digest=digest))
    return rows


def _summary(reader: Reader, payload: AdviceComputed) -> dict[str, object]:
    """The summary as an insight beside the recommendations: whoever reads `ai_insights` alone has it."""
    return {
        **payload.columns(),
        "recommendation_id": SUMMARY,
        "position": 0,
        "type": SUMMARY,
        "priority": Priority.LOW,
        "subject": str(reader.scope.brand_id),
        "start_day": payload.start_day,
        "end_day": payload.end_day,
        "facts": orjson.dumps(payload.citations).decode(),
    }


def _columns(recommendation: Recommendation, position: int) -> dict[str, object]:
    return {
        **recommendation.model_dump(exclude={"facts", "figures", "names", "cause"}),
        **recommendation.columns(),
        "position": position,
        "facts": orjson.dumps(recommendation.facts).decode(),
    }


HANDLERS = handlers(Rules())
EFFECTS: dict[str, EffectDefinition] = {}
