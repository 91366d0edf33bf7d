"""Settings of alerting."""

from __future__ import annotations

from pydantic import Field

from pulsepoint.runtime.settings import ServiceSettings


class Settings(ServiceSettings):
    """`PULSEPOINT_SLACK_ALLOW_PRIVATE` lets webhooks be plain http on private addresses (demo, tests).

    `PULSEPOINT_ROAS_SPEND_FLOOR`: spend of three days, in units of the shop's currency, under which a drop is no alert.
    """

    slack_allow_private: bool = False
    roas_spend_floor: int = Field(default=50, ge=0)
