"""The citations of a brand's advice: fact ids that anyone can have computed again."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from ai_advisor.domain.performance import CampaignPerformance, Period
from pulsepoint.brand.vocabulary import StockState
from pulsepoint.metrics.citations import Cite


@dataclass(frozen=True, slots=True)
class Citations:
    """Citations for one brand and period; of money and orders in the shop's currency alone."""

    brand_id: UUID
    period: Period
    currency: str
    cite: Cite

    def of_campaign(self, metric: str, campaign: CampaignPerformance, period: Period | None = None) -> str | None:
        """The fact id of a campaign's metric in `period` (default: the advice's)."""
        days = period or self.period
        at = {
            "channel": campaign.platform,
            "account_id": campaign.account_id,
            "campaign_id": campaign.campaign_id,
            "currency": self.currency,
        }
        return self.cite(metric, at, days.start_day, days.end_day)

    def of_variant(self, metric: str, variant_id: str) -> str | None:
        """The fact id of a metric of a variant's stock."""
        return self.cite(metric, {"variant_id": variant_id}, self.period.start_day, self.period.end_day)

    def of_state(self, state: StockState) -> str | None:
        """The fact id of how many variants are in a state."""
        return self.cite("variants", {"status": state.value}, self.period.start_day, self.period.end_day)

    def of_shop(self, metric: str, period: Period | None = None) -> str | None:
        """The fact id of a metric of the whole shop in `period` (default: the advice's)."""
        days = period or self.period
        return self.cite(metric, {"currency": self.currency}, days.start_day, days.end_day)
