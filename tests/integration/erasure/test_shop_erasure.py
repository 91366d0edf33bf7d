"""A shop that left asks to be forgotten, 48 hours after: nothing of it is left in any store or file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.builders.own_shop import Opened, Shop, folders
from tests.builders.shopify import SHOP, line_body, order_body
from tests.builders.traces_left import Scan

pytestmark = pytest.mark.slow
EMAIL, CLICK, WARE, SKU, NAME = (
    *("ada.quill@mail.example", "Cj0KCQiA-Quill-1"),
    *("Quillware teapot", "QUILL-SKU-1", "QUILL-9001"),
)


def order(order_id: int, **fields: Any) -> dict[str, Any]:
    return order_body(
        order_id,
        name=f"{NAME}-{order_id}",
        customer={"id": 7358220173425, "email": EMAIL},
        landing_site=f"/?gclid={CLICK}",
        lines=[line_body(1, title=WARE, sku=SKU)],
        **fields,
    )


async def tell(shop: Shop) -> None:
    """An order in a closed part of the archive, one in the open log, and one that is held."""
    await shop.deliver(order(1), "orders/create")
    await shop.settled()
    await shop.client.post("/api/admin/rebuild")
    await shop.settled()
    await shop.deliver(order(2), "orders/create")
    await shop.deliver(orjson.dumps(order(3))[:-40], "orders/create")
    await shop.settled()


@pytest.mark.rule("SEC-27")
async def test_a_shop_that_asks_to_be_forgotten_is_found_nowhere(tmp_path: Path) -> None:
    home, scan = tmp_path / "home", Scan([EMAIL, CLICK, WARE, SKU, NAME])
    async with Opened(home) as shop:
        await tell(shop)
        assert await scan.database(shop.dsn)
        await shop.deliver({"shop_id": 1, "shop_domain": SHOP}, "shop/redact")
        await shop.settled()
        assert (await shop.client.get("/api/brands")).json()["brands"] == []
        assert (await shop.client.get("/api/quarantine")).json()["total"] == 0
        assert await scan.database(shop.dsn) == []
        await shop.scrubbed()
        assert await scan.database(shop.dsn) == []
    assert list(scan.files(*folders(home))) == []
