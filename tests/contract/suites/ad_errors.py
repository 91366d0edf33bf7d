"""What an ad platform's adapter makes of errors: any body, silence, refusals, and tokens that are echoed."""

from __future__ import annotations

import logging
import traceback

import httpx
import pytest

from pulsepoint.brand.failures import PullFailure
from pulsepoint.brand.sentences import pull_failure_text
from pulsepoint.brand.texts import texts
from pulsepoint.brand.wording import UNKNOWN
from pulsepoint.errors import VendorError, VendorRefused
from pulsepoint.events.ads import AdsSyncFailed
from tests.builders.ad_platforms import TOKEN, AdDialect, Meaning, Metric, Raw, Step, ad_row, leaks, playing
from tests.builders.ads import SCOPE, STUB_URL, ads_service, secret_ref

STATUSES = (200, 302, 400, 401, 403, 404, 429, 500, 503)
BODIES = {
    "html": b"<!doctype html><html><body>502 Bad Gateway</body></html>",
    "empty": b"",
    "truncated": b'{"code": 0, "data": {"list": [{"campaign_id": "1", "spe',
    "list": b"[1, 2]",
    "list of null": b"[null]",
    "null": b"null",
    "text": b'"no"',
    "number": b"7",
    "no number": b'{"code": 0, "data": NaN}',
    "deep": b"[" * 100_000,
    "no text": b"\xff\xfe\x00",
    "wrong types": b'{"code": "x", "data": 5, "message": {}, "error": "text"}',
    "wrong types inside": b'{"code": 0, "data": {"list": 5}, "error": {"code": [], "message": {}, "details": 3}}',
    "wrong rows": b'{"code": 0, "data": {"list": [5]}}',
    "wrong rows in a list": b'{"data": [5]}',
    "wrong chunk": b'[{"results": 5, "error": {"details": [{"errors": [{"errorCode": 5}]}, 7]}}]',
}
SILENCES = (
    httpx.ReadTimeout("no answer"),
    httpx.ConnectError("no way"),
    httpx.RemoteProtocolError("cut off"),
    httpx.DecodingError("no gzip"),
    httpx.TooManyRedirects("round and round"),
)


def sentence_of(error: VendorError) -> str:
    """The sentence that people read of a pull that failed so: without the token, every placeholder filled."""
    sentence = pull_failure_text(PullFailure(error.reason), error.names, None, texts())
    assert UNKNOWN not in sentence and not leaks(sentence)
    return sentence


class AdErrorsSuite:
    """Part of `AdPlatformSuite`."""

    dialect: AdDialect

    @pytest.mark.rule("ADS-13")
    @pytest.mark.parametrize("step", list(Step))
    @pytest.mark.parametrize("body", list(BODIES))
    async def test_any_body_of_any_status_is_a_vendor_error_that_names_the_version(self, step: Step, body: str) -> None:
        for status in STATUSES:
            async with playing(self.dialect, [ad_row()]) as stage:
                stage.wire.answers[step] = Raw(BODIES[body], status)
                with pytest.raises(VendorError) as caught:
                    await stage.step(step)
                assert self.dialect.api in str(caught.value), status
                assert self.dialect.api in sentence_of(caught.value), status

    @pytest.mark.parametrize("step", list(Step))
    async def test_silence_is_a_vendor_error_that_names_the_version(self, step: Step) -> None:
        for silence in SILENCES:
            async with playing(self.dialect, [ad_row()]) as stage:
                stage.wire.answers[step] = silence
                with pytest.raises(VendorError, match=self.dialect.api) as caught:
                    await stage.step(step)
                assert self.dialect.api in sentence_of(caught.value)

    @pytest.mark.rule("ADS-16")
    async def test_a_bad_token_calls_for_a_person_and_nothing_else_does(self) -> None:
        for meaning in Meaning:
            async with playing(self.dialect, [ad_row()]) as stage:
                stage.wire.answers[Step.CAMPAIGNS] = self.dialect.error(meaning, "no reason")
                with pytest.raises(VendorError, match=self.dialect.api) as caught:
                    await stage.step(Step.CAMPAIGNS)
                assert isinstance(caught.value, VendorRefused) == (meaning is Meaning.BAD_TOKEN), meaning

    @pytest.mark.rule("ADS-13")
    async def test_an_unknown_field_is_named_with_the_version(self) -> None:
        async with playing(self.dialect, [ad_row()]) as stage:
            stage.wire.answers[Step.CAMPAIGNS] = self.dialect.error(Meaning.UNKNOWN_FIELD, "no field spend_of_moon")
            with pytest.raises(VendorError, match=self.dialect.api) as caught:
                await stage.step(Step.CAMPAIGNS)
            assert "spend_of_moon" in sentence_of(caught.value)

    @pytest.mark.rule("ADS-15")
    async def test_the_token_travels_in_a_header_alone(self) -> None:
        async with playing(self.dialect, [ad_row()], page_size=1) as stage:
            await stage.pull()
            for _, request in stage.wire.requests:
                assert any(TOKEN in value for value in request.headers.values())
                assert not leaks(str(request.url)) and not leaks(request.content.decode())

    @pytest.mark.rule("ADS-15")
    async def test_a_redirect_is_not_followed_with_the_token(self) -> None:
        async with playing(self.dialect, [ad_row()]) as stage, ads_service(transport=stage.wire) as ads:
            await ads.connect((stage.source.account,))
            stage.wire.answers[Step.CAMPAIGNS] = Raw(b"", 302, {"location": "https://elsewhere.example/"})
            await ads.sync()
            assert stage.wire.count(Step.CAMPAIGNS) == 1
            assert {request.url.host for _, request in stage.wire.requests} == {httpx.URL(STUB_URL).host}
            [failure] = ads.events(AdsSyncFailed)
            assert self.dialect.api in failure.names["api"]

    @pytest.mark.rule("ADS-15")
    @pytest.mark.parametrize("step", list(Step))
    async def test_an_echoed_token_is_in_no_exception_and_no_log(
        self, step: Step, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        echoes = [
            *(self.dialect.error(meaning, f"token {TOKEN} of {TOKEN[:20]}") for meaning in Meaning),
            *(Raw(f"<p>{TOKEN}</p>".encode(), status) for status in (200, 401, 500)),
        ]
        for echo in echoes:
            async with playing(self.dialect, [ad_row()]) as stage:
                stage.wire.answers[step] = echo
                with pytest.raises(VendorError) as caught:
                    await stage.step(step)
                seen = [*traceback.format_exception(caught.value), repr(caught.value), caplog.text]
                assert not any(leaks(text) for text in seen), echo

    @pytest.mark.rule("ADS-15")
    @pytest.mark.parametrize("metric", [metric for metric in Metric if metric is not Metric.CAMPAIGN])
    async def test_a_token_in_the_place_of_a_figure_is_in_no_exception(self, metric: Metric) -> None:
        async with playing(self.dialect, [ad_row()]) as stage:
            stage.wire.changes[Step.CAMPAIGNS] = self.dialect.changing(metric, lambda value: TOKEN)
            with pytest.raises(VendorError, match=self.dialect.api) as caught:
                await stage.step(Step.CAMPAIGNS)
            assert not any(leaks(text) for text in (*traceback.format_exception(caught.value), repr(caught.value)))

    @pytest.mark.rule("ADS-15")
    async def test_an_echoed_token_is_in_no_event_and_no_row(
        self, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        caplog.set_level(logging.DEBUG)
        for meaning in Meaning:
            async with playing(self.dialect, [ad_row()]) as stage, ads_service(transport=stage.wire) as ads:
                account = stage.source.account
                await ads.connect((account,))
                assert await ads.runtime.ports.secrets.get(SCOPE, secret_ref(account)) == TOKEN.encode()
                stage.wire.answers[Step.CAMPAIGNS] = self.dialect.error(meaning, f"token {TOKEN} is wrong")
                await ads.sync()
                published = [message.data.decode() for message in ads.runtime.ports.bus.published]
                assert any("[token] is wrong" in event for event in published), "the failure is told"
                printed = capsys.readouterr()
                seen = [*published, caplog.text, printed.out, printed.err, repr(await ads.rows())]
                assert not any(leaks(text) for text in seen)
