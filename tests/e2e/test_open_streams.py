"""An instance that is told to end does not wait for the pages that are open."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from deploy.local.instance_process import running_instance
from tests.builders.identity_store import brand_body


@pytest.mark.instance
async def test_the_instance_ends_while_a_page_follows_it(tmp_path: Path) -> None:
    async with running_instance(tmp_path / "var", {}) as instance:
        access = instance.access
        async with httpx.AsyncClient(base_url=access.address, timeout=30, trust_env=False) as client:
            given = {"email": access.email, "password": access.password}
            token = (await client.post("/api/auth/token", json=given)).json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            brand = (await client.post("/api/brands", json=brand_body())).json()["brand_id"]
            async with client.stream("GET", f"/api/brands/{brand}/events") as answer:
                lines = answer.aiter_lines()
                assert await anext(lines) == "id: 0"
                began = time.monotonic()
                stopping = asyncio.create_task(instance.stop())
                async for _ in lines:
                    pass
                ended = time.monotonic() - began
                assert await stopping == 0
        assert ended < 5
        assert "graceful shutdown exceeded" not in instance.log.read_text()
