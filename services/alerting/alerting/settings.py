"""Settings of alerting."""

from __future__ import annotations

from pydantic import Field

from pulsepoint.runtime.settings import ServiceSettings


class Settings(ServiceSettings):
    """`PULSEPOINT_ROAS_SPEND_FLOOR`: spend of three days under which a drop is no alert, in units of the currency."""

    roas_spend_floor: int = Field(default=50, ge=0)
