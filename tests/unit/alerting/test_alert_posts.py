"""From alerts to Slack posts, and what is written down of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from opentelemetry.sdk.trace import TracerProvider

from alerting.handlers import EFFECTS
from alerting.ports import Notice
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.adapters.memory.secret_store import MemorySecretStore
from pulsepoint.errors import VendorRefused
from pulsepoint.events.alerts import NotificationSent
from pulsepoint.money import MICROS
from pulsepoint.ports.document_store import StoredEffect
from tests.builders.alerting import SECRET, configure, tick
from tests.builders.insights import Bench, bench_of, payload_in, stock_status
from tests.builders.inventory import NOW, SCOPE


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with bench_of("alerting") as bench:
        yield bench


@dataclass
class Posts:
    """A messenger that keeps what it was given."""

    sent: list[tuple[str, Notice]] = field(default_factory=list)

    async def post(self, webhook_url: str, notice: Notice) -> None:
        self.sent.append((webhook_url, notice))


@dataclass
class SlackPorts:
    secrets: MemorySecretStore
    messenger: Posts
    clock: FixedClock
    public_url: str = "https://tower.example"


def slack_effect(causes: tuple[str, ...] = ()) -> StoredEffect:
    data = {
        "alert_id": "a1",
        "type": "stock_out_risk",
        "subject": "variant:v1",
        "severity": "critical",
        "title": "Hat is out of stock",
        "explanation": "e",
        "recommended_action": "r",
        "secret": SECRET,
    }
    return StoredEffect(SCOPE, "slack.post", "a1", NOW, data, causes)


async def test_a_post_names_the_trace_it_runs_in_and_that_is_recorded(bench: Bench) -> None:
    ports = SlackPorts(MemorySecretStore(), Posts(), bench.clock)
    await ports.secrets.put(SCOPE, SECRET, b"https://hooks.slack.example/x\n")
    definition = EFFECTS["slack.post"]
    assert definition.run is not None
    with TracerProvider().get_tracer("test").start_as_current_span("effect") as span:
        result = await definition.run(ports, slack_effect(("00-" + "1" * 32 + "-" + "2" * 16 + "-01",)))
    trace_id = f"{span.get_span_context().trace_id:032x}"
    [(url, notice)] = ports.messenger.sent
    assert url == "https://hooks.slack.example/x"
    assert notice.trace_id == trace_id
    assert notice.link == f"https://tower.example/#/brands/{SCOPE.brand_id}/alerts/a1"
    outcome = await bench.on_success(definition, slack_effect(), result)
    assert payload_in(outcome, NotificationSent).trace_id == trace_id
    [row] = await bench.rows("SELECT * FROM notifications WHERE brand_id = @brand_id")
    assert (row["alert_id"], row["trace_id"], row["sent_at"]) == ("a1", trace_id, NOW)


async def test_without_a_span_the_post_names_the_trace_that_caused_it(bench: Bench) -> None:
    ports = SlackPorts(MemorySecretStore(), Posts(), bench.clock)
    await ports.secrets.put(SCOPE, SECRET, b"https://hooks.slack.example/x")
    run = EFFECTS["slack.post"].run
    assert run is not None
    await run(ports, slack_effect(("00-" + "1" * 32 + "-" + "2" * 16 + "-01",)))
    assert ports.messenger.sent[0][1].trace_id == "1" * 32


async def test_a_post_stored_before_2026_12_is_sent_with_the_sentences_it_holds(bench: Bench) -> None:
    ports = SlackPorts(MemorySecretStore(), Posts(), bench.clock)
    await ports.secrets.put(SCOPE, SECRET, b"https://hooks.slack.example/x")
    run = EFFECTS["slack.post"].run
    assert run is not None
    await run(ports, slack_effect())
    notice = ports.messenger.sent[0][1]
    assert (notice.title, notice.explanation, notice.recommended_action) == ("Hat is out of stock", "e", "r")


async def test_a_post_is_made_of_the_figures_and_names_of_its_alert(bench: Bench) -> None:
    await configure(bench)
    [effect] = (await tick(bench, 1, stock_status(spend_at_risk_micros=21 * MICROS))).effects
    ports = SlackPorts(MemorySecretStore(), Posts(), bench.clock)
    await ports.secrets.put(SCOPE, SECRET, b"https://hooks.slack.example/x")
    run = EFFECTS["slack.post"].run
    assert run is not None
    await run(ports, StoredEffect(SCOPE, effect.kind, effect.key, NOW, effect.data))
    notice = ports.messenger.sent[0][1]
    assert notice.title == "Shirt v1 is running out"
    assert "6 units left, 3.0 days of cover" in notice.explanation
    assert "21.00 EUR a day" in notice.recommended_action


async def test_a_forgotten_webhook_needs_a_person(bench: Bench) -> None:
    run = EFFECTS["slack.post"].run
    assert run is not None
    with pytest.raises(VendorRefused) as caught:
        await run(SlackPorts(MemorySecretStore(), Posts(), bench.clock), slack_effect())
    names_of_failure = EFFECTS["slack.post"].names_of_failure
    assert names_of_failure is not None
    assert names_of_failure(slack_effect(), caught.value) == {"failure": "post_failure.no_webhook"}
