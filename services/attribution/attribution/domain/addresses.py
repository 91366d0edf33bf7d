"""Reading web addresses that anybody may have written: it never raises and never runs long.

Shopify's `landing_site` is a path with its query, or a full URL; spaces come unencoded, keys in any case
(https://shopify.dev/docs/api/admin-rest/latest/resources/order).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import unquote_plus

MAX_ADDRESS = 16_384
MAX_PARAMETERS = 256
MAX_VALUE = 512
MAX_NESTING = 3

_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]*):(//)?", re.IGNORECASE)
_HOST = re.compile(r"^(?:[^/?#\\@]*@)?(\[[^\]/?#]*\]|[^/?#\\:]*)")
# Some programs write ";" for "&". A second "?" starts parameters again where a key follows: links glued by hand.
_SEPARATOR = re.compile(r"&|;(?=utm_[a-z]+=)|\?(?=[A-Za-z0-9_%\[\]-]{1,40}=)")
_INDEX = re.compile(r"\[[^\]]*\]$")
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_ENCODED_EQUALS = re.compile(r"%(25)*3d", re.IGNORECASE)
# The "?" of a query that was encoded with it, and a tag whose value swallowed the rest of the query.
_ENCODED_MARK = re.compile(r"%(25)*3f(?=[a-z0-9_]{1,40}(=|%(25)*3d))", re.IGNORECASE)
_SWALLOWED = re.compile(r"&(?=utm_[a-z]+=)", re.IGNORECASE)
_PERCENT_MACRO = re.compile(r"%%[A-Za-z_.]+%%")
# What a platform should have filled in, in any case and also cut off: Meta's {{campaign.name}}, Google's {campaignid},
# TikTok's __CAMPAIGN_ID__, Mailchimp's *|CAMPAIGN_UID|*, and templates' [campaign_name], <source>, $AD_ID. People write
# such signs themselves (`US__Prospecting__Broad`, `[DE] Spring`): those of templates stand around what they fill in.
_FILLED_IN = (
    r"(?:campaign|ad ?set|ad ?group|ad|placement|keyword|source|medium|network|creative|utm)"
    r"(?:[ ._-]?(?:name|id|uid|type|source|medium|campaign))?"
)
_MACRO = re.compile(
    r"\{\{[^{}]*(?:\}\}?|$)|\$?\{\s*[^{}\s]*\s*\}|(?<![a-z0-9])__[a-z][a-z0-9_]*?__(?![a-z0-9])|\*\|[^|]*\|\*"
    rf"|@@[a-z0-9_.]+@@|\[\[[^\[\]]*\]\]|\[{_FILLED_IN}\]|<{_FILLED_IN}>|(?<![a-z0-9$])\${{1,2}}{_FILLED_IN}\b\${{0,2}}",
    re.IGNORECASE,
)
# Mail filters that write the address into their own in another way than encoded as a parameter:
# https://help.proofpoint.com/Threat_Insight_Dashboard/Concepts/How_do_I_decode_a_rewritten_URL%3F
_WRAPPED = re.compile(
    r"/v3/__(?P<v3>https?:/.*?)__;|/(?P<encoded>https?%3a%2f%2f.*)|[?&]u=(?P<v2>https?-3A__[^&]*)", re.IGNORECASE
)
_TRANSLATED = ".translate.goog"
_WEB_SCHEMES = frozenset({"http", "https", "android-app", "ios-app"})


@dataclass(frozen=True, slots=True)
class Address:
    """An address in parts: `host` in lower case without `www.` ("" for a path), parameters by lower-case key."""

    host: str = ""
    path: str = ""
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    nested: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def clean(text: str, limit: int = MAX_VALUE) -> str:
    """Text without control characters and lone surrogates, trimmed, at most `limit` characters."""
    kept = text[:MAX_ADDRESS]
    if not (kept.isascii() and kept.isprintable()):
        kept = "".join(character for character in kept if unicodedata.category(character) not in ("Cc", "Cs"))
    return kept.strip()[:limit].rstrip()


def filled(text: str, limit: int = MAX_VALUE) -> str:
    """The text of a parameter as `clean` leaves it, without macros nobody filled in; "" where nothing else is left."""
    plain = clean(text, limit)
    if not _MACRO.search(plain):
        return plain
    return _MACRO.sub("", plain).strip(" -_|/.:+")


def read_address(text: str | None) -> Address | None:
    """The parts of a path or http(s) or app address; None for nothing, and for schemes that are no visit.

    `parameters` are those of its query, then of its fragment; `nested` those of addresses inside its parameters
    (consent and redirect links), at most three deep. The first non-empty value of a repeated key counts.
    """
    return _read(clean(text or "", MAX_ADDRESS), 0)


def _read(text: str, depth: int) -> Address | None:
    if not text:
        return None
    host, rest = _split_host(text)
    if host is None:
        return None
    wrapped = _WRAPPED.search(rest) if host else None
    if wrapped is not None and wrapped["v3"]:
        # What follows is all of the address that is inside.
        rest = rest[: wrapped.start()]
    before_fragment, _, fragment = rest.partition("#")
    path, _, query = before_fragment.partition("?")
    if (mark := _ENCODED_MARK.search(path)) is not None:
        path, query = path[: mark.start()], "&".join(filter(None, (path[mark.end() :], query)))
    parameters: dict[str, str] = {}
    nested: dict[str, str] = {}
    _, fragment_has_query, fragment_query = fragment.partition("?")
    for key, value in [*_pairs(query), *_pairs(fragment_query if fragment_has_query else fragment)]:
        parameters.setdefault(key, value)
        for inner_key, inner_value in _inside(value, depth):
            nested.setdefault(inner_key, inner_value)
    for inner_key, inner_value in _wrapped(wrapped, depth):
        nested.setdefault(inner_key, inner_value)
    return Address(host, clean(path), MappingProxyType(parameters), MappingProxyType(nested))


def _split_host(text: str) -> tuple[str | None, str]:
    scheme = _SCHEME.match(text)
    if scheme is not None and scheme.group(2) is None and scheme.group(1).lower() not in _WEB_SCHEMES:
        # "shop.com:443/x" is a host with its port; "javascript:…" and "mailto:…" are no visit.
        if "." not in scheme.group(1) or not text[scheme.end() : scheme.end() + 1].isdigit():
            return None, ""
        scheme, text = None, f"//{text}"
    if scheme is not None:
        if scheme.group(1).lower() not in _WEB_SCHEMES:
            return None, ""
        text = f"//{text[scheme.end() :]}"
    if not text.startswith("//"):
        return "", text
    host = _HOST.match(text[2:])
    name = host.group(1) if host is not None else ""
    rest = text[2 + (host.end() if host is not None else 0) :]
    return site_name(name), re.sub(r"^:\d*", "", rest)


def site_name(host: str) -> str:
    """A host name as compared: lower case, without `www.` and a trailing dot, at most 253 characters.

    A page read through Google Translate is on the site it is of: `www-my--shop-example.translate.goog` is
    `my-shop.example` (https://developers.google.com/search/docs/appearance/ad-network-and-translation).
    """
    name = clean(host, 253).lower().rstrip(".")
    if name.endswith(_TRANSLATED):
        name = "-".join(part.replace("-", ".") for part in name.removesuffix(_TRANSLATED).split("--"))
    return name.removeprefix("www.")


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for count, piece in enumerate(_pieces(query)):
        if count >= MAX_PARAMETERS:
            return
        # "&amp;" of a link copied from HTML leaves "amp;" in front of the next key, once for each escaping.
        while piece.startswith("amp;"):
            piece = piece[4:]
        raw_key, _, raw_value = piece.partition("=")
        key = _INDEX.sub("", clean(unquote_plus(raw_key), 64)).lower()
        value = unquote_plus(_PERCENT_MACRO.sub("", raw_value))
        value = clean(_PERCENT_MACRO.sub("", value), MAX_ADDRESS)
        swallowed: list[str] = []
        if key.startswith("utm_"):
            value, *swallowed = _SWALLOWED.split(_decoded(value))
        if key and value:
            yield key, value
        for inner in swallowed:
            inner_key, _, inner_value = inner.partition("=")
            yield inner_key.lower(), inner_value


def _pieces(query: str) -> Iterator[str]:
    """The `key=value` texts of a query, those of a query that was encoded as a whole too."""
    for piece in _SEPARATOR.split(query):
        if "=" not in piece and _ENCODED_EQUALS.search(piece):
            yield from _SEPARATOR.split(_decoded(piece))
        else:
            yield piece


def _decoded(text: str) -> str:
    """Text without the percent-encodings left over from being encoded more than once."""
    for _ in range(MAX_NESTING):
        if not _ENCODED.search(text):
            break
        text = clean(unquote_plus(text), MAX_ADDRESS)
    return text


def _inside(value: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth >= MAX_NESTING or "=" not in value or not re.match(r"(https?://|/|%2f|https?%3a)", value, re.IGNORECASE):
        return
    inner = _read(value if "?" in value or "#" in value else unquote_plus(value), depth + 1)
    if inner is not None:
        yield from inner.parameters.items()
        yield from inner.nested.items()


def _wrapped(match: re.Match[str] | None, depth: int) -> Iterator[tuple[str, str]]:
    """The parameters of an address that a mail filter wrote into the path or, in signs of its own, into a parameter."""
    if match is None or depth >= MAX_NESTING:
        return
    address = match["v3"] or (unquote_plus(match["encoded"]) if match["encoded"] else "")
    if match["v2"]:
        address = unquote_plus(match["v2"].replace("_", "/").replace("-", "%"))
    # A slash that the filter merged.
    inner = _read(re.sub(r"^(https?:)/(?!/)", r"\1//", address), depth + 1)
    if inner is not None:
        yield from inner.parameters.items()
        yield from inner.nested.items()
