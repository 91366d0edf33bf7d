"""Reading one JSON object whose keys may be missing, null or of another type, naming the field that is wrong."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from pulsepoint.errors import MalformedInput
from pulsepoint.money import to_micros

LARGEST_AMOUNT = 10**18
"""Micros, a trillion currency units: sums of many such amounts still fit the warehouse's 64 bits."""
LARGEST_COUNT = 10**9
LONGEST_TEXT = 2_000

_AMOUNT = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{0,18})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}(\.0{1,6})?", re.ASCII)
_ID = re.compile(r"(?:gid://shopify/[A-Za-z]+/)?0*([1-9][0-9]{0,19})(?:\?.*)?", re.ASCII)
_SPACED_ZONE = re.compile(r"^(\S+ \S+) (?:([+-]\d\d:?\d\d)|UTC)$", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_EXACT_FLOAT = 2**53
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def clean(value: str, limit: int = LONGEST_TEXT) -> str:
    """`value` without control characters and broken surrogates, cut to `limit` characters."""
    text = _CONTROL.sub("", value[: limit * 2])[:limit].strip()
    return text.encode("utf-8", "replace").decode("utf-8")


def micros_of(timestamp: datetime) -> int:
    """Whole microseconds since 1970: the version a snapshot has."""
    past = timestamp - _EPOCH
    return (past.days * 86_400 + past.seconds) * 1_000_000 + past.microseconds


def read_timestamp(value: object, where: str) -> datetime:
    """The UTC instant in ISO 8601 text with an offset; raises `MalformedInput` naming `where`."""
    if not isinstance(value, str) or len(value) > 64:
        raise unreadable(where, "a date and time", value)
    text = value.strip()
    spaced = _SPACED_ZONE.match(text)
    if spaced:
        text = spaced.group(1) + (spaced.group(2) or "+00:00")
    try:
        timestamp = datetime.fromisoformat(text)
        if timestamp.tzinfo is None:
            raise _wrong(where, f"the date and time {text!r} has no time zone", text)
        timestamp = timestamp.astimezone(UTC)
    except (ValueError, OverflowError):
        raise unreadable(where, "a date and time", value) from None
    if not 1970 <= timestamp.year <= 2200:
        raise _wrong(where, f"the year {timestamp.year} cannot be right", text)
    return timestamp


def _wrong(where: str, why: str, value: str | None = None) -> MalformedInput:
    names = {"field": where, **({"value": clean(value, 80)} if value is not None else {})}
    return MalformedInput(f"{where}: {why}", reason="unreadable_field", names=names)


def unreadable(where: str, expected: str, value: object) -> MalformedInput:
    """The refusal of a field whose value is not what it must be."""
    # Objects and lists are named, not shown: they may be large, or nested deeper than they can be shown.
    named = "an object" if isinstance(value, dict) else "a list" if isinstance(value, list) else ""
    shown = named or clean(repr(value[:60] if isinstance(value, str) else value), 80)
    return _wrong(where, f"expected {expected}, got {shown}", None if named else shown)


class Fields:
    """A JSON object and where it stands in the body.

    Readers named `optional_…` answer None for a key that is absent, null or an empty string; the others
    raise `MalformedInput` (reason `missing_field`) then. What is there but cannot be read is always refused
    (reason `unreadable_field`).
    """

    __slots__ = ("path", "values")

    def __init__(self, values: dict[str, object], path: str = "") -> None:
        self.values = values
        self.path = path

    def where(self, name: str) -> str:
        """The path of a key, such as `line_items.0.price`."""
        return f"{self.path}.{name}" if self.path else name

    def missing(self, name: str) -> MalformedInput:
        """The refusal of an object that lacks `name`."""
        where = self.where(name)
        return MalformedInput(f"{where}: is missing", reason="missing_field", names={"field": where})

    def has(self, name: str) -> bool:
        """True where the key is there with a value."""
        return self.values.get(name) not in (None, "")

    def child(self, name: str) -> Fields | None:
        """The object under a key."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, dict):
            raise unreadable(self.where(name), "an object", value)
        return Fields(value, self.where(name))

    def children(self, name: str) -> list[Fields]:
        """The objects of a list; a missing list is an empty one."""
        value = self.values.get(name)
        if value is None or value == "":
            return []
        if not isinstance(value, list):
            raise unreadable(self.where(name), "a list", value)
        for position, item in enumerate(value):
            if not isinstance(item, dict):
                raise unreadable(f"{self.where(name)}.{position}", "an object", item)
        return [Fields(item, f"{self.where(name)}.{position}") for position, item in enumerate(value)]

    def optional_id(self, name: str) -> str | None:
        """A platform id as decimal text; numbers, numeric text and global ids are the same id."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_FLOAT:
            value = int(value)
        if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool) and value < 10**20):
            match = _ID.fullmatch(str(value).strip()[:200])
            if match:
                return match.group(1)
        raise unreadable(self.where(name), "an id", value)

    def id(self, name: str) -> str:
        """Like `optional_id`, required."""
        value = self.optional_id(name)
        if value is None:
            raise self.missing(name)
        return value

    def optional_whole(self, name: str) -> int | None:
        """A count, also as numeric text or as a float without a fraction."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, float) and value.is_integer() and abs(value) <= LARGEST_COUNT:
            value = int(value)
        if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
            value = int(value.strip().partition(".")[0])
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST_COUNT:
            raise unreadable(self.where(name), "a whole number", value)
        return value

    def optional_count(self, name: str) -> int | None:
        """A whole number that is not negative."""
        value = self.optional_whole(name)
        return None if value is None else self._not_negative(name, value)

    def count(self, name: str) -> int:
        """Like `optional_count`, required."""
        value = self.optional_count(name)
        if value is None:
            raise self.missing(name)
        return value

    def optional_money(self, name: str) -> int | None:
        """Micros of the shop's currency: `{name}_set.shop_money` where sent, else the bare field.

        The bare fields of an order are in the shop's currency too:
        https://shopify.dev/docs/api/admin-rest/latest/resources/order
        """
        bag = self.child(f"{name}_set")
        shop_money = bag.child("shop_money") if bag is not None else None
        if shop_money is not None and shop_money.has("amount"):
            return _micros(shop_money.values["amount"], shop_money.where("amount"))
        value = self.values.get(name)
        if value is None or value == "":
            return None
        return _micros(value, self.where(name))

    def money(self, name: str) -> int:
        """A required amount in micros that is not negative."""
        value = self.optional_money(name)
        if value is None:
            raise self.missing(name)
        return self._not_negative(name, value)

    def money_or_zero(self, name: str) -> int:
        """An amount in micros that is not negative, zero where it is not sent."""
        return self._not_negative(name, self.optional_money(name) or 0)

    def currency_of(self, name: str) -> str | None:
        """The shop currency that `{name}_set` is in; XXX, ISO 4217's "no currency", counts as none."""
        bag = self.values.get(f"{name}_set")
        shop_money = bag.get("shop_money") if isinstance(bag, dict) else None
        code = shop_money.get("currency_code") if isinstance(shop_money, dict) else None
        return code if isinstance(code, str) and is_currency(code) else None

    def optional_timestamp(self, name: str) -> datetime | None:
        """A UTC instant."""
        value = self.values.get(name)
        return None if value is None or value == "" else read_timestamp(value, self.where(name))

    def flag(self, name: str) -> bool:
        """A yes or no; absent is no."""
        value = self.values.get(name)
        if value is None or value is False or value in ("", "false", 0, "0"):
            return False
        if value is True or value in ("true", 1, "1"):
            return True
        raise unreadable(self.where(name), "true or false", value)

    def text(self, name: str, limit: int = LONGEST_TEXT) -> str | None:
        """Descriptive text, cleaned and cut; what is no text is not worth refusing a body for."""
        value = self.values.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        return (clean(value, limit) or None) if isinstance(value, str) else None

    def _not_negative(self, name: str, value: int) -> int:
        if value < 0:
            raise _wrong(self.where(name), "is negative", str(value))
        return value


def is_currency(code: str) -> bool:
    """True where `code` looks like an ISO 4217 code of a real currency."""
    return len(code) == 3 and code.isascii() and code.isalpha() and code.isupper() and code != "XXX"


def camel_case(name: str) -> str:
    """A field's name as GraphQL spells it: `orders_count` as `ordersCount`."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def bounded(micros: int, where: str) -> int:
    """`micros` when the warehouse can hold it; raises `MalformedInput` naming `where`."""
    if abs(micros) > LARGEST_AMOUNT:
        raise _wrong(where, "the amount is too large")
    return micros


def _micros(value: object, where: str) -> int:
    # Text is matched first: Decimal also reads "NaN", "1_000" and exponents that take minutes to expand.
    if isinstance(value, str):
        value = value.strip()
        if not _AMOUNT.fullmatch(value):
            raise unreadable(where, "a decimal amount", value)
    elif isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 10**15:
        raise unreadable(where, "a decimal amount", value)
    try:
        return bounded(to_micros(value, field=where), where)
    except ArithmeticError:
        raise unreadable(where, "a decimal amount", value) from None
