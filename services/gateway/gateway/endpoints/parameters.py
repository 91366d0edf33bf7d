"""Query parameters that several read endpoints share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from gateway.domain.brands import Brand
from gateway.endpoints.timestamps import Day, Timestamp
from pulsepoint.brand.vocabulary import AttributionModel

StartDate = Annotated[Day | None, Query(description="first day, in the brand's timezone, included")]
EndDate = Annotated[Day | None, Query(description="last day, in the brand's timezone, included")]
Model = Annotated[AttributionModel | None, Query(description="attribution model; the brand's own by default")]
AsOf = Annotated[Timestamp | None, Query(description="as it was known at this instant")]


def chosen_model(model: AttributionModel | None, brand: Brand) -> AttributionModel:
    """The requested model, else the brand's own."""
    return model or brand.settings.default_model
