"""The citations of a brand's advice: fact ids that anyone can have computed again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ai_advisor.domain.performance import CampaignPerformance, Period
from pulsepoint.metrics.citations import Cite
from pulsepoint.metrics.stock_citations import StockCitations


@dataclass(frozen=True, slots=True)
class Citations:
    """Citations for one brand and period; of money and orders in the shop's currency alone.

    `cite` pins the instant at which the performance was measured, `stock` that of the assessment, which looked at
    `stock_days` days.
    """

    brand_id: UUID
    period: Period
    currency: str
    cite: Cite
    stock: StockCitations
    stock_days: int

    def of_campaign(
        self, name: str, campaign: CampaignPerformance, period: Period | None = None, given: Sequence[int] = ()
    ) -> str | None:
        """The fact id of a campaign's metric or derived number in `period` (default: the advice's)."""
        days = period or self.period
        at = {
            "channel": campaign.platform,
            "account_id": campaign.account_id,
            "campaign_id": campaign.campaign_id,
            "currency": self.currency,
        }
        return self.cite(name, at, days.start_day, days.end_day, given)

    def of_gone_stock(self, name: str, campaign: CampaignPerformance, value: int) -> str | None:
        """The fact id of a number of a campaign's variants that are gone or nearly."""
        days, given = self.period.recent, (value, self.stock_days)
        at = {
            "channel": campaign.platform,
            "account_id": campaign.account_id,
            "campaign_id": campaign.campaign_id,
        }
        return self.cite(name, at, days.start_day, days.end_day, given)

    def of_shop(self, name: str, period: Period | None = None, given: Sequence[int] = ()) -> str | None:
        """The fact id of the whole shop's metric or derived number in `period` (default: the advice's)."""
        days = period or self.period
        return self.cite(name, {"currency": self.currency}, days.start_day, days.end_day, given)

    def of_given(self, name: str, value: int) -> str | None:
        """The fact id of a number that no rows define: a setting, a rule's, or counted by the rules."""
        return self.cite(name, {}, self.period.start_day, self.period.end_day, (value,))
