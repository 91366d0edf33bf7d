"""What an answer of commit a863429 reads like today: every difference that was made on purpose, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Answer = dict[str, Any]
ALERT_TYPES = {"stock_out_risk": "stockout_risk"}
SEVERITIES = {"warning": "high", "info": "low"}


def lifted(path: str, answer: Answer) -> Answer:
    """The body of an old answer to `path` in today's form."""
    lift = LIFTING.get(path.rsplit("/", 1)[-1])
    return answer if lift is None else lift(answer)


def _alerts(answer: Answer) -> Answer:
    """Types and severities have API.md's names."""
    return {"alerts": [_alert(alert) for alert in answer["alerts"]]}


def _alert(alert: Answer) -> Answer:
    type_, severity = alert["type"], alert["severity"]
    return alert | {"type": ALERT_TYPES.get(type_, type_), "severity": SEVERITIES.get(severity, severity)}


LIFTING: dict[str, Callable[[Answer], Answer]] = {"alerts": _alerts}
"""By the last part of a path."""
