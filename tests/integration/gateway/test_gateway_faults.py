"""What is wrong under the product is said: to anybody by `/readyz`, to a brand's people by their own faults."""

from __future__ import annotations

from uuid import UUID

from pulsepoint.faults import Reason
from pulsepoint.tenancy import TenantContext
from tests.builders.identity_store import RunningGateway, brand_body

ELSEWHERE = TenantContext(UUID(int=7), UUID(int=8))


async def test_a_gateway_without_its_engines_is_not_ready_and_says_why(gateway: RunningGateway) -> None:
    faults = gateway.runtime.faults
    ready = await gateway.client.get("/readyz")
    assert (ready.status_code, ready.json()["status"], ready.json()["faults"]) == (200, "ready", [])
    faults.report(Reason.WAREHOUSE_REBUILDING, done=25, total=100)
    response = await gateway.client.get("/readyz")
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    [fault] = response.json()["faults"]
    assert (fault["reason"], fault["stops"], fault["done"]) == ("warehouse_rebuilding", True, 25)
    assert "25 %" in fault["detail"]
    faults.clear("warehouse")
    assert (await gateway.client.get("/readyz")).status_code == 200


async def test_a_failing_effect_is_told_to_its_own_brand_and_counted_for_others(gateway: RunningGateway) -> None:
    person = await gateway.login()
    brand = (await person.post("/api/brands", json=brand_body())).json()["brand_id"]
    scope = TenantContext(UUID(int=1), UUID(brand))
    faults = gateway.runtime.faults
    faults.report_effect("inventory-intel assess", "theirs", ELSEWHERE)
    own = f"/api/brands/{brand}/faults"
    assert (await person.get(own)).json() == {"faults": []}
    faults.report_effect("inventory-intel assess", "ours", scope)
    [fault] = (await person.get(own)).json()["faults"]
    assert (fault["reason"], fault["work"], fault["brands"]) == ("effect_failing", "inventory-intel assess", 1)
    ready = await gateway.client.get("/readyz")
    assert ready.status_code == 200, "one brand's trouble keeps nobody else out"
    assert [fault["brands"] for fault in ready.json()["faults"]] == [2]
    assert brand not in ready.text
    for key in ("theirs", "ours"):
        faults.clear("inventory-intel assess", key)
    await person.aclose()
