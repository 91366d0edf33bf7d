"""Query parameters that several read endpoints share, and the basis of numbers they make together."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from gateway.domain.brands import Brand
from gateway.endpoints.access import BrandOf, PersonOf, PortsOf
from gateway.endpoints.timestamps import Day, Timestamp
from gateway.use_cases.measuring import Basis, Measuring
from pulsepoint.brand.vocabulary import AttributionModel, DateBasis

StartDate = Annotated[Day | None, Query(description="first day, in the brand's timezone, included")]
EndDate = Annotated[Day | None, Query(description="last day, in the brand's timezone, included")]
Model = Annotated[AttributionModel | None, Query(description="attribution model; the brand's own by default")]
AsOf = Annotated[Timestamp | None, Query(description="as it was known at this instant")]
OnDay = Annotated[
    DateBasis,
    Query(description="the day money counts on: its own (occurred), or that of its order (ordered)"),
]


def chosen_model(model: AttributionModel | None, brand: Brand) -> AttributionModel:
    """The requested model, else the brand's own."""
    return model or brand.settings.default_model


async def measuring_of_request(
    brand: BrandOf,
    person: PersonOf,
    ports: PortsOf,
    model: Model = None,
    date_basis: OnDay = DateBasis.OCCURRED,
    as_of: AsOf = None,
) -> Measuring:
    """Measures the brand in the path on the basis that is asked for."""
    basis = Basis(chosen_model(model, brand), date_basis, as_of)
    return await Measuring.open(ports.metrics, person.scope.brand(brand.brand_id), brand, basis)


async def standing_of_request(brand: BrandOf, person: PersonOf, ports: PortsOf, as_of: AsOf = None) -> Measuring:
    """Reads what stands for the brand in the path, now or as it stood at `as_of`."""
    basis = Basis(brand.settings.default_model, as_of=as_of)
    return await Measuring.open(ports.metrics, person.scope.brand(brand.brand_id), brand, basis)


MeasuringOf = Annotated[Measuring, Depends(measuring_of_request)]
StandingOf = Annotated[Measuring, Depends(standing_of_request)]
