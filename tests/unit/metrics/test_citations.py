"""Fact ids: short, authentic, of one meaning; whoever else's they are, they are not there."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse, open_duckdb
from pulsepoint.adapters.memory.secret_store import MemorySecretStore
from pulsepoint.brand.settings import BrandChoices
from pulsepoint.brand.vocabulary import AttributionModel, CancelledOrders, DateBasis
from pulsepoint.errors import AccessDenied, MalformedInput, PermanentError
from pulsepoint.metrics import citations, explain
from pulsepoint.metrics.access import open_codec
from pulsepoint.metrics.basis import MetricSettings, Period
from pulsepoint.metrics.catalog import METRICS, dimensions_of
from pulsepoint.metrics.citations import DIMENSION_NUMBERS, LONGEST, Citation, CitationCodec
from pulsepoint.metrics.definitions import ALIASES, CATALOG_VERSION, DEFINITIONS
from tests.builders.metrics import CODEC, LONDON, MARCH, measured, recomputed, under, values
from tests.builders.orders import order_line
from tests.builders.warehouse import (
    NOON,
    OTHER_BRAND,
    OTHER_TENANT,
    RECORDED_AT,
    SCOPE,
    ad_fact,
    credit_facts,
    line_facts,
    order_fact,
    quarantine_fact,
)

pytestmark = pytest.mark.slow

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
TEXTS = st.one_of(
    st.none(), st.text(max_size=300), st.integers(0, 10**18).map(str), st.sampled_from(["meta", "", "0", "007"])
)
EVERY_BREAKDOWN = [
    (name, by)
    for name in METRICS
    for size in range(len(dimensions_of(name)) + 1)
    for by in combinations(sorted(dimensions_of(name)), size)
]


@pytest.fixture
async def warehouse() -> AsyncIterator[DuckDBWarehouse]:
    async with open_duckdb() as opened:
        yield opened


@st.composite
def values_of(draw: st.DrawFn, dimensions: tuple[str, ...]) -> dict[str, Any]:
    drawn = {"day": DAYS, "month": DAYS.map(lambda day: f"{day:%Y-%m}")}
    return {name: draw(drawn.get(name, TEXTS)) for name in dimensions}


@st.composite
def any_citation(draw: st.DrawFn) -> Citation:
    metric, by = draw(st.sampled_from(EVERY_BREAKDOWN))
    first, last = sorted((draw(DAYS), draw(DAYS)))
    chosen = MetricSettings(
        version=draw(st.integers(1, 100_000)),
        timezone="UTC",
        model=draw(st.sampled_from(AttributionModel)),
        cancelled_orders=draw(st.sampled_from(CancelledOrders)),
        date_basis=draw(st.sampled_from(DateBasis)),
    )
    currency, as_of = draw(st.sampled_from([None, "EUR", "SEK"])), draw(st.one_of(st.none(), MOMENTS))
    return Citation(metric, SCOPE, Period(first, last), chosen, currency, as_of, draw(values_of(by)))


def restored(fact_id: str, original: Citation) -> Citation:
    """What an id says, with the values its digest is of taken from the original."""
    opened = CODEC.decode(SCOPE, fact_id)
    at = dict(opened.citation.at)
    if opened.unresolved is not None:
        assert opened.unresolved.is_of(original.at)
        at |= {name: original.at[name] for name in opened.unresolved.dimensions}
    return replace(opened.citation, at=at)


@given(any_citation())
def test_a_citation_is_read_as_it_was_written(citation: Citation) -> None:
    fact_id = CODEC.encode(citation)
    assert len(fact_id) <= LONGEST
    assert restored(fact_id, citation) == citation
    assert CODEC.encode(citation) == fact_id


@settings(max_examples=5, deadline=None)
@given(st.text(min_size=100, max_size=400), MOMENTS)
def test_no_breakdown_of_any_metric_is_longer_than_it_may_be(value: str, moment: datetime) -> None:
    period = Period(date(2000, 1, 1), date(2100, 12, 31))
    chosen = MetricSettings.of(BrandChoices(), 99_999)
    for metric, by in EVERY_BREAKDOWN:
        at = {name: {"day": date(2055, 5, 5), "month": "2055-05"}.get(name, value) for name in by}
        fact_id = CODEC.encode(Citation(metric, SCOPE, period, chosen, "EUR", moment, at))
        assert len(fact_id) <= LONGEST, (metric, by)


@given(any_citation(), st.data())
def test_any_changed_bit_is_refused(citation: Citation, data: st.DataObject) -> None:
    fact_id = CODEC.encode(citation)
    packed = bytearray(base64.urlsafe_b64decode(fact_id + "=" * (-len(fact_id) % 4)))
    bit = data.draw(st.integers(0, len(packed) * 8 - 1))
    packed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(AccessDenied):
        CODEC.decode(SCOPE, base64.urlsafe_b64encode(packed).rstrip(b"=").decode())


@given(any_citation(), st.data())
def test_any_changed_character_is_refused(citation: Citation, data: st.DataObject) -> None:
    fact_id = CODEC.encode(citation)
    place = data.draw(st.integers(0, len(fact_id) - 1))
    other = data.draw(st.sampled_from("ABCXYZabcxyz0189-_").filter(lambda char: char != fact_id[place]))
    with pytest.raises((AccessDenied, MalformedInput)):
        CODEC.decode(SCOPE, fact_id[:place] + other + fact_id[place + 1 :])


@given(any_citation())
def test_who_lacks_the_key_the_tenant_or_the_brand_is_told_that_it_is_not_there(citation: Citation) -> None:
    fact_id = CODEC.encode(citation)
    for codec, scope in (
        (CitationCodec(b"another key" * 3), SCOPE),
        (CODEC, OTHER_TENANT),
        (CODEC, OTHER_BRAND),
    ):
        with pytest.raises(AccessDenied) as refused:
            codec.decode(scope, fact_id)
        assert str(refused.value) == str(AccessDenied())


def test_the_brand_is_found_among_the_callers_own() -> None:
    fact_id = CODEC.encode(Citation("spend", SCOPE, MARCH, LONDON, "EUR", RECORDED_AT))
    assert CODEC.brand_of(fact_id, [OTHER_BRAND, SCOPE]) == SCOPE
    with pytest.raises(AccessDenied):
        CODEC.brand_of(fact_id, [OTHER_BRAND, OTHER_TENANT])


@pytest.mark.parametrize("nonsense", ["", "x", "e30", "AAAA", "é", "eyJ", "eyJtIjoieCJ9", "A" * 90])
def test_nonsense_is_no_fact_id(nonsense: str) -> None:
    with pytest.raises((MalformedInput, AccessDenied)):
        CODEC.decode(SCOPE, nonsense)


async def test_nonsense_is_told_from_what_is_not_yours(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append([order_fact()])
    number = (await measured(warehouse, ["orders"])).total.numbers["orders"]
    for foreign in (OTHER_BRAND, OTHER_TENANT):
        with pytest.raises(AccessDenied):
            await recomputed(warehouse, number.fact_id, scope=foreign)
    for nonsense in ("", "x", "e30", "eyJ", number.fact_id + "=", "é"):
        with pytest.raises(MalformedInput):
            await recomputed(warehouse, nonsense)


async def test_the_key_is_made_once_and_the_same_for_every_service() -> None:
    secrets = MemorySecretStore()
    first, second = await open_codec(secrets), await open_codec(secrets)
    citation = Citation("spend", SCOPE, MARCH, LONDON, "EUR", RECORDED_AT)
    assert first.encode(citation) == second.encode(citation)
    with pytest.raises(AccessDenied):
        (await open_codec(MemorySecretStore())).decode(SCOPE, first.encode(citation))


def test_every_choice_has_a_number_of_its_own() -> None:
    for numbers, members in (
        (citations.MODEL_NUMBERS, AttributionModel),
        (citations.POLICY_NUMBERS, CancelledOrders),
        (citations.BASIS_NUMBERS, DateBasis),
    ):
        assert set(numbers) == set(members)
        assert len(set(numbers.values())) == len(numbers)
    assert len({metric.number for metric in DEFINITIONS}) == len(DEFINITIONS) == len(METRICS)
    assert {name for metric in METRICS for name in dimensions_of(metric)} <= set(DIMENSION_NUMBERS)
    assert len(set(DIMENSION_NUMBERS.values())) == len(DIMENSION_NUMBERS)
    assert not ALIASES.keys() & METRICS.keys()
    assert set(ALIASES.values()) <= METRICS.keys()


async def test_long_values_are_found_again_within_the_scope(warehouse: DuckDBWarehouse) -> None:
    name, longer = "Spring sale " * 20, "Spring sale " * 21
    await warehouse.append(
        [
            ad_fact(name, spend=3, campaign_id="1" * 60, account_id="act_" + "9" * 60),
            ad_fact(longer, spend=5, campaign_id="2" * 60, account_id="act_" + "9" * 60),
            *credit_facts("o1", [("meta", name, 30), ("meta", longer, 70)]),
        ]
    )
    by = ["day", "channel", "account_id", "campaign_id", "campaign"]
    rows = (await measured(warehouse, ["spend", "attributed_roas"], by=by)).rows
    assert len(rows) == 2
    for row in rows:
        for metric, number in row.numbers.items():
            assert len(number.fact_id) <= LONGEST
            assert CODEC.decode(SCOPE, number.fact_id).unresolved is not None
            explained = await recomputed(warehouse, number.fact_id)
            assert (explained.citation.metric, explained.value) == (metric, number.value)
            assert (dict(explained.citation.at), explained.lost) == (dict(row.at), ())
            assert all(behind.total_rows == 1 for behind in explained.behind)


async def test_a_value_that_nothing_has_any_more_leaves_nothing_to_sum(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append([ad_fact("there", spend=3)])
    gone = Citation("spend", SCOPE, MARCH, LONDON, "GBP", RECORDED_AT, {"channel": "meta", "campaign": "Gone " * 40})
    explained = await recomputed(warehouse, CODEC.encode(gone))
    assert (explained.value, explained.lost, explained.behind[0].total_rows) == (0, ("channel", "campaign"), 0)


async def test_an_id_is_read_under_the_settings_it_was_made_under(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append([order_fact(processed_at=datetime(2026, 3, 31, 23, 30, tzinfo=UTC))])
    earlier = under(version=1, timezone="Europe/London")
    later = under(version=2, timezone="America/New_York")
    of_april = (await measured(warehouse, ["orders"], settings=earlier)).total.numbers["orders"]
    of_march = (await measured(warehouse, ["orders"], settings=later)).total.numbers["orders"]
    assert (of_april.value, of_march.value) == (0, 1)
    for number in (of_april, of_march):
        explained = await recomputed(warehouse, number.fact_id, kept=[earlier, later])
        assert explained.value == number.value
    with pytest.raises(PermanentError) as stale:
        await recomputed(warehouse, of_april.fact_id, kept=[later])
    assert stale.value.reason == "stale_fact"


async def test_an_id_is_stale_once_the_formula_has_changed(
    warehouse: DuckDBWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    await warehouse.append([order_fact()])
    number = (await measured(warehouse, ["orders"])).total.numbers["orders"]
    same = CODEC.encode(replace(number.citation, catalog=CATALOG_VERSION - 1))
    assert (await recomputed(warehouse, same)).value == 1
    changed = replace(METRICS["orders"], since=CATALOG_VERSION)
    monkeypatch.setitem(METRICS, "orders", changed)
    for stale in (same, CODEC.encode(replace(number.citation, catalog=CATALOG_VERSION + 1))):
        with pytest.raises(PermanentError) as refused:
            await recomputed(warehouse, stale)
        assert refused.value.reason == "stale_fact"
    assert (await recomputed(warehouse, number.fact_id)).value == 1


async def test_of_a_brand_without_facts_nothing_is_known_later_either(warehouse: DuckDBWarehouse) -> None:
    number = (await measured(warehouse, ["spend"])).total.numbers["spend"]
    await warehouse.append([ad_fact(spend=3)])
    assert await values(warehouse, "spend") == {"spend": 3_000_000}
    explained = await recomputed(warehouse, number.fact_id)
    assert (explained.value, explained.citation.as_of) == (0, None)


def earlier_form(**changes: Any) -> str:
    """An id as they were written until 2026-12."""
    payload = {
        "m": "roas", "t": SCOPE.tenant_id.hex, "b": SCOPE.brand_id.hex,
        "p": [date(2026, 3, 1), date(2026, 3, 31), "Europe/London"], "s": ["last_non_direct", "return", "occurred"],
        "c": "GBP", "o": RECORDED_AT, "a": {"channel": "meta", "day": date(2026, 3, 10)}, "v": 1, **changes,
    }  # fmt: skip
    return base64.urlsafe_b64encode(orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)).rstrip(b"=").decode()


async def test_ids_of_the_earlier_form_still_open(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append([ad_fact("a", spend=100), *credit_facts("o1", [("meta", "a", 300)])])
    explained = await recomputed(warehouse, earlier_form(m="attributed_revenue"), kept=())
    assert (explained.citation.metric, explained.value) == ("attributed_revenue", 300_000_000)
    assert [behind.total_rows for behind in explained.behind] == [1]
    later = earlier_form(m="attributed_revenue", o=RECORDED_AT - timedelta(days=1))
    assert (await recomputed(warehouse, later, kept=())).value == 0


@pytest.mark.rule("ADS-18", "REV-08")
async def test_ratios_of_before_open_by_the_formula_they_had(warehouse: DuckDBWarehouse) -> None:
    """They did not leave days in quarantine out: the number that was shown is the number that opens."""
    bad_day = date(2026, 3, 11)
    credits_of_it = credit_facts("o2", [("meta", "a", 300)], occurred_at=NOON + timedelta(days=1))
    await warehouse.append([ad_fact("a", spend=100), *credit_facts("o1", [("meta", "a", 300)]), *credits_of_it])
    await warehouse.append([quarantine_fact(bad_day)])
    opened = await recomputed(warehouse, earlier_form(m="roas", a={"channel": "meta"}), kept=())
    assert (opened.citation.metric, opened.value) == ("attributed_roas", 6_000_000)
    assert (opened.formula, opened.left_out, opened.notes) == ("Σ revenue from ads ÷ Σ ad spend", (), ())
    today = (await measured(warehouse, ["roas"], where={"channel": "meta"})).total.numbers["roas"]
    assert (today.value, (await recomputed(warehouse, today.fact_id)).value) == (3_000_000, 3_000_000)


async def test_ids_of_the_earlier_form_are_of_one_brand_and_one_catalog(warehouse: DuckDBWarehouse) -> None:
    for foreign in (OTHER_BRAND, OTHER_TENANT):
        with pytest.raises(AccessDenied):
            await recomputed(warehouse, earlier_form(), scope=foreign)
    for broken in (earlier_form(p=["x", "y", "UTC"]), earlier_form(t="?"), earlier_form(s=[])):
        with pytest.raises(MalformedInput):
            await recomputed(warehouse, broken)
    with pytest.raises(PermanentError) as stale:
        await recomputed(warehouse, earlier_form(v=CATALOG_VERSION + 1))
    assert stale.value.reason == "stale_fact"


async def test_a_read_of_a_number_writes_no_table(warehouse: DuckDBWarehouse) -> None:
    order = order_fact("o1")
    await warehouse.append([order, *line_facts(order, [order_line("1", quantity=3)])])

    class OnlyReads:
        """A warehouse that fails on anything but a query."""

        query = staticmethod(warehouse.query)

    number = (await measured(OnlyReads(), ["units"], by=["sku"])).rows[0].numbers["units"]  # type: ignore[arg-type]
    explained = await explain.recompute(OnlyReads(), CODEC, SCOPE, number.fact_id, kept_london)  # type: ignore[arg-type]
    assert explained.value == 3


async def kept_london(version: int) -> MetricSettings | None:
    return LONDON if version == LONDON.version else None
