"""Sites by the public list and our own rows: countries, subdomains, portals, hosts of mail."""

from __future__ import annotations

import pytest

from attribution.domain.sites import Kind, Origin, origin_of_site

SEARCH, EMAIL = Origin(Kind.SEARCH), Origin(Kind.EMAIL)
GOOGLE = Origin(Kind.SEARCH, "google")


@pytest.mark.rule("TOUCH-07")
@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("google.com", GOOGLE),
        ("google.de", GOOGLE),
        ("google.co.nz", GOOGLE),
        ("images.google.com.br", GOOGLE),
        ("docs.google.com", None),
        ("notgoogle.de", None),
        ("google.brand.example", None),
        ("lycos.com", SEARCH),
        ("de.search.yahoo.com", SEARCH),
        ("es.ask.com", SEARCH),
        ("yandex.com.tr", SEARCH),
        ("yabs.yandex.ru", Origin(Kind.PAID)),
        ("mail.yandex.ru", EMAIL),
        ("webmail.university.example", EMAIL),
        ("email.sender.example", EMAIL),
        ("mail.example", None),
        ("mailing.brand.example", None),
        ("chatgpt.com", Origin(Kind.ASSISTANT)),
        ("bsky.app", Origin(Kind.SOCIAL)),
        ("brand.example", None),
    ],
)
def test_a_host_is_what_its_site_is(host: str, origin: Origin | None) -> None:
    assert origin_of_site(host) == origin
