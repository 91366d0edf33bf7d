"""`/api/brands`: making brands and configuring them."""

from __future__ import annotations

from fastapi import APIRouter

from gateway.endpoints.access import BrandOf, ConfigurerOf, MakerOf, PersonOf, PortsOf, RuntimeOf, SettingsOf
from gateway.endpoints.brand_settings import (
    Brands,
    BrandView,
    Changes,
    NewBrand,
    SettingsSchema,
    SettingsView,
    settings_schema,
)
from gateway.endpoints.problems import PROBLEMS
from gateway.use_cases.brands import brands_of, change_brand, make_brand

router = APIRouter(prefix="/api", tags=["brands"], responses=PROBLEMS)


@router.get("/settings/schema")
async def read_settings_schema(person: PersonOf) -> SettingsSchema:
    """Every setting of a brand with its default, bounds, unit and a sentence of help."""
    return settings_schema()


@router.get("/brands")
async def list_brands(person: PersonOf, ports: PortsOf) -> Brands:
    """The brands of your tenant, by name."""
    brands = await brands_of(person, ports.identity_store)
    return Brands(brands=[BrandView.of(brand) for brand in brands])


@router.post("/brands", status_code=201)
async def post_brand(
    body: NewBrand, person: MakerOf, ports: PortsOf, runtime: RuntimeOf, settings: SettingsOf
) -> SettingsView:
    """Make a brand; 409 when another brand of yours has the shop."""
    brand = await make_brand(
        person,
        body.change(),
        ports.clock.now(),
        commands=runtime.pipeline,
        secrets=ports.secrets,
        allow_local_urls=settings.allow_local_urls,
    )
    return SettingsView.of(brand)


@router.get("/brands/{brand_id}/settings")
async def read_settings(brand: BrandOf) -> SettingsView:
    """All settings of a brand."""
    return SettingsView.of(brand)


@router.put("/brands/{brand_id}/settings")
async def put_settings(
    changes: Changes, brand: BrandOf, person: ConfigurerOf, ports: PortsOf, runtime: RuntimeOf, settings: SettingsOf
) -> SettingsView:
    """Change settings; other services follow within moments."""
    changed = await change_brand(
        person,
        brand,
        changes.change(),
        commands=runtime.pipeline,
        secrets=ports.secrets,
        allow_local_urls=settings.allow_local_urls,
    )
    return SettingsView.of(changed)
