"""Values are found in stored bodies however they are spelled there, and short numbers are nobody's."""

from __future__ import annotations

import pytest

from pulsepoint.runtime.search_terms import SearchTerms

EMAIL, PHONE, ID = "Ada.Quill@mail.example", "493090182077", "7358220173425"


@pytest.mark.parametrize(
    "body",
    [
        b'{"email":"ada.quill@mail.example"}',
        b'{"email":"ada.quill\\u0040mail.example"}',
        b'{"landing_site":"/?e=Ada.Quill%40mail.example&x=1"}',
        b'{"phone":"+49 (30) 9018-2077"}',
        b'{"customer":{"id":7358220173425}}',
        b'{"admin_graphql_api_id":"gid://shopify/Customer/7358220173425", cut off',
    ],
)
def test_a_value_is_found_however_it_is_spelled(body: bytes) -> None:
    terms = SearchTerms.from_json(SearchTerms.of([EMAIL, PHONE, ID, None]).as_json())
    assert terms.are_in(body)
    assert not SearchTerms.of(["7358220173426", "bo@mail.example"]).are_in(body)


def test_a_short_number_finds_nothing() -> None:
    assert not SearchTerms.of(["1", "12345"]).are_in(b'{"quantity":1,"number":12345}')
