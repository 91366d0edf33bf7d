"""The gateway's routes on a real ledger."""

from __future__ import annotations

from tests.builders.ledger import RunningGateway, brand_body


async def test_a_brand_is_made_listed_and_published(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        made = await client.post("/api/brands", json=brand_body(name="Acme"))
        assert made.status_code == 201, made.text
        brand_id = made.json()["brand_id"]
        listed = (await client.get("/api/brands")).json()["brands"]
        assert brand_id in {brand["brand_id"] for brand in listed}
        for path in (
            "dashboard?compare=true",
            "alerts",
            "recommendations",
            "performance?by=day",
            "books",
            "integrations",
            "settings",
        ):
            answer = await client.get(f"/api/brands/{brand_id}/{path}")
            assert answer.status_code == 200, (path, answer.text)
        print((await client.get(f"/api/brands/{brand_id}/dashboard?compare=true")).text)
        for path in (
            "/api/metrics",
            "/api/quarantine",
            "/api/dead-letters",
            "/api/audit",
            "/health",
            "/docs",
            "/openapi.json",
            "/",
        ):
            answer = await client.get(path)
            assert answer.status_code == 200, (path, answer.text)
