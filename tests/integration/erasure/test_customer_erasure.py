"""A customer is erased: no store or file of an instance has a value of theirs, and the books are as they were."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from deploy.cli.backup import back_up, restore
from deploy.cli.progress import Progress
from pulsepoint.adapters.erasure_file import NAME
from tests.builders.own_shop import Opened, Shop, folders
from tests.builders.shopify import SHOP, line_body, order_body
from tests.builders.traces_left import Scan

pytestmark = pytest.mark.slow
ADA, BO = 7358220173425, 7358220173426
EMAIL, PHONE = "Ada.Quillfeather@mail.example", "+49 30 9018207744"
CLICKS = {"gclid": "Cj0KCQiA-Quill-1", "fbclid": "IwAR0-Quill-2", "ttclid": "E.C.P.Quill-3"}
VALUES = [
    *(EMAIL, "9018207744", "Quillfeather", "Haubentaucherweg 7", "203.0.113.77", "QuillBrowser/9"),
    *(*CLICKS.values(), "content-quill-4", "term-quill-5", "QUILLCODE10", "note-quill-6", "Portrait of quill-7"),
    "someone-quill@list.example",
]
OTHER_CLICK = "Cj0KCQiA-Other-9"


def ada_order(order_id: int, **fields: Any) -> dict[str, Any]:
    """An order that says everything there is to say of its buyer."""
    query = f"gclid={CLICKS['gclid']}&utm_source=google&utm_medium=cpc&utm_campaign=spring&utm_content=content-quill-4"
    return order_body(
        order_id,
        name=f"#{order_id}",
        email=EMAIL,
        browser_ip="203.0.113.77",
        client_details={"browser_ip": "203.0.113.77", "user_agent": "QuillBrowser/9"},
        customer={"id": ADA, "email": EMAIL, "phone": PHONE, "first_name": "Ada", "last_name": "Quillfeather"},
        shipping_address={
            "name": "Ada Quillfeather", "address1": "Haubentaucherweg 7", "country_code": "DE", "province_code": "BE"
        },
        landing_site=f"/?{query}&utm_term=term-quill-5",
        referring_site=f"https://www.facebook.com/?fbclid={CLICKS['fbclid']}",
        note="note-quill-6",
        note_attributes=[
            {"name": "ttclid", "value": CLICKS["ttclid"]},
            {"name": "utm_campaign", "value": "someone-quill@list.example"},
            {"name": "utm_source", "value": "newsletter"},
        ],
        discount_codes=[{"code": "QUILLCODE10", "amount": "0.00", "type": "fixed_amount"}],
        lines=[line_body(1), line_body(2, product_id=None, variant_id=None, sku=None, title="Portrait of quill-7")],
        **fields,
    )  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def restored(home: Path, backup: Path) -> None:
    """Puts an empty home, with the log of erasures alone, in the place of one, and fills it."""
    left = home.with_name("left")
    home.rename(left)
    home.mkdir()
    (left / NAME).rename(home / NAME)
    restore(home, backup, Progress(quiet=True))


REDACTION = {
    "shop_domain": SHOP,
    "customer": {"id": ADA, "email": EMAIL, "phone": PHONE},
    "orders_to_redact": [9001],
}


async def tell(shop: Shop) -> None:
    """Orders of two customers; one of Ada's is in a closed part of the archive, one in the open log, two are held."""
    await shop.deliver(ada_order(9001), "orders/create")
    bo = order_body(9003, customer={"id": BO, "email": "bo@mail.example"}, landing_site=f"/?gclid={OTHER_CLICK}")
    await shop.deliver(bo, "orders/create")
    await shop.settled()
    await shop.client.post("/api/admin/rebuild")
    await shop.settled()
    await shop.deliver(ada_order(9002), "orders/create")
    await shop.deliver(ada_order(9001, updated_at=EMAIL), "orders/updated")
    await shop.deliver(orjson.dumps(ada_order(9004))[:-40], "orders/create")
    await shop.settled()
    assert (await shop.client.get("/api/quarantine")).json()["total"] == 2


@pytest.mark.rule("SEC-25")
async def test_an_erased_customer_is_found_nowhere_and_the_books_are_as_before(home: Path, tmp_path: Path) -> None:
    scan, other = Scan(VALUES), Scan([OTHER_CLICK])
    async with Opened(home) as shop:
        await tell(shop)
        before = await shop.figures()
        assert await scan.database(shop.dsn)
    old = tmp_path / "before.tar"
    await back_up(home, old, Progress(quiet=True))

    async with Opened(home) as shop:
        await shop.deliver(REDACTION, "customers/redact")
        await shop.settled()
        assert (await shop.client.get("/api/quarantine")).json()["total"] == 0
        assert await scan.database(shop.dsn) == []
        assert await shop.figures() == before

        # The same deliveries again, as late copies come, bring nobody back.
        await shop.deliver(ada_order(9001, updated_at="2026-03-11T12:00:00+01:00"), "orders/updated")
        await shop.deliver(ada_order(9002), "orders/create")
        await shop.settled()
        await shop.scrubbed()
        assert await scan.database(shop.dsn) == []
        assert await shop.figures() == before
    assert list(scan.files(*folders(home))) == []
    assert list(other.files(*folders(home))), "another customer's values stay"

    # A warehouse made anew has none of it either.
    (home / "warehouse.duckdb").unlink()
    async with Opened(home) as shop:
        await shop.rebuilt()
        assert await shop.figures() == before
    assert list(scan.files(*folders(home))) == []
    await restored_forgets_them_too(home, old, before)


async def restored_forgets_them_too(home: Path, backup: Path, before: dict[str, Any]) -> None:
    """A backup of before is restored where the log of erasures is: after a start and a night it says nothing either."""
    scan = Scan(VALUES)
    await asyncio.to_thread(restored, home, backup)
    async with Opened(home) as shop:
        await shop.rebuilt()
        await shop.settled()
        assert await scan.database(shop.dsn) == []
        await shop.scrubbed()
        assert await shop.figures() == before
    assert list(scan.files(*folders(home))) == []
