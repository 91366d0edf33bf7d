"""The seven services with the settings of the instance."""

from __future__ import annotations

from ai_advisor import main as ai_advisor
from alerting import main as alerting
from attribution import main as attribution
from deploy.local.backlog import EngineBacklog
from deploy.local.demo import demo_progress
from deploy.local.demo import service_settings as demo_settings
from deploy.local.keys import instance_file, read_instance_file
from deploy.local.settings import InstanceSettings
from gateway import main as gateway
from ingest_ads import main as ingest_ads
from ingest_shopify import main as ingest_shopify
from inventory_intel import main as inventory_intel
from pulsepoint.adapters.duckdb.healing import HealingWarehouse
from pulsepoint.adapters.postgres.message_bus import PostgresMessageBus
from pulsepoint.runtime.app import ServiceApp, create_app
from pulsepoint.runtime.engines import Engines

MODULES = (ingest_shopify, ingest_ads, attribution, inventory_intel, ai_advisor, alerting, gateway)


async def service_apps(
    settings: InstanceSettings, engines: Engines
) -> tuple[dict[str, ServiceApp], tuple[str, str], bool]:
    """Every service's app by name on the shared engines, the pair of the log-in, and true on the first start."""
    first_start = read_instance_file(settings.home) is None
    keys = instance_file(settings)
    common: dict[str, object] = {
        "profile": "embedded",
        "home": settings.home,
        "log_level": settings.log_level,
        "public_url": settings.public_url or settings.address,
    }
    own: dict[str, dict[str, object]] = {
        "ingest-shopify": {"shopify_api_secret": keys.shopify_api_secret},
        "gateway": {
            "secret_key": keys.secret_key,
            "admin_email": keys.admin_email,
            "admin_password": keys.admin_password,
        },
    }
    demo = demo_settings(settings)
    apps = {}
    for module in MODULES:
        service = module.SERVICE
        values = {**common, **own.get(service.name, {}), **demo.get(service.name, {})}
        apps[service.name] = create_app(service, module.Settings(**values), module.build, engines=engines)
    apps["gateway"].api.state.demo = demo_progress
    _tell_backlog(apps["gateway"], engines)
    return apps, (keys.admin_email, keys.admin_password), first_start


def _tell_backlog(gateway: ServiceApp, engines: Engines) -> None:
    """Answers `GET /api/admin/queues` and verification from this machine's engines."""
    assert isinstance(engines.bus, PostgresMessageBus)
    backlog = EngineBacklog(engines)
    gateway.api.state.depth = engines.bus.depth
    gateway.api.state.backlog = backlog.waiting
    gateway.api.state.accepted = backlog.accepted
    if isinstance(engines.warehouse, HealingWarehouse):
        gateway.api.state.rebuild = engines.warehouse.rebuild
