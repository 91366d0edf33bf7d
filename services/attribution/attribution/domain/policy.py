"""The part of a brand's settings that decides its credits, and when it last changed."""

from __future__ import annotations

from dataclasses import dataclass, field

from pulsepoint.brand.settings import BrandChoices

CREDITED_BY = ("lookback_days", "cancelled_orders", "discount_codes")
"""The settings credits depend on: a change of one attributes all orders anew."""


@dataclass(frozen=True, slots=True)
class BrandPolicy:
    """A brand's settings as its credits depend on them; defaults until the brand is configured.

    `settings_version` numbers the settings (0: none arrived yet); `policy_version` is the version of the brand's
    document in which a setting of `CREDITED_BY` last changed (0: never).
    """

    settings: BrandChoices = field(default_factory=BrandChoices)
    settings_version: int = 0
    policy_version: int = 0

    def is_changed_by(self, settings: BrandChoices) -> bool:
        """True where credits come out differently under `settings`."""
        return any(getattr(settings, name) != getattr(self.settings, name) for name in CREDITED_BY)
