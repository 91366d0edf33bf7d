"""Sentences made at the edge, from facts and the catalog of texts: API, Slack and page tell one thing in one way.

Pure: the same facts and language give the same sentences. Facts stored before 2026-12 hold sentences of their own,
which are told as they are.
"""

from pulsepoint.brand.sentences.alerts import AlertText, alert_text, resolved_text
from pulsepoint.brand.sentences.failures import pull_failure_text
from pulsepoint.brand.sentences.notes import note_text, omission_text
from pulsepoint.brand.sentences.periods import channel_text, inventory_text
from pulsepoint.brand.sentences.quarantine import quarantine_text
from pulsepoint.brand.sentences.recommendations import RecommendationText, recommendation_text
from pulsepoint.brand.sentences.summaries import summary_text

__all__ = [
    "AlertText",
    "RecommendationText",
    "alert_text",
    "channel_text",
    "inventory_text",
    "note_text",
    "omission_text",
    "pull_failure_text",
    "quarantine_text",
    "recommendation_text",
    "resolved_text",
    "summary_text",
]
