"""Settings of the cloud profile, and what an instance may leave for later when it gets no CPU between requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pulsepoint.events.observability import SpansRecorded
from pulsepoint.runtime.settings import ServiceSettings
from tests.builders.push_tokens import claims, token
from tests.builders.runtime import published
from tests.unit.runtime.test_push_door import NOW, guarded

NAMED = {"gcp_project_id": "shop", "push_audience": "https://a.run.app", "push_service_account": "push@shop.iam"}


@pytest.mark.parametrize("missing", sorted(NAMED))
def test_the_cloud_profile_says_what_it_lacks(missing: str) -> None:
    values: dict[str, Any] = {name: value for name, value in NAMED.items() if name != missing}
    with pytest.raises(ValidationError, match=f"{missing.upper()} is not set"):
        ServiceSettings(profile="cloud", **values)


@pytest.mark.parametrize("prefix", ["PULSEPOINT_", ""])
def test_settings_of_the_cloud_are_known_by_both_names(prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GCP_PROJECT_ID", "GCP_REGION", "PUBSUB_PROJECT_ID", "BIGQUERY_PROJECT_ID", "REDIS_URL", "LOG_LEVEL"):
        monkeypatch.setenv(f"{prefix}{name}", name.lower())
    settings = ServiceSettings()
    assert settings.redis_url is not None
    assert settings.redis_url.get_secret_value() == "redis_url"
    values = (settings.gcp_project_id, settings.gcp_region, settings.pubsub_project_id, settings.bigquery_project_id)
    assert values == ("gcp_project_id", "gcp_region", "pubsub_project_id", "bigquery_project_id")
    assert settings.log_level == "log_level"


@pytest.mark.parametrize(
    ("profile", "setting", "works"),
    [("cloud", None, False), ("cloud", True, True), ("embedded", None, True), ("memory", None, True)],
)
def test_a_cloud_instance_may_not_count_on_cpu_between_requests(
    profile: Any, setting: bool | None, works: bool
) -> None:
    settings = ServiceSettings(profile=profile, cpu_between_requests=setting, **NAMED)  # type: ignore[arg-type]
    assert settings.works_between_requests is works


@pytest.mark.parametrize(("cpu", "flushed"), [(False, True), (True, False)])
async def test_spans_are_published_before_a_push_is_answered(tmp_path: Path, cpu: bool, flushed: bool) -> None:
    async with guarded(tmp_path, cpu_between_requests=cpu, span_flush_seconds=3600, sweep_seconds=3600) as door:
        assert door.app.runtime is not None
        assert await door.post("/push/attribution.orders", token(claims(NOW))) == 204
        assert bool(published(door.app.runtime, SpansRecorded)) is flushed
