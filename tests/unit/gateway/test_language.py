"""The language of an answer: the browser's, else the person's own, else English."""

from __future__ import annotations

import pytest

from gateway.endpoints.language import languages_of
from pulsepoint.brand.texts import accepted


@pytest.mark.parametrize(
    ("requested", "own", "header"),
    [
        ("fr-CH, en;q=0.8", "de", "fr-CH, en;q=0.8,de;q=0.001"),
        (None, "fr-CH", "fr-CH;q=0.001"),
        ("de", None, "de"),
        (None, None, ""),
    ],
)
def test_a_persons_own_language_is_asked_for_last(requested: str | None, own: str | None, header: str) -> None:
    assert languages_of(requested, own) == header


def test_a_person_who_reads_english_gets_it_where_the_browser_asks_for_what_is_not_there() -> None:
    assert accepted(languages_of("xx-YY", "en-GB")) == "en-GB"
    assert accepted(languages_of(None, None)) == "en"
