"""`GET /api/brands/{brand_id}/faults`: what keeps this brand's figures from being whole or new."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from gateway.endpoints.access import BrandOf, RuntimeOf
from gateway.endpoints.language import TextsOf
from gateway.endpoints.problems import PROBLEMS
from pulsepoint.runtime.health import FaultView, fault_views

router = APIRouter(prefix="/api/brands/{brand_id}", tags=["operation"], responses=PROBLEMS)


class FaultsView(BaseModel):
    """The engines' faults and the brand's own effects that fail, the oldest first."""

    faults: list[FaultView]


@router.get("/faults")
async def read_faults(brand: BrandOf, runtime: RuntimeOf, words: TextsOf) -> FaultsView:
    """The faults of this process; `/readyz` tells those of engines to anybody, also when nobody can log in."""
    here = [
        fault for fault in runtime.faults.current() if fault.scope is None or fault.scope.brand_id == brand.brand_id
    ]
    return FaultsView(faults=fault_views(here, words))
