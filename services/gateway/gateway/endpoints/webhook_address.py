"""`/api/brands/{brand_id}/webhook-address`: where a brand's shop sends its webhooks."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from gateway.endpoints.access import BrandOf, ConfigurerOf, PortsOf, RuntimeOf, SettingsOf
from gateway.endpoints.problems import PROBLEMS
from gateway.settings import Settings
from gateway.use_cases.brands import renew_webhook_address
from gateway.use_cases.webhook_addresses import token_of

router = APIRouter(prefix="/api/brands/{brand_id}/webhook-address", tags=["brands"], responses=PROBLEMS)


class WebhookAddress(BaseModel):
    """The whole address to subscribe in the Shopify app; null for a brand of before addresses: make it one by POST."""

    address: str | None


@router.get("")
async def read_webhook_address(
    brand: BrandOf, person: ConfigurerOf, ports: PortsOf, settings: SettingsOf
) -> WebhookAddress:
    """The brand's own webhook address: whoever knows it and the app's secret can send orders."""
    scope = person.scope.brand(brand.brand_id)
    token = await token_of(ports.secrets, scope, brand.settings.endpoint_digest)
    return WebhookAddress(address=_address(settings, token) if token is not None else None)


@router.post("")
async def renew(
    brand: BrandOf, person: ConfigurerOf, ports: PortsOf, runtime: RuntimeOf, settings: SettingsOf
) -> WebhookAddress:
    """A new address in place of the one before, which counts no longer: subscribe the topics to it anew."""
    token = await renew_webhook_address(person, brand, commands=runtime.pipeline, secrets=ports.secrets)
    return WebhookAddress(address=_address(settings, token))


def _address(settings: Settings, token: str) -> str:
    return f"{settings.public_url.rstrip('/')}/webhooks/shopify/{token}"
