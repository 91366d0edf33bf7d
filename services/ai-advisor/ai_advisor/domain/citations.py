"""The facts a recommendation rests on, as fact ids anyone can have computed again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ai_advisor.domain.performance import Brand, CampaignPerformance, Period
from pulsepoint.metrics import facts
from pulsepoint.tenancy import TenantContext


@dataclass(frozen=True, slots=True)
class Citations:
    """Whose facts, of which days, as they were known at `as_of`."""

    scope: TenantContext
    brand: Brand
    period: Period
    as_of: datetime

    def of_campaign(self, campaign: CampaignPerformance) -> tuple[str, ...]:
        """Fact ids of a campaign's ROAS, spend and credited revenue."""
        at = {
            "channel": campaign.platform,
            "account_id": campaign.account_id,
            "campaign_id": campaign.campaign_id,
        }
        return tuple(self._id(name, at) for name in ("roas", "spend", "ad_revenue"))

    def of_variant(self, variant_id: str) -> tuple[str, ...]:
        """Fact ids of a variant's days of cover, units available and velocity."""
        return tuple(
            self._id(name, {"variant_id": variant_id}) for name in ("days_of_cover", "available_units", "velocity")
        )

    def _id(self, metric: str, at: dict[str, str]) -> str:
        days = facts.Period(self.period.start_day, self.period.end_day, self.brand.timezone)
        settings = facts.Settings(self.brand.model, self.brand.cancelled_orders)
        return facts.fact_id(facts.Fact(metric, self.scope, days, settings, self.brand.currency, self.as_of, at))
