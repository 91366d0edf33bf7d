"""What an ad platform's adapter reads: pages, rows, figures, money, and days that are restated."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from ingest_ads.domain import CampaignDay, settle_day
from pulsepoint.errors import VendorError
from sandbox.platforms.ad_days import AdRow
from tests.builders.ad_platforms import (
    DAY,
    REQUIRED,
    AdDialect,
    Change,
    Metric,
    Step,
    ad_row,
    ad_rows,
    days_from,
    playing,
)

FIGURES = tuple(metric for metric in Metric if metric not in (Metric.DAY, Metric.CAMPAIGN))
MOST_REQUESTS = 12


def as_read(rows: Iterable[AdRow]) -> list[CampaignDay]:
    """What an adapter has to read of the platform's rows, by day and campaign."""
    return sorted(
        (
            CampaignDay(
                campaign_id=row.campaign_id,
                campaign_name=row.campaign,
                day=row.day,
                spend_micros=row.spend_micros,
                impressions=row.impressions,
                clicks=row.clicks,
                conversions_micros=row.purchases_micros,
                conversion_value_micros=row.value_micros,
            )
            for row in rows
        ),
        key=lambda row: (row.day, row.campaign_id),
    )


def as_number(value: Any) -> Any:
    """Every text that is a number as a number, deep inside."""
    if isinstance(value, dict):
        return {name: as_number(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [as_number(inner) for inner in value]
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def as_text(value: Any) -> Any:
    """Every number as text, deep inside."""
    if isinstance(value, dict):
        return {name: as_text(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [as_text(inner) for inner in value]
    return str(value) if isinstance(value, int | float) else value


def _instead(new: Any, old: Any) -> Any:
    return new


def _gone(value: Any) -> Any:
    return AdDialect.ABSENT


def without_epoch(rows: Iterable[CampaignDay]) -> list[CampaignDay]:
    """The rows by day and campaign, without what is said of the meaning of their figures."""
    plain = (row.model_copy(update={"definition_epoch": None}) for row in rows)
    return sorted(plain, key=lambda row: (row.day, row.campaign_id))


class AdReadingSuite:
    """Part of `AdPlatformSuite`."""

    dialect: AdDialect

    @pytest.mark.rule("ADS-14")
    @pytest.mark.parametrize("page_size", [1, 2, 5, 1000])
    async def test_every_page_counts(self, page_size: int) -> None:
        days = days_from(DAY, 3)
        async with playing(self.dialect, ad_rows(days), page_size=page_size) as stage:
            account = await stage.opened()
            read = await stage.adapter.campaign_days(account, days[0], days[-1])
            totals = await stage.adapter.account_days(account, days[0], days[-1])
            assert without_epoch(read.rows) == as_read(stage.source.reported)
            assert totals == {day: sum(r.spend_micros for r in stage.source.reported if r.day == day) for day in days}

    async def test_a_page_that_repeats_or_never_ends_is_an_error(self) -> None:
        faults = self.dialect.paging_faults()
        assert faults
        for name, fault in faults.items():
            async with playing(self.dialect, ad_rows(days_from(DAY, 2)), page_size=2) as stage:
                stage.wire.changes[Step.CAMPAIGNS] = fault
                with pytest.raises(VendorError):
                    await stage.pull(DAY, DAY)
                assert stage.wire.count(Step.CAMPAIGNS) <= MOST_REQUESTS, name

    @pytest.mark.parametrize("step", [Step.CAMPAIGNS, Step.TOTALS])
    async def test_a_row_that_comes_twice_is_an_error_and_never_counted_twice(self, step: Step) -> None:
        async with playing(self.dialect, ad_rows([DAY])) as stage:
            stage.wire.changes[step] = self.dialect.repeating_a_row
            with pytest.raises(VendorError, match="twice"):
                await stage.pull(DAY, DAY)

    async def test_no_rows_are_no_error(self) -> None:
        async with playing(self.dialect) as stage:
            assert await stage.step(Step.CAMPAIGNS) == ()
            assert await stage.step(Step.TOTALS) == {}
            pull = await stage.pull()
            assert [(day.account_spend_micros, day.adds_up, day.rows) for day in pull.days] == [(0, True, ())] * 2

    @pytest.mark.rule("ADS-02")
    async def test_a_row_of_zeros_is_zeros(self) -> None:
        idle = ad_row(spend_micros=0, impressions=0, clicks=0, purchases_micros=0, value_micros=0)
        async with playing(self.dialect, [idle]) as stage:
            [read] = await stage.step(Step.CAMPAIGNS)
            assert [getattr(read, metric) for metric in FIGURES] == [0] * len(FIGURES)

    @pytest.mark.rule("ADS-02")
    async def test_a_value_that_is_missing_is_none_and_not_zero(self) -> None:
        assert {Metric.IMPRESSIONS, Metric.CLICKS} <= self.dialect.missing.keys()
        for metric, written in self.dialect.missing.items():
            for value in (written, None):
                async with playing(self.dialect, [ad_row()]) as stage:
                    stage.wire.changes[Step.CAMPAIGNS] = self.dialect.changing(metric, partial(_instead, value))
                    [read] = await stage.step(Step.CAMPAIGNS)
                    assert getattr(read, metric) is None, (metric, value)
                    assert read.spend_micros > 0

    @pytest.mark.rule("ADS-13")
    async def test_a_field_that_is_gone_is_an_error_that_names_it_and_the_version(self) -> None:
        for metric in REQUIRED:
            async with playing(self.dialect, [ad_row()]) as stage:
                stage.wire.changes[Step.CAMPAIGNS] = self.dialect.changing(metric, _gone)
                with pytest.raises(VendorError, match=self.dialect.api) as caught:
                    await stage.step(Step.CAMPAIGNS)
                assert self.dialect.fields[metric][-1] in str(caught.value)
        async with playing(self.dialect, [ad_row()]) as stage:
            stage.wire.changes[Step.TOTALS] = self.dialect.changing(Metric.SPEND, _gone)
            with pytest.raises(VendorError, match=self.dialect.api):
                await stage.step(Step.TOTALS)

    async def test_a_field_that_nobody_asked_for_changes_nothing(self) -> None:
        async with playing(self.dialect, [ad_row()]) as stage:

            def change(body: Any) -> Any:
                self.dialect.rows(body)[0]["moon_phase"] = {"new": True}
                return body

            stage.wire.changes[Step.CAMPAIGNS] = change
            assert without_epoch(await stage.step(Step.CAMPAIGNS)) == as_read([ad_row()])

    @pytest.mark.parametrize("write", [as_number, as_text])
    async def test_figures_may_be_numbers_or_text(self, write: Change) -> None:
        async with playing(self.dialect, ad_rows([DAY])) as stage:

            def change(body: Any) -> Any:
                for metric in FIGURES:
                    body = self.dialect.changing(metric, write)(body)
                return body

            stage.wire.changes = {Step.CAMPAIGNS: change, Step.TOTALS: self.dialect.changing(Metric.SPEND, write)}
            pull = await stage.pull(DAY, DAY)
            assert [(day.adds_up, without_epoch(day.rows)) for day in pull.days] == [
                (True, as_read(stage.source.reported))
            ]

    @pytest.mark.rule("ADS-01")
    @pytest.mark.parametrize(
        ("currency", "amounts"),
        [
            ("JPY", (1_234_000_000, 1_000_000)),
            ("KWD", (1_234_000, 1_000)),
            ("SEK", (1_000_000_000, 10_000)),
            ("GBP", (1_234_567_890_120_000, 10_000)),
        ],
    )
    async def test_money_is_exact_in_the_accounts_own_currency(self, currency: str, amounts: tuple[int, int]) -> None:
        spends = [ad_row(campaign=at, spend_micros=spend, value_micros=spend) for at, spend in enumerate(amounts, 1)]
        async with playing(self.dialect, spends, currency=currency) as stage:
            pull = await stage.pull(DAY, DAY)
            assert pull.account.currency == currency
            [day] = pull.days
            assert (day.adds_up, day.account_spend_micros) == (True, sum(amounts))
            assert [row.spend_micros for row in day.rows] == list(amounts)
            assert [row.conversion_value_micros for row in day.rows] == list(amounts)

    @pytest.mark.rule("ADS-04")
    @pytest.mark.parametrize(("currency", "unit"), [("JPY", 1_000_000), ("GBP", 10_000), ("KWD", 1_000)])
    async def test_rounding_of_the_smallest_unit_is_no_mismatch_and_more_is(self, currency: str, unit: int) -> None:
        spends = [ad_row(campaign=number, spend_micros=7 * unit + unit * 2 // 5) for number in (1, 2, 3)]
        async with playing(self.dialect, spends, currency=currency) as stage:
            assert [day.adds_up for day in (await stage.pull(DAY, DAY)).days] == [True]

            def change(body: Any) -> Any:
                self.dialect.rows(body).pop()
                return self.dialect.recount(body)

            stage.wire.changes[Step.CAMPAIGNS] = change
            assert [day.adds_up for day in (await stage.pull(DAY, DAY)).days] == [False]

    @pytest.mark.rule("ADS-03")
    async def test_a_second_pull_records_what_was_restated_and_nothing_else(self) -> None:
        async with playing(self.dialect, ad_rows([DAY])) as stage:
            first = await stage.pull(DAY, DAY)
            settled = settle_day(None, first.days[0], first.account, 1)
            again = await stage.pull(DAY, DAY)
            assert settle_day(settled.document, again.days[0], again.account, 2).rows == ()
            kept, grown = stage.source.reported
            for version, restated in enumerate(
                (
                    replace(grown, spend_micros=grown.spend_micros + 10_000),
                    replace(grown, purchases_micros=grown.purchases_micros + 1_000_000),
                    replace(grown, value_micros=grown.value_micros + 10_000),
                ),
                start=3,
            ):
                stage.source.reported = [kept, restated]
                pull = await stage.pull(DAY, DAY)
                changed = settle_day(settled.document, pull.days[0], pull.account, version).rows
                assert without_epoch(changed) == as_read([restated])
