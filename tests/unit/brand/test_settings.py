"""A brand's settings: each has a default or is asked for, a bound where it is a number, and a sentence of help."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from pulsepoint.brand.settings import BrandChoices, BrandSettings
from pulsepoint.events.brands import BrandConfigured

BRAND: dict[str, Any] = {"name": "Fjell", "shopify_store": "fjell.myshopify.com", "currency": "EUR"}
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize("name", sorted(BrandChoices.model_fields))
def test_every_choice_has_a_default_and_a_sentence_of_help(name: str) -> None:
    field = BrandChoices.model_fields[name]
    assert not field.is_required()
    assert field.description is not None
    assert field.description.endswith(".")


@pytest.mark.parametrize("name", [n for n, f in BrandChoices.model_fields.items() if f.annotation is int])
def test_every_number_has_bounds_and_a_unit(name: str) -> None:
    schema = BrandChoices.model_json_schema()["properties"][name]
    assert schema["unit"]
    assert schema["minimum"] <= schema["default"] <= schema["maximum"]


def test_what_is_published_are_these_settings() -> None:
    assert set(BrandConfigured.model_fields) == set(BrandSettings.model_fields)
    configured = BrandConfigured(**BRAND)
    choices = BrandChoices()
    assert configured.default_model is choices.default_model
    assert configured.cancelled_orders is choices.cancelled_orders
    assert BrandSettings.model_validate(configured.model_dump(mode="json")) == BrandSettings(**BRAND)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lookback_days", 0),
        ("lookback_days", 366),
        ("lookback_days", "30"),
        ("lookback_days", True),
        ("lead_time_days", -1),
        ("timezone", "Mars/Olympus"),
        ("default_model", "guess"),
        ("cancelled_orders", "drop"),
    ],
)
def test_what_is_out_of_bounds_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError):
        BrandSettings(**{**BRAND, name: value})


def test_the_business_clock_is_wall_time_and_its_offset() -> None:
    brand = BrandSettings(**BRAND, clock_offset_seconds=-3600, quiet_until=NOW)
    assert brand.business_time(NOW) == NOW - timedelta(hours=1)
    assert brand.is_quiet(NOW - timedelta(seconds=1))
    assert not brand.is_quiet(NOW)
    assert brand.lookback == timedelta(days=BrandChoices().lookback_days)


ANNA = {"code": "ANNA10", "channel": "affiliate", "campaign": "Anna"}


@pytest.mark.rule("TOUCH-16")
@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ([{**ANNA, "code": "  "}], "code"),
        ([{**ANNA, "channel": "direct"}], "a channel that can give out a code"),
        ([{**ANNA, "channel": "unattributed"}], "a channel that can give out a code"),
        ([{**ANNA, "channel": "influencer"}], "channel"),
        ([{**ANNA, "match": "regex"}], "match"),
        ([{**ANNA, "starts_on": "2026-03-02", "ends_on": "2026-03-01"}], "before starts_on"),
        ([ANNA, {**ANNA, "code": "anna10", "campaign": "Ben"}], "mapped twice"),
        ([{**ANNA, "ends_on": "2026-03-02"}, {**ANNA, "starts_on": "2026-03-02"}], "mapped twice"),
    ],
)
def test_a_mapping_of_codes_that_means_two_things_or_none_is_refused(mapping: list[Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        BrandSettings(**BRAND, discount_codes=mapping)


@pytest.mark.rule("TOUCH-16")
def test_a_code_may_change_hands_on_a_day_and_be_a_prefix_too() -> None:
    mapping = [{**ANNA, "ends_on": "2026-03-01"}, {**ANNA, "starts_on": "2026-03-02"}, {**ANNA, "match": "prefix"}]
    brand = BrandSettings(**BRAND, discount_codes=mapping)
    assert BrandSettings.model_validate(brand.model_dump(mode="json")) == brand
