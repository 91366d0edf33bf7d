"""Pulls that failed and messages that are held carry kind and names; the sentence is made where it is read."""

from __future__ import annotations

import pytest

from deploy.release.errors_page import uses
from pulsepoint.brand.failures import PostFailure, PullFailure
from pulsepoint.brand.sentences import pull_failure_text, quarantine_text
from pulsepoint.brand.texts import texts
from pulsepoint.errors import VendorError, VendorRefused

TECHNICAL = "what its service says"
HOLDING = "services/ingest-shopify"


@pytest.mark.parametrize("failure", list(PullFailure))
def test_every_failure_has_its_sentence_and_tells_what_the_platform_said(failure: PullFailure) -> None:
    names = {"message": "m", "code": "7", "percent": "96", "field": "spend", "timezone": "Mars/Base", "campaign": "c1"}
    sentence = pull_failure_text(failure, {**names, "day": "2026-03-14", "api": "Some API v1"}, "meta", texts())
    assert sentence and "–" not in sentence and "{" not in sentence


@pytest.mark.parametrize("failure", list(PostFailure))
def test_a_post_that_was_given_up_says_why_in_the_readers_language(failure: PostFailure) -> None:
    error = VendorError(
        "technical", reason=failure, names={"code": "404", "message": "no_team", "host": "hooks.example"}
    )
    names = {**PostFailure.names_of(error), "attempts": "20"}
    sentence = quarantine_text("attempts_exhausted", names, TECHNICAL, texts())
    assert sentence.startswith("given up after 20 attempts: ")
    assert "–" not in sentence and "{" not in sentence and "technical" not in sentence


def test_a_pull_that_was_given_up_names_its_platform() -> None:
    names = {**PullFailure.names_of(TimeoutError()), "platform": "tiktok", "attempts": "20"}
    sentence = quarantine_text("attempts_exhausted", names, TECHNICAL, texts())
    assert sentence == "given up after 20 attempts: TikTok did not answer in time"


def test_what_no_platform_explains_is_a_fault_of_our_own() -> None:
    assert PostFailure.of(KeyError("x")) is PostFailure.OWN_FAULT
    assert PostFailure.of(VendorError("x", reason="unheard_of")) is PostFailure.OWN_FAULT
    assert PostFailure.of(VendorRefused("x")) is PostFailure.REFUSED


def test_a_failure_without_an_answer_names_the_platform() -> None:
    assert pull_failure_text(PullFailure.NO_ANSWER, {}, "tiktok", texts()) == "TikTok did not answer in time"


def test_what_a_platform_says_is_cut_and_on_one_line() -> None:
    names = {"api": "Meta Graph API v27.0", "code": "190", "message": "bad\n{token}\x00 " + "x" * 900}
    sentence = pull_failure_text(PullFailure.REFUSED, names, "meta", texts())
    assert sentence.startswith("Meta Graph API v27.0 refuses the credentials (190): bad {token} xxx")
    assert len(sentence) < 400


def test_every_reason_to_hold_a_delivery_has_its_sentence() -> None:
    reasons = {use.reason for use in uses() if use.module.startswith(HOLDING)} | {"unknown_shop", "attempts_exhausted"}
    assert [reason for reason in sorted(reasons) if not texts().has(f"quarantined.{reason}")] == []


def test_a_field_that_cannot_be_read_shows_what_it_holds_where_that_can_be_shown() -> None:
    field = {"field": "price"}
    assert quarantine_text("unreadable_field", field, TECHNICAL, texts()) == "the field price cannot be read"
    assert quarantine_text("unreadable_field", {**field, "value": "'x'"}, TECHNICAL, texts()).endswith("it holds 'x'")


def test_messages_that_earlier_releases_held_read_as_they_did() -> None:
    given_up = {"attempts": "20", "error": "Slack answered 503"}
    sentence = quarantine_text("attempts_exhausted", given_up, TECHNICAL, texts())
    assert sentence == "given up after 20 attempts: Slack answered 503"
    assert quarantine_text("unknown_shop", None, TECHNICAL, texts()) == TECHNICAL


@pytest.mark.parametrize("reason", ["schema", "unknown_shop"])
def test_a_reason_without_a_text_or_without_its_names_is_told_as_its_service_explains_it(reason: str) -> None:
    assert quarantine_text(reason, {}, TECHNICAL, texts()) == TECHNICAL
