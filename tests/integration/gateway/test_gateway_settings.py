"""A brand's settings over HTTP are those of `pulsepoint.brand.settings`, each with its default, bounds and help."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from pulsepoint.brand.settings import LONGEST_LOOKBACK_DAYS, BrandChoices, BrandSettings
from pulsepoint.brand.vocabulary import AttributionModel
from pulsepoint.ports.document_store import Commit, Transaction, Write
from pulsepoint.tenancy import TenantContext
from tests.builders.identity_store import RunningGateway, brand_body


async def schema(gateway: RunningGateway) -> dict[str, dict[str, Any]]:
    async with await gateway.login() as client:
        answer = await client.get("/api/settings/schema")
    assert answer.status_code == 200, answer.text
    return {each["name"]: each for each in answer.json()["settings"]}


async def test_every_setting_tells_its_default_bounds_unit_and_help(gateway: RunningGateway) -> None:
    answer = await schema(gateway)
    assert set(answer) == {name for name, field in BrandSettings.model_fields.items() if field.description}
    lookback = {key: answer["lookback_days"][key] for key in ("default", "minimum", "maximum", "unit")}
    assert lookback == {
        "default": BrandChoices().lookback_days,
        "minimum": 1,
        "maximum": LONGEST_LOOKBACK_DAYS,
        "unit": "days",
    }
    assert answer["default_model"]["choices"] == [*AttributionModel]
    assert answer["shopify_store"]["default"] is None
    assert all(each["help"].endswith(".") for each in answer.values())


@pytest.mark.parametrize("name", sorted(BrandChoices.model_fields))
async def test_a_new_brand_has_the_declared_default_of_each_setting(gateway: RunningGateway, name: str) -> None:
    body = {key: value for key, value in brand_body().items() if key != "timezone"}
    async with await gateway.login() as client:
        made = (await client.post("/api/brands", json=body)).json()
    assert made[name] == BrandChoices().model_dump(mode="json")[name]


async def test_a_setting_out_of_its_bounds_is_refused_by_name(gateway: RunningGateway) -> None:
    answer = await schema(gateway)
    numbers = [each for each in answer.values() if each["maximum"] is not None]
    assert numbers
    async with await gateway.login() as client:
        for each in numbers:
            for value in (each["minimum"] - 1, each["maximum"] + 1):
                refused = await client.post("/api/brands", json=brand_body(**{each["name"]: value}))
                assert refused.status_code == 422, (each["name"], value)
                assert each["name"] in refused.json()["detail"]


async def test_openapi_describes_a_setting_by_its_help(gateway: RunningGateway) -> None:
    changes = gateway.app.api.openapi()["components"]["schemas"]["Changes"]["properties"]
    for name, field in BrandChoices.model_fields.items():
        assert changes[name]["description"] == field.description


async def test_someone_limited_to_a_brand_finds_no_other_one(gateway: RunningGateway) -> None:
    tenant = await gateway.person("owner@limited.example", "admin")
    async with await gateway.login("owner@limited.example") as client:
        account, other = [(await client.post("/api/brands", json=brand_body())).json()["brand_id"] for _ in range(2)]
    await gateway.person("reader@limited.example", "user", tenant)
    await limit(gateway, tenant, "reader@limited.example", account)
    async with await gateway.login("reader@limited.example") as client:
        assert [each["brand_id"] for each in (await client.get("/api/brands")).json()["brands"]] == [account]
        assert (await client.get(f"/api/brands/{account}/dashboard")).status_code == 200
        absent = await client.get(f"/api/brands/{UUID(int=7)}/dashboard")
        hidden = await client.get(f"/api/brands/{other}/dashboard")
        assert (hidden.status_code, hidden.text) == (absent.status_code, absent.text)
        assert (await client.get("/api/quarantine")).status_code == 403
        assert (await client.get(f"/api/traces/{'a' * 32}")).status_code == 403


async def limit(gateway: RunningGateway, tenant: UUID, email: str, brand_id: str) -> None:
    """Let a person see one brand alone."""

    async def work(transaction: Transaction) -> Commit:
        [user] = await transaction.find("users", {"email": email})
        return Commit(writes=[Write("users", user.id, {**user.data, "brand_ids": [brand_id]})])

    await gateway.ports.store.transact(TenantContext(tenant), work)


async def test_the_version_is_told_without_a_log_in(gateway: RunningGateway) -> None:
    from pulsepoint import __version__

    answer = (await gateway.client.get("/version")).json()
    assert answer["version"] == __version__
    assert answer["commit"] is None or len(answer["commit"]) == 40


async def test_a_person_chooses_a_language_and_takes_it_back(gateway: RunningGateway) -> None:
    await gateway.person("polyglot@language.example", "user")
    async with await gateway.login("polyglot@language.example") as client:
        assert (await client.get("/api/auth/me")).json()["locale"] is None
        for locale in ("fr-CH", None):
            assert (await client.patch("/api/auth/me", json={"locale": locale})).json()["locale"] == locale
            assert (await client.get("/api/auth/me")).json()["locale"] == locale
        for wrong in ({"locale": "French"}, {"role": "admin", "locale": None}, {}):
            assert (await client.patch("/api/auth/me", json=wrong)).status_code == 422
