"""Every type, cause and severity of alert is wired everywhere; one that is added somewhere alone is missed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

import pytest
from pydantic import ValidationError

from alerting.adapters.slack import message_of
from alerting.ports import Notice
from gateway.endpoints.advice import AlertView
from pulsepoint.brand.facts import AlertFacts
from pulsepoint.brand.sentences import alert_text, alerts
from pulsepoint.brand.texts import UnknownText, texts
from pulsepoint.brand.vocabulary import AlertType, Cause, Severity
from sandbox.platforms.slack_page import EDGES
from tests.builders.alert_findings import FINDINGS
from tests.builders.alert_stories import STORIES

README = (Path(__file__).parents[3] / "services" / "alerting" / "README.md").read_text(encoding="utf-8")
MONITORING = (Path(__file__).parents[3] / "infra" / "monitoring.tf").read_text(encoding="utf-8")


class AddedType(StrEnum):
    """A type that nobody wired."""

    REFUND_SPIKE = "refund_spike"


class AddedSeverity(StrEnum):
    """A severity that nobody wired."""

    FATAL = "fatal"


def with_a_finding(kind: StrEnum) -> bool:
    return any(finding.type == kind for finding in FINDINGS.values())


def with_a_story(kind: StrEnum) -> bool:
    """`test_every_alert_opens_and_ends.py` drives it through the handlers."""
    return any(kind == each for each, _ in STORIES)


def in_sentences(kind: StrEnum) -> bool:
    return kind in alerts.COMPOSERS and with_a_finding(kind)


def in_facts(kind: StrEnum) -> bool:
    try:
        AlertFacts.model_validate({"type": kind.value, "severity": "high", "subject": "s"})
    except ValidationError:
        return False
    return True


def in_the_api(kind: StrEnum) -> bool:
    schema = AlertView.model_json_schema()["$defs"]["AlertType"]
    return kind.value in schema["enum"]


def in_the_readme(kind: StrEnum) -> bool:
    """Its conditions are a list of types in code marks."""
    return f"\n- `{kind.value}`" in README


def in_monitoring(kind: StrEnum) -> bool:
    return f'kind=\\"{kind.value}\\"' in MONITORING


TYPE_PLACES: Mapping[str, Callable[[StrEnum], bool]] = {
    "condition": with_a_finding,
    "handlers": with_a_story,
    "sentences": in_sentences,
    "facts": in_facts,
    "API": in_the_api,
    "monitoring": in_monitoring,
    "README": in_the_readme,
}


def with_a_slack_mark(severity: StrEnum) -> bool:
    notice = Notice(severity, "t", "e", "r", "http://tower/", "0" * 32)  # type: ignore[arg-type]
    try:
        return bool(message_of(notice)["blocks"][-1]["elements"][0]["text"])
    except UnknownText:
        return False


def with_a_rank(severity: StrEnum) -> bool:
    return severity.value in [each.value for each in sorted(Severity, key=lambda each: each.rank)]


def in_the_api_as_severity(severity: StrEnum) -> bool:
    schema = AlertView.model_json_schema()["$defs"]["Severity"]
    return severity.value in schema["enum"]


SEVERITY_PLACES: Mapping[str, Callable[[StrEnum], bool]] = {
    "Slack": with_a_slack_mark,
    "the sandbox's Slack": lambda severity: severity in EDGES,
    "rank": with_a_rank,
    "API": in_the_api_as_severity,
}


@pytest.mark.parametrize("place", TYPE_PLACES)
@pytest.mark.parametrize("kind", AlertType)
def test_every_alert_type_is_wired(kind: AlertType, place: str) -> None:
    assert TYPE_PLACES[place](kind), f"{place}: {kind} is missing"


@pytest.mark.parametrize("place", TYPE_PLACES)
def test_an_added_alert_type_is_missed(place: str) -> None:
    assert not TYPE_PLACES[place](AddedType.REFUND_SPIKE)


@pytest.mark.parametrize(("kind", "cause"), [(kind, cause) for kind in AlertType for cause in kind.causes])
def test_every_cause_is_opened_by_some_condition_and_has_sentences(kind: AlertType, cause: Cause | None) -> None:
    opening = [finding for finding in FINDINGS.values() if (finding.type, finding.cause) == (kind, cause)]
    assert opening, f"no condition opens {kind} for {cause}"
    for finding in opening:
        text = alert_text(finding, texts())
        assert all((text.title, text.explanation, text.recommended_action))


def test_no_condition_opens_for_a_cause_that_its_type_does_not_name() -> None:
    assert all(finding.cause in finding.type.causes for finding in FINDINGS.values())


@pytest.mark.parametrize("place", SEVERITY_PLACES)
@pytest.mark.parametrize("severity", Severity)
def test_every_severity_is_wired(severity: Severity, place: str) -> None:
    assert SEVERITY_PLACES[place](severity), f"{place}: {severity} is missing"


@pytest.mark.parametrize("place", SEVERITY_PLACES)
def test_an_added_severity_is_missed(place: str) -> None:
    assert not SEVERITY_PLACES[place](AddedSeverity.FATAL)
