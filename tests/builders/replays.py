"""A transactions file sent to a running instance, as often and in whatever order a test asks for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from deploy.cli.copies import Duplication, shuffled, with_copies
from deploy.cli.instance_client import open_client
from deploy.cli.sender import Pace, Target, send_all
from deploy.local.instance_process import InstanceProcess
from file_import.plan import clock_offset, open_plan
from file_import.webhooks import Delivery, first_delivery

CURRENCY, TIMEZONE = "GBP", "Europe/London"
COPIES = Duplication(every=10, times=3)


def deliveries_of(path: Path, shop: str) -> list[Delivery]:
    """The file's webhooks, each once and in order."""
    with open_plan(path, shop=shop, currency=CURRENCY, zone=ZoneInfo(TIMEZONE)) as plan:
        return [first_delivery(webhook, shop) for webhook in plan.webhooks()]


def disturbed(deliveries: Iterable[Delivery], seed: int) -> list[Delivery]:
    """Shuffled, with every tenth three times."""
    return list(shuffled(with_copies(deliveries, COPIES, seed), seed))


async def make_brand(instance: InstanceProcess, shop: str, ends_at: datetime = datetime(2011, 5, 1, tzinfo=UTC)) -> str:
    """A brand whose business clock stands at `ends_at` now; its id."""
    async with open_client(instance.access) as client:
        await client.log_in()
        offset = clock_offset(ends_at, datetime.now(UTC))
        brand = await client.make_brand(
            name=shop.split(".")[0], shop=shop, currency=CURRENCY, timezone=TIMEZONE, clock_offset_seconds=offset
        )
    return brand.brand_id


async def send(
    instance: InstanceProcess,
    deliveries: Iterable[Delivery],
    shop: str,
    *,
    concurrency: int = 8,
    patience: float = 240.0,
) -> int:
    """Send until every delivery is acknowledged; how many were. Fails where one is refused."""
    access = instance.access
    target = Target(access.address, shop, access.shopify_secret)
    sent = await send_all(iter(list(deliveries)), target, Pace(concurrency=concurrency, patience=patience))
    assert sent.refused == 0, sent.refusals
    return sent.acknowledged
