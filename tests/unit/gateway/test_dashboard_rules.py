"""Days, figures and traces without any engine."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.brands import row_of, settings_of
from gateway.domain.dashboard import decimal, money
from gateway.domain.periods import Period, period, today
from gateway.domain.traces import shown
from gateway.endpoints.callers import client_address
from pulsepoint.brand.settings import currency_code, shop_domain, timezone_name
from pulsepoint.errors import MalformedInput
from pulsepoint.events.brands import BrandConfigured

NOW = datetime(2026, 3, 1, 0, 30, tzinfo=UTC)


def settings(**changes: object) -> BrandConfigured:
    return BrandConfigured(name="b", shopify_store="b.myshopify.com", currency="GBP", **changes)


@pytest.mark.rule("REV-07")
def test_a_brands_day_is_of_its_timezone_and_its_own_clock() -> None:
    assert today(settings(timezone="America/New_York"), NOW) == date(2026, 2, 28)
    assert today(settings(timezone="Asia/Tokyo"), NOW) == date(2026, 3, 1)
    assert today(settings(clock_offset_seconds=-3600), NOW) == date(2026, 2, 28)


def test_days_left_out_make_thirty_until_today() -> None:
    assert period(None, None, settings(), NOW) == Period(date(2026, 1, 31), date(2026, 3, 1))
    assert period(date(2026, 1, 1), None, settings(), NOW) == Period(date(2026, 1, 1), date(2026, 1, 30))
    assert period(None, date(2026, 1, 30), settings(), NOW) == Period(date(2026, 1, 1), date(2026, 1, 30))


@given(start=st.dates(), end=st.dates())
def test_a_period_is_as_asked_or_refused_and_the_one_before_is_as_long(start: date, end: date) -> None:
    try:
        days = period(start, end, settings(), NOW)
    except MalformedInput:
        assert start > end or (end - start).days > 1_000 or start < date(4, 1, 1)
        return
    assert (days.start, days.end) == (start, end)
    assert days.before().days == days.days
    assert days.before().end + timedelta(days=1) == start


@pytest.mark.rule("SHOP-16")
@pytest.mark.parametrize(
    "shop", ["", "a.example", "-a.myshopify.com", "a.myshopify.com.evil", "a/b.myshopify.com", "a.myshopify.com\n.x"]
)
def test_a_shop_domain_must_wholly_be_one_of_shopifys(shop: str) -> None:
    with pytest.raises(ValueError, match=r"myshopify\.com"):
        shop_domain(shop)


def test_what_people_type_is_tidied() -> None:
    assert shop_domain(" My-Shop.myshopify.com ") == "my-shop.myshopify.com"
    assert currency_code("gbp") == "GBP"
    with pytest.raises(ValueError, match="ISO 4217"):
        currency_code("£")
    with pytest.raises(ValueError, match="IANA"):
        timezone_name("GMT+25")


def test_a_brand_is_read_from_its_row_as_it_was_written() -> None:
    configured = settings(quiet_until=NOW, ad_accounts=({"platform": "meta", "account_id": "1"},), lead_time_days=3)
    assert settings_of(row_of(configured, NOW)) == configured


@given(st.integers(-(10**15), 10**15))
def test_cents_stay_cents_as_decimal_numbers(cents: int) -> None:
    amount = money(cents * 10_000)
    assert amount is not None
    assert f"{amount:.2f}" == f"{cents / 100:.2f}"


def test_each_unit_is_shown_as_people_read_it() -> None:
    assert (decimal(7, "count"), decimal(2_500_000, "ratio"), decimal(None, "money")) == (7, 2.5, None)


def test_spans_of_nobody_are_shown_only_beside_ones_own() -> None:
    mine, theirs, nobodys = {"tenant_id": "me"}, {"tenant_id": "them"}, {"tenant_id": None}
    assert shown([mine, theirs, nobodys], frozenset({"me"})) == [mine, nobodys]
    assert shown([theirs, nobodys], frozenset({"me"})) == []


@pytest.mark.parametrize(("trusted", "address"), [(0, "10.0.0.1"), (1, "203.0.113.9"), (2, "6.6.6.6"), (3, "10.0.0.1")])
def test_only_trusted_proxies_name_the_caller(trusted: int, address: str) -> None:
    scope = {"client": ("10.0.0.1", 1), "headers": [(b"x-forwarded-for", b"6.6.6.6, 203.0.113.9")]}
    assert client_address(scope, trusted) == address
