"""The part of a brand's settings that decides its credits, and when it last changed."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, ConfigDict

from attribution.domain.models import DEFAULT_LOOKBACK_DAYS, ModelSettings
from pulsepoint.events.brands import BrandConfigured


class Policy(BaseModel):
    """The settings that credits depend on; the defaults hold until the brand is configured."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    lookback_days: int = DEFAULT_LOOKBACK_DAYS
    cancelled_orders: str = "return"

    @property
    def model_settings(self) -> ModelSettings:
        """The part of the policy that models read."""
        return ModelSettings(lookback=timedelta(days=self.lookback_days))


class BrandState(BaseModel):
    """The document `brands/{brand_id}`: the settings of the highest (version, digest).

    `policy_version` is the version of this document in which the policy last changed (0: never).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    version: int = -1
    digest: str = ""
    settings: BrandConfigured | None = None
    policy_version: int = 0

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        if self.settings is None:
            return Policy()
        return Policy(lookback_days=self.settings.lookback_days, cancelled_orders=self.settings.cancelled_orders)

    def with_settings(
        self, settings: BrandConfigured, version: int, digest: str, *, document_version: int
    ) -> BrandState:
        """After a settings snapshot, stored as `document_version`; itself where its own rank is as high."""
        if (version, digest) <= (self.version, self.digest):
            return self
        news = BrandState(version=version, digest=digest, settings=settings, policy_version=self.policy_version)
        if news.policy == self.policy:
            return news
        return news.model_copy(update={"policy_version": document_version})
