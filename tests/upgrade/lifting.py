"""What an answer of commit a863429 reads like today: every difference that was made on purpose, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from gateway.use_cases.verification import ROW_CHECKS
from pulsepoint.metrics.catalog import METRICS as METRICS_OF_TODAY
from tests.upgrade.story import MISMATCHED

Answer = dict[str, Any]
ALERT_TYPES = {"stock_out_risk": "stockout_risk"}
SEVERITIES = {"warning": "high", "info": "low"}
METRICS = {"roas": "attributed_roas", "mer": "blended_roas", "platform_roas": "claimed_roas"}
"""A name means one thing: ROAS is of what the model credits, of all net revenue, or of what a platform claims."""
LABELS = {"ROAS": "Attributed ROAS", "Marketing efficiency (blended ROAS)": "Blended ROAS"}
LABELS |= {"Blended ROAS (MER)": "Blended ROAS", "ROAS claimed": "Claimed ROAS"}
FORMULAS = {
    "days_of_cover": "Σ units available ÷ Σ velocity, never below zero",
    "new_customers": METRICS_OF_TODAY["new_customers"].formula,
}
"""Days of cover have one formula: oversold stock covers none, and the last digit is rounded and no longer cut. New
customers go by what the shop says of them, which it said of none in the kept home."""
RATIOS = {"roas": "attributed_roas", "mer": "blended_roas", "blended_roas": "blended_roas", "cac": "cac"}
"""Ratios of sales and spend leave a day in quarantine out on both sides; those cited before open as they were."""
CHECK_TITLES = {"entry_credits": "Every sale, edit, refund and cancellation is credited once"}
NEW_CHECKS = {
    "counted_once": {
        "entry_dates": "Credits are booked when their sale, refund or cancellation was",
        "chosen_touches": "Credits go to the touch that each model chooses",
    },
    "heads": {"edit_days": "Every change of an order is of a day that was told"},
    "view_credits": {"view_order_changes": "Changes of orders shown are the newest"},
}
"""Checks of edits and of the touches credited, by the name of the check they stand before: an old order has
no violation of them."""
EXCLUDED_FIELDS = {"metric", "currency", "amount", "fact_id"}


def lifted(path: str, parameters: dict[str, str], answer: Answer) -> Answer:
    """The body of an old answer to `path` in today's form."""
    lift = LIFTING.get(path.rsplit("/", 1)[-1])
    return answer if lift is None else lift(parameters, answer)


def lifted_metric(metric: Answer) -> Answer:
    """A metric's definition in today's names, less where its rows come from, which is told by the kind of rows now."""
    said = {name: value for name, value in metric.items() if name not in ("sources", "dimensions")}
    names = {"name": METRICS.get(metric["name"], metric["name"]), "label": _label(metric["label"])}
    if metric["name"] in RATIOS:
        return said | names | {"formula": METRICS_OF_TODAY[RATIOS[metric["name"]]].formula}
    return said | names | {"formula": FORMULAS.get(metric["name"], metric["formula"])}


def _label(label: str) -> str:
    return LABELS.get(label, label)


def _fact(parameters: dict[str, str], fact: Answer) -> Answer:
    """The metric has today's name."""
    names = {"metric": METRICS.get(fact["metric"], fact["metric"]), "label": _label(fact["label"])}
    value = _covered(fact["value"]) if fact["metric"] == "days_of_cover" else fact["value"]
    return fact | names | {"value": value, "formula": FORMULAS.get(fact["metric"], fact["formula"])}


def _covered(days: float | None) -> float | None:
    return None if days is None else max(days, 0.0)


def _alerts(parameters: dict[str, str], answer: Answer) -> Answer:
    """Types and severities have API.md's names."""
    return {"alerts": [_alert(alert) for alert in answer["alerts"]]}


def _alert(alert: Answer) -> Answer:
    type_, severity = alert["type"], alert["severity"]
    return alert | {"type": ALERT_TYPES.get(type_, type_), "severity": SEVERITIES.get(severity, severity)}


def _dashboard(parameters: dict[str, str], answer: Answer) -> Answer:
    """Channels are an object by channel, the stock stands apart, and sentences are about the period asked for.

    Asked as of a moment, stock and advice are of that moment too: they were of now.
    """
    snapshot = _snapshot(answer["performance_snapshot"])
    if "as_of" in parameters:
        period = {name: value for name, value in answer["period"].items() if name not in ("first_day", "last_day")}
        return {"brand_id": answer["brand_id"], "period": period, "performance_snapshot": snapshot}
    return {
        "brand_id": answer["brand_id"],
        "period": answer["period"],
        "inventory": _inventory(answer["summary"]["inventory_insights"]),
        "recommendations": answer["recommendations"],
        "performance_snapshot": snapshot,
    }


def _inventory(inventory: Answer) -> Answer:
    """Days of cover by their one formula, from the units and the pace beside them."""
    rows = [
        row | {"days_of_cover": round(max(row["available"], 0) / row["units_per_day"], 6)}
        if row["units_per_day"]
        else row
        for row in inventory["running_out"]
    ]
    return inventory | {"running_out": rows}


def _snapshot(snapshot: Answer) -> Answer:
    """`by_day[].roas` was blended ROAS while `by_channel[].roas` was attributed ROAS."""
    channels = {
        channel["channel"]: _without_changed({"channel": channel["channel"]}, _channel(channel))
        for channel in snapshot["by_channel"]
    }
    days = [
        _without_changed({"day": day["day"]}, _renamed(day, {"roas": "blended_roas"})) for day in snapshot["by_day"]
    ]
    kept = {name: value for name, value in snapshot.items() if name != "notes"}
    return _without_changed({}, kept) | {"by_channel": channels, "by_day": days}


def _without_changed(at: Answer, numbers: Answer) -> Answer:
    """A group's numbers less the ratios of sales and spend that the day in quarantine is left out of."""
    days = at.get("day", str(MISMATCHED)) == str(MISMATCHED) and at.get("month", "2026-03") == "2026-03"
    if not days or at.get("channel", "google") != "google":
        return numbers
    return {name: value for name, value in numbers.items() if name not in (*RATIOS, *RATIOS.values())}


def _channel(channel: Answer) -> Answer:
    named = {name: value for name, value in channel.items() if name != "channel"}
    return _renamed(named, METRICS) | {"facts": _renamed(channel["facts"], METRICS)}


def _performance(parameters: dict[str, str], answer: Answer) -> Answer:
    """What is excluded names its group under `at`, as rows do."""
    excluded = [
        {name: value for name, value in amount.items() if name in EXCLUDED_FIELDS}
        | {"at": {name: value for name, value in amount.items() if name not in EXCLUDED_FIELDS}}
        for amount in answer["excluded"]
    ]
    rows = [row | {"numbers": _without_changed(row["at"], row["numbers"])} for row in answer["rows"]]
    # Notes also name days in quarantine and guesses; the spend beside acquisition cost is that of comparable days.
    changed = ("notes", "excluded") if "cac" in parameters.get("metrics", "") else ("notes",)
    lifted_answer = answer | {"excluded": excluded, "rows": [_numbers(row) for row in rows]}
    return {name: value for name, value in lifted_answer.items() if name not in changed}


def _verify(parameters: dict[str, str], answer: Answer) -> Answer:
    """Edits, the touches credited and each row's checksum are checked too."""
    clean = {"ok": True, "total": 0, "violations": []}
    checks = []
    for check in answer["checks"]:
        for name, title in NEW_CHECKS.get(check["name"], {}).items():
            settled = {"settled_seconds": check["settled_seconds"]}
            checks.append({"name": name, "title": title, "unit": "count", **clean, **settled})
        checks.append(check | {"title": CHECK_TITLES.get(check["name"], check["title"])})
    of_rows = [asdict(each) | clean | {"settled_seconds": 0} for each in ROW_CHECKS]
    return answer | {"checks": checks + of_rows}


def _numbers(row: Answer) -> Answer:
    cover = row["numbers"].get("days_of_cover")
    if cover is None:
        return row
    return row | {"numbers": row["numbers"] | {"days_of_cover": cover | {"value": _covered(cover["value"])}}}


def _renamed(values: Answer, names: dict[str, str]) -> Answer:
    return {names.get(name, name): value for name, value in values.items()}


LIFTING: dict[str, Callable[[dict[str, str], Answer], Answer]] = {
    "alerts": _alerts,
    "dashboard": _dashboard,
    "facts": _fact,
    "performance": _performance,
    "verify": _verify,
}
"""By the last part of a path."""
