"""Every number of alerts, advice, stock and Slack messages opens with its value, as the services make them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from alerting import handlers as alerting
from alerting.evaluation import POST
from alerting.ports import Notice
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.adapters.memory.secret_store import MemorySecretStore
from pulsepoint.brand.vocabulary import AlertType, RecommendationType
from pulsepoint.metrics.citations import LONGEST
from pulsepoint.ports.document_store import StoredEffect
from tests.builders.cited import spoken
from tests.builders.gateway_shop import a_brand, scope_of
from tests.builders.identity_store import RunningGateway
from tests.builders.inventory import NOW
from tests.builders.standing_shop import Messenger, Services
from tests.integration.gateway.test_gateway_citations import unexplained

DAYS = "start_date=2026-03-13&end_date=2026-03-14"


async def standing(gateway: RunningGateway, client: httpx.AsyncClient) -> tuple[str, Services]:
    """The id of a brand about which everything stands, and the services that found it."""
    brand_id = await a_brand(client, currency="EUR", timezone="UTC")
    scope = await scope_of(client, brand_id)
    brand = await gateway.ports.identity_store.brand(scope, scope.brand_id)
    services = Services(gateway.ports.warehouse, gateway.ports.metrics, scope)
    await services.run(brand.settings.model_copy(update={"slack_webhook_ref": "slack"}), brand.version)
    return brand_id, services


@dataclass(frozen=True, slots=True)
class SlackPorts:
    """What posting needs, on engines in memory."""

    messenger: Messenger
    secrets: MemorySecretStore
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    public_url: str = "http://127.0.0.1:8080"


async def posted(services: Services) -> dict[str, Notice]:
    """The messages that the opened alerts were posted as, by alert id."""
    ports = SlackPorts(Messenger(), MemorySecretStore())
    await ports.secrets.put(services.scope, "slack", b"http://127.0.0.1/slack")
    messages: dict[str, Notice] = {}
    for effect in (each for each in services.effects if each.kind == POST):
        await alerting.post_to_slack(ports, StoredEffect(services.scope, POST, effect.key, NOW, effect.data))
        messages[effect.data["alert_id"]] = ports.messenger.notices[-1]
    return messages


WITHOUT_ROWS = {
    "compared_days", "lead_time", "review_days", "roas_target", "advised_percent", "failed_pulls",
}  # fmt: skip
"""Settings, what a rule says, and attempts, which are no facts."""


@pytest.mark.rule("REV-08", "AI-01")
@pytest.mark.slow
async def test_every_number_of_alerts_advice_and_stock_opens_with_its_value(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        brand_id, services = await standing(gateway, client)
        answers = {
            name: (await client.get(f"/api/brands/{brand_id}/{name}?{DAYS}")).json()
            for name in ("alerts", "recommendations", "inventory", "dashboard")
        }
        assert {each["type"] for each in answers["alerts"]["alerts"]} == set(AlertType)
        assert {each["type"] for each in answers["recommendations"]["recommendations"]} == set(RecommendationType)
        await say_only_their_figures(services, answers["alerts"]["alerts"])
        seen: dict[str, Any] = {}
        for name, answer in answers.items():
            assert await unexplained(client, answer, seen) == [], name
        for opened in seen.values():
            await leads_to_rows_or_inputs(client, opened, seen)
        without = {opened["metric"] for opened in seen.values() if not await has_rows(client, opened)}
        assert without <= WITHOUT_ROWS


async def has_rows(client: httpx.AsyncClient, fact: dict[str, Any]) -> bool:
    """True where the fact, or one of the numbers that it is worked out of, opens to rows."""
    if fact["behind"]:
        return True
    cited = [each["fact_id"] for each in fact["inputs"] if each["fact_id"] is not None]
    return any([await has_rows(client, (await client.get(f"/api/facts/{each}")).json()) for each in cited])


async def say_only_their_figures(services: Services, alerts: list[dict[str, Any]]) -> None:
    """Slack says of each alert what the API says, and no number that is not among its figures, which are cited."""
    messages = await posted(services)
    assert {each["alert_id"] for each in alerts} == messages.keys()
    for alert in alerts:
        message = messages[alert["alert_id"]]
        assert (message.title, message.explanation) == (alert["title"], alert["explanation"])
        cited = {each["text"].split(" ")[0] for each in alert["figures"] if each["fact_id"]}
        said = {number for text in (message.title, message.explanation) for number in spoken(text)}
        assert said <= cited, (alert["type"], said - cited)


async def leads_to_rows_or_inputs(client: httpx.AsyncClient, fact: dict[str, Any], seen: dict[str, Any]) -> None:
    """A fact opens to rows that it sums, or to numbers that it is worked out of, each to open or given."""
    assert fact["behind"] or (fact["inputs"] and fact["calculation"]), fact
    assert len(fact["fact_id"]) <= LONGEST
    for each in fact["inputs"]:
        if each["fact_id"] is not None:
            again = seen.get(each["fact_id"]) or (await client.get(f"/api/facts/{each['fact_id']}")).json()
            assert again["value"] == pytest.approx(each["value"], abs=1e-6)
