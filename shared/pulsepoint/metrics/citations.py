"""Citations: a number's full definition, short enough to stand beside it, from which it is computed again.

On the wire a citation is a fact id: at most `LONGEST` characters of base64url, authenticated by a truncated HMAC over
its bytes, its tenant and its brand, under a key that the deployment makes once. The tenant is left out (it is the
caller's), the brand is a digest, timezone, aliases and rates are the number of a kept version of the brand's
settings. Values of dimensions stand inside as long as they fit; else a digest of them does, and whoever opens the
citation looks for the values it is of (`metrics/explain.py`). Truncation: NIST SP 800-107r1, section 5.3.4.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import Any, Protocol

from pulsepoint.brand.vocabulary import AttributionModel, CancelledOrders, DateBasis
from pulsepoint.errors import AccessDenied, MalformedInput
from pulsepoint.metrics.basis import MetricSettings, Period
from pulsepoint.metrics.definitions import CATALOG_VERSION
from pulsepoint.metrics.derived import Derived, citable, citable_number
from pulsepoint.metrics.packing import Unpacker, Unreadable, signed, text, varint
from pulsepoint.metrics.sources import DAY, MONTH
from pulsepoint.tenancy import TenantContext

LONGEST = 90
"""Characters of a fact id at most."""
_MAC_BYTES = 12
_BRAND_BYTES = _DIGEST_BYTES = 8
_LONGEST_BODY = LONGEST * 3 // 4 - _MAC_BYTES
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY = date(2020, 1, 1)
_INLINE, _DIGESTED = 1, 2
"""First byte of an id, never that of the JSON which ids once were."""

DIMENSION_NUMBERS: Mapping[str, int] = {
    "day": 0, "month": 1, "kind": 2, "variant_id": 3, "product_id": 4, "sku": 5, "title": 6, "channel": 7,
    "account_id": 8, "campaign_id": 9, "campaign": 10, "status": 11, "currency": 12, "inventory_item_id": 13,
    "location_id": 14,
}  # fmt: skip
"""What stands for a dimension in citations; a number is never used again."""
MODEL_NUMBERS: Mapping[AttributionModel, int] = {
    AttributionModel.LAST_TOUCH: 1,
    AttributionModel.LAST_NON_DIRECT: 2,
}
POLICY_NUMBERS: Mapping[CancelledOrders, int] = {
    CancelledOrders.RETURN: 1,
    CancelledOrders.EXCLUDE: 2,
    CancelledOrders.KEEP: 3,
}
BASIS_NUMBERS: Mapping[DateBasis, int] = {DateBasis.OCCURRED: 0, DateBasis.ORDERED: 1}


@dataclass(frozen=True, slots=True)
class Citation:
    """Everything one number depends on; `at` says which values its dimensions have, `currency` what money is in.

    `as_of` is None where nothing was known yet. `catalog` is the version of the catalog that defined the metric.
    `metric` may be a derived number (`metrics/derived.py`): then `given` are the integers of its `given`, in order.
    """

    metric: str
    scope: TenantContext
    period: Period
    settings: MetricSettings
    currency: str | None
    as_of: datetime | None
    at: Mapping[str, Any] = field(default_factory=dict)
    catalog: int = CATALOG_VERSION
    given: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Unresolved:
    """The digest of values that did not fit, of `dimensions` by number: found again within the scope."""

    dimensions: tuple[str, ...]
    digest: bytes

    def is_of(self, values: Mapping[str, str | None]) -> bool:
        """True where it is the digest of these values."""
        return _digest(self.dimensions, values) == self.digest


@dataclass(frozen=True, slots=True)
class Opened:
    """An authentic citation whose kept settings and digested values are still to be looked up."""

    citation: Citation
    unresolved: Unresolved | None = None


class Cite(Protocol):
    """Makes the fact ids of numbers at hand: of a metric, or of a derived number with the integers it is given."""

    def __call__(
        self, name: str, at: Mapping[str, str], start: date, end: date, given: Sequence[int] = ()
    ) -> str | None:
        """The fact id over days `start` to `end`, both included; None where nothing can be cited."""
        ...


KeptSettings = Callable[[int], Awaitable[MetricSettings | None]]
"""`async (version) -> the brand's settings of that version, or None where they are not kept`."""


class CitationCodec:
    """Writes citations as fact ids and reads them, under the deployment's key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def encode(self, citation: Citation) -> str:
        """The fact id: at most `LONGEST` characters, the same for equal citations.

        Raises `MalformedInput` for a currency that is no three-letter code.
        """
        head, given = self._head(citation), b"".join(map(signed, citation.given))
        body = bytes((_INLINE,)) + head + _values(citation) + given
        if len(body) > _LONGEST_BODY:
            body = bytes((_DIGESTED,)) + head + _digested(citation) + given
        return urlsafe_b64encode(body + self._mac(citation.scope, body)).rstrip(b"=").decode()

    def decode(self, scope: TenantContext, fact_id: str) -> Opened:
        """The content of an id of this scope, with `settings` as far as the id itself holds them.

        Raises `MalformedInput` for what is no fact id, and `AccessDenied` for one that is not authentic: of another
        tenant or brand, or with a bit changed.
        """
        data = _bytes_of(fact_id)
        body, mac = data[:-_MAC_BYTES], data[-_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(scope, body)):
            raise AccessDenied
        try:
            return _opened(scope, body)
        except (Unreadable, ValueError, KeyError, OverflowError):
            raise MalformedInput("this is no fact id") from None

    def brand_of(self, fact_id: str, brands: Iterable[TenantContext]) -> TenantContext:
        """Of a tenant's brands the one an id says it is of; raises `AccessDenied` when it is none of them."""
        unpacker = Unpacker(_bytes_of(fact_id))
        unpacker.take(1)
        claimed = unpacker.take(_BRAND_BYTES)
        for scope in brands:
            if hmac.compare_digest(self._brand(scope), claimed):
                return scope
        raise AccessDenied

    def _head(self, citation: Citation) -> bytes:
        settings = citation.settings
        flags = (
            MODEL_NUMBERS[settings.model] << 4
            | POLICY_NUMBERS[settings.cancelled_orders] << 2
            | BASIS_NUMBERS[settings.date_basis] << 1
            | (citation.as_of is not None)
        )
        return b"".join(
            (
                self._brand(citation.scope),
                varint(citation.catalog),
                varint(citable(citation.metric).number),
                signed((citation.period.start - _FIRST_DAY).days),
                varint((citation.period.end - citation.period.start).days),
                varint(settings.version),
                varint(flags),
                _currency(citation.currency),
                signed(_micros(citation.as_of)) if citation.as_of is not None else b"",
            )
        )

    def _brand(self, scope: TenantContext) -> bytes:
        owner = scope.tenant_id.bytes + scope.brand_id.bytes
        return blake2b(owner, digest_size=_BRAND_BYTES, key=self._key, person=b"brand").digest()

    def _mac(self, scope: TenantContext, body: bytes) -> bytes:
        owner = scope.tenant_id.bytes + scope.brand_id.bytes
        return hmac.digest(self._key, b"citation" + owner + body, "sha256")[:_MAC_BYTES]


def _bytes_of(fact_id: str) -> bytes:
    """The bytes of an id as it was written; raises `MalformedInput` for another spelling of them."""
    try:
        data = urlsafe_b64decode(fact_id + "=" * (-len(fact_id) % 4))
    except (binascii.Error, ValueError):
        raise MalformedInput("this is no fact id") from None
    if len(data) <= _MAC_BYTES or urlsafe_b64encode(data).rstrip(b"=").decode() != fact_id:
        raise MalformedInput("this is no fact id")
    return data


def _values(citation: Citation) -> bytes:
    names = sorted(citation.at, key=DIMENSION_NUMBERS.__getitem__)
    values = (_packed(name, citation.at[name], citation.period.start) for name in names)
    return _mask(names) + b"".join(values)


def _digested(citation: Citation) -> bytes:
    names = sorted(citation.at, key=DIMENSION_NUMBERS.__getitem__)
    dated = [name for name in names if name in (DAY, MONTH)]
    others = tuple(name for name in names if name not in (DAY, MONTH))
    values = (_packed(name, citation.at[name], citation.period.start) for name in dated)
    return _mask(names) + b"".join(values) + _digest(others, citation.at)


def _mask(names: Iterable[str]) -> bytes:
    return varint(sum(1 << DIMENSION_NUMBERS[name] for name in names))


def _digest(names: Iterable[str], values: Mapping[str, Any]) -> bytes:
    packed = b"".join(text(values[name]) for name in names)
    return blake2b(packed, digest_size=_DIGEST_BYTES, person=b"values").digest()


def _packed(name: str, value: Any, first_day: date) -> bytes:
    if name == DAY:
        return signed((value - first_day).days)
    if name == MONTH:
        return signed(_months(date.fromisoformat(f"{value}-01")) - _months(first_day))
    return text(value)


def _months(day: date) -> int:
    return day.year * 12 + day.month - 1


def _unpacked(name: str, unpacker: Unpacker, first_day: date) -> object:
    if name == DAY:
        return first_day + timedelta(days=unpacker.signed())
    if name == MONTH:
        months = _months(first_day) + unpacker.signed()
        return date(months // 12, months % 12 + 1, 1).strftime("%Y-%m")
    return unpacker.text()


def _currency(code: str | None) -> bytes:
    packed = (code or "\0\0\0").encode()
    if len(packed) != 3:
        raise MalformedInput(f"{code!r} is no currency code of three letters")
    return packed


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _opened(scope: TenantContext, body: bytes) -> Opened:
    unpacker = Unpacker(body)
    form = unpacker.varint()
    if form not in (_INLINE, _DIGESTED):
        raise Unreadable("a form there is not")
    unpacker.take(_BRAND_BYTES)
    catalog, cited = unpacker.varint(), citable_number(unpacker.varint())
    start = _FIRST_DAY + timedelta(days=unpacker.signed())
    period = Period(start, start + timedelta(days=unpacker.varint()))
    version, flags = unpacker.varint(), unpacker.varint()
    currency = unpacker.take(3).decode().replace("\0", "") or None
    as_of = _EPOCH + timedelta(microseconds=unpacker.signed()) if flags & 1 else None
    mask = unpacker.varint()
    names = [name for name, place in DIMENSION_NUMBERS.items() if mask >> place & 1]
    inline = names if form == _INLINE else [name for name in names if name in (DAY, MONTH)]
    at = {name: _unpacked(name, unpacker, start) for name in inline}
    rest = tuple(name for name in names if name not in inline)
    unresolved = Unresolved(rest, unpacker.take(_DIGEST_BYTES)) if form == _DIGESTED else None
    given = tuple(unpacker.signed() for _ in cited.given) if isinstance(cited, Derived) else ()
    unpacker.end()
    settings = MetricSettings(
        version=version,
        timezone="UTC",  # the settings kept under that version say it
        model=_name_of(MODEL_NUMBERS, flags >> 4),
        cancelled_orders=_name_of(POLICY_NUMBERS, flags >> 2 & 3),
        date_basis=_name_of(BASIS_NUMBERS, flags >> 1 & 1),
    )
    return Opened(Citation(cited.name, scope, period, settings, currency, as_of, at, catalog, given), unresolved)


def _name_of(numbers: Mapping[Any, int], number: int) -> Any:
    return {value: key for key, value in numbers.items()}[number]
