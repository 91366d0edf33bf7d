"""Alerts, recommendations and summaries as they are stored and sent: kind, figures and names, never sentences.

`names` are untrusted texts (a campaign, a product, what a platform answered) and days in ISO form. Sentences stored
before 2026-12 stand in the optional fields and are read as they are (`pulsepoint.brand.sentences`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

import orjson
from pydantic import BaseModel, ConfigDict

from pulsepoint.brand.figures import Figure, citations_of
from pulsepoint.brand.vocabulary import AlertType, Cause, NoteKind, OmissionKind, Priority, RecommendationType, Severity

DAYS_LEFT_OUT = "days_left_out"
"""Names the days of a summary whose ad spend is in quarantine, ISO days with a space between; absent without any."""
FOREIGN_SPEND = "foreign_spend."
"""Begins the names of figures of ad spend in other currencies than the shop's; the currency code ends them."""

CURRENT_SPEND, RECOMMENDED_CHANGE = "current_spend", "recommended_change"
"""Figures of a recommendation that say its daily spend and the change of that."""


class Stated(BaseModel):
    """The part that alerts, recommendations and summaries share."""

    model_config = ConfigDict(frozen=True)
    cause: Cause | None = None
    figures: dict[str, Figure] = {}
    names: dict[str, str] = {}

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Self:
        """The statement of a warehouse row or a document: `figures` and `names` as JSON text, null in old rows.

        Columns it does not know are left out. Raises `ValidationError`.
        """
        values = {name: row[name] for name in cls.model_fields if row.get(name) is not None}
        for name in ("figures", "names"):
            if isinstance(values.get(name), str):
                values[name] = orjson.loads(values[name])
        return cls.model_validate(values)

    def columns(self) -> dict[str, object]:
        """`cause`, `figures` and `names` as a warehouse row holds them: JSON text with sorted keys."""
        stated = self.model_dump(mode="json", include={"cause", "figures", "names"})
        texts = {
            name: orjson.dumps(stated[name], option=orjson.OPT_SORT_KEYS).decode() for name in ("figures", "names")
        }
        return {"cause": stated["cause"], **texts}

    @property
    def citations(self) -> tuple[str, ...]:
        """The citations of its figures, each once."""
        return citations_of(self.figures)

    def citations_by_name(self, *names: str) -> dict[str, str]:
        """The citations of these figures, of those that have one."""
        cited = {name: self.figures[name].fact_id for name in names if name in self.figures}
        return {name: fact_id for name, fact_id in cited.items() if fact_id is not None}


class AlertFacts(Stated):
    """An alert: `subject` names what it is about, `channel` and `product` where it has one."""

    type: AlertType
    severity: Severity
    subject: str
    channel: str | None = None
    product: str | None = None
    title: str | None = None
    explanation: str | None = None
    recommended_action: str | None = None


class RecommendationFacts(Stated):
    """One thing to do; money in micros of the brand's currency, days both included."""

    recommendation_id: str
    type: RecommendationType
    priority: Priority
    subject: str
    channel: str | None = None
    start_day: date | None = None
    end_day: date | None = None
    current_spend_micros: int | None = None
    recommended_change_micros: int | None = None
    action: str | None = None
    reason: str | None = None
    expected_impact: str | None = None


class Note(Stated):
    """Something to know about numbers: their sentence is `note.<kind>` of the catalog of texts.

    Of `days_left_out` the names are `platform`, `account` and `days`, ISO days with a space between.
    """

    kind: NoteKind


@dataclass(frozen=True, slots=True, order=True)
class Omission:
    """The reason that rows of a file were left out, told by `left_out.<kind>` of the catalog of texts.

    `names` are the placeholders of that text: a column, and what stands there (untrusted).
    """

    kind: OmissionKind
    names: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, kind: OmissionKind, **names: str) -> Omission:
        """The reason with its names."""
        return cls(kind, tuple(sorted(names.items())))


class SummaryFacts(Stated):
    """A period in figures, days both included; `today_counts` where it ends today."""

    start_day: date | None = None
    end_day: date | None = None
    today_counts: bool = False
    summary: str | None = None
