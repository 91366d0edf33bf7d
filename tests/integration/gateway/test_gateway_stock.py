"""Stock over HTTP: lead times of single variants, what is on its way, products that are not all there."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pulsepoint.events.brands import BrandConfigured
from pulsepoint.ports.document_store import FactRow
from tests.builders.gateway_shop import a_brand, a_shop, scope_of
from tests.builders.identity_store import RunningGateway
from tests.builders.storefront import fact


@pytest.mark.rule("STOCK-11")
async def test_lead_times_are_changed_one_by_one_and_the_others_stay(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        path = f"/api/brands/{await a_brand(client, lead_time_days=9)}/lead-times"
        assert (await client.get(path)).json() == {"lead_time_days": 9, "lead_times": []}
        first = [{"variant": "S1", "days": 30}, {"variant": "44", "days": 5}]
        assert (await client.patch(path, json={"lead_times": first})).status_code == 200
        second = [{"variant": "S1", "days": None}, {"variant": "S2", "days": 0}]
        changed = await client.patch(path, json={"lead_times": second})
        assert changed.json() == {
            "lead_time_days": 9, "lead_times": [{"variant": "44", "days": 5}, {"variant": "S2", "days": 0}],
        }  # fmt: skip
        assert (await client.get(path)).json() == changed.json()
    for wrong in ({"variant": "S1", "days": 366}, {"variant": "S1", "days": 1.5}, {"variant": "", "days": 1}, {}):
        async with await gateway.login() as client:
            assert (await client.patch(path, json={"lead_times": [wrong]})).status_code == 422


@pytest.mark.rule("STOCK-11")
async def test_two_people_who_change_lead_times_at_once_lose_none(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        path = f"/api/brands/{await a_brand(client)}/lead-times"
        changes = [{"lead_times": [{"variant": f"S{number}", "days": number}]} for number in range(5)]
        answers = await asyncio.gather(*(client.patch(path, json=change) for change in changes))
        assert {answer.status_code for answer in answers} == {200}
        kept = (await client.get(path)).json()["lead_times"]
    assert kept == [{"variant": f"S{number}", "days": number} for number in range(5)]


@pytest.mark.rule("STOCK-11")
async def test_lead_times_come_from_a_file(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        brand_id = await a_brand(client)
        path, headers = f"/api/brands/{brand_id}/lead-times", {"content-type": "text/csv"}
        content = "\ufeffSKU,Lead_Time_Days\r\nS1, 30 \r\nS2,\r\n".encode()
        answer = await client.post(path, content=content, headers=headers)
        assert answer.json()["lead_times"] == [{"variant": "S1", "days": 30}], answer.text
        for content, problem in (
            (b"sku,price\nS1,3\n", "no column is named lead_time_days"),
            (b"sku,days\nS1,soon\n", "row 2: 'soon' is no number of days"),
            (b"sku,days\n,3\n", "row 2: sku is empty"),
            (b"\xff\xfe", "not UTF-8"),
        ):
            refused = await client.post(path, content=content, headers=headers)
            assert (refused.status_code, problem in refused.json()["detail"]) == (422, True), refused.text
        assert (await client.post(path, content=b"sku,days\n")).status_code == 415
        settings = (await client.get(f"/api/brands/{brand_id}/settings")).json()
    assert settings["lead_times"] == [{"variant": "S1", "days": 30}]
    assert BrandConfigured.SCHEMA >= 5, "they travel with the brand's settings"


@pytest.mark.rule("STOCK-11")
async def test_the_inventory_says_what_is_on_its_way_and_how_long_a_reorder_takes(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        brand_id = await a_shop(gateway, client)
        scope = await scope_of(client, brand_id)
        head = fact(scope, "stock_assessments", "stock", version=9, assessed_at="2026-03-31T12:00:00Z", window_days=28,
                    variants=1)  # fmt: skip
        status = fact(
            scope, "stock_statuses", "stock", part="v1", version=9, variant_id="v1", product_id="p", sku="S1",
            title="Shirt", available=2, velocity_micros=2_000_000, days_in_stock=28, days_unknown=0, units_sold=56,
            days_of_cover_micros=1_000_000, status="critical", continue_selling=False, spend_at_risk_micros=0,
            incoming=40, lead_time_days=21,
        )  # fmt: skip
        await gateway.ports.warehouse.append([head, status])
        [row] = (await client.get(f"/api/brands/{brand_id}/inventory")).json()["running_out"]
        opened = (await client.get(f"/api/facts/{row['facts']['incoming']}")).json()
    assert (row["available"], row["incoming"], row["lead_time_days"]) == (2, 40, 21)
    assert (opened["metric"], opened["value"]) == ("incoming_units", 40)


@pytest.mark.rule("STOCK-12")
async def test_products_whose_variants_are_not_all_there_are_named_until_they_are(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        brand_id = await a_shop(gateway, client)
        scope = await scope_of(client, brand_id)

        def product(product_id: str, version: int = 1, **columns: Any) -> FactRow:
            given: dict[str, Any] = {"title": f"Poster {product_id}", "status": "active", "deleted": False, **columns}
            return fact(scope, "products", product_id, version=version, product_id=product_id, **given)

        async def listed() -> tuple[list[str], list[str]]:
            inventory = (await client.get(f"/api/brands/{brand_id}/inventory")).json()
            board = (await client.get(f"/api/brands/{brand_id}/dashboard")).json()
            assert board["inventory"]["notes"] == inventory["notes"]
            return [each["product_id"] for each in inventory["cut_products"]], inventory["notes"]

        await gateway.ports.warehouse.append(
            [
                product("1", is_cut=True, variants_total=240), product("2", is_cut=True, variants_total=None),
                product("3", is_cut=False, variants_total=3), product("4", is_cut=None, variants_total=None),
                product("5", is_cut=True, variants_total=101, status="archived"),
            ]
        )  # fmt: skip
        products, [missing, unsaid] = await listed()
        assert products == ["1", "2"]
        assert missing.startswith("Poster 1 has more variants than the shop’s webhooks carry (100)")
        assert unsaid.startswith("Poster 2 came with exactly as many variants as the shop’s webhooks carry")
        await gateway.ports.warehouse.append([product("1", 2, is_cut=False, variants_total=240)])
        products, [note] = await listed()
        assert (products, note.partition(" came ")[0]) == (["2"], "Poster 2")
