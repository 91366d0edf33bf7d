"""One HTTP exchange with an ad platform: JSON in and out, transport errors mapped, the token kept out of every text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from pulsepoint.brand.failures import PullFailure
from pulsepoint.errors import MalformedInput, VendorError, VendorRateLimited, VendorRefused
from pulsepoint.money import MICROS, to_micros

MESSAGE_LENGTH = 300
"""Characters of a vendor's message that are passed on."""
TELLING_LENGTH = 12
"""Characters of a token that must not be seen together; shorter parts of it occur in words by chance."""
HIDDEN = "[token]"


@dataclass(frozen=True, slots=True)
class Reply:
    """A vendor's answer; `body` is parsed JSON with decimals as `Decimal`, None where it was no JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Exchange:
    """Sends requests to one platform for one account; `name` is the API and its version as error messages call it."""

    http: httpx.AsyncClient
    name: str
    token: str = field(default="", repr=False)

    def text(self, message: object) -> str:
        """A vendor's message, in at most 300 characters, without the token it may have echoed in whole or in part."""
        return hide(str(message)[: MESSAGE_LENGTH + len(self.token)], self.token)[:MESSAGE_LENGTH]

    def names(self, **more: str) -> dict[str, str]:
        """The names that a failure is told with: `more`, and the API with its version."""
        return {"api": self.name, **more}

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        json_body: object = None,
    ) -> Reply:
        """The answer, whatever its status; raises `VendorError` when none came.

        Tokens travel in `headers` only: URLs end up in logs and in the text of exceptions.
        """
        try:
            response = await self.http.request(method, url, headers=dict(headers), params=params, json=json_body)
        except httpx.TimeoutException:
            text = f"{self.name} did not answer in time"
            raise VendorError(text, reason=PullFailure.NO_ANSWER, names=self.names()) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            text = f"{self.name} could not be reached ({type(error).__name__})"
            raise VendorError(text, reason=PullFailure.UNREACHABLE, names=self.names()) from None
        return Reply(response.status_code, response.headers, _json(response))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """A context manager that raises `VendorError` naming the API version for an answer of another shape."""
        try:
            yield
        except KeyError as missing:
            raise self.left_out(self.text(missing.args[0])[:60]) from None
        except (MalformedInput, ValueError, TypeError, AttributeError, ArithmeticError) as error:
            text = f"{self.name} answered what cannot be read: {self.text(error)}"
            raise VendorError(text, reason=PullFailure.UNREADABLE, names=self.names()) from None

    def left_out(self, field: str) -> VendorError:
        """The error for an answer that lacks a field."""
        names = self.names(field=field)
        return VendorError(f"{self.name} left out the field {field}", reason=PullFailure.MISSING_FIELD, names=names)

    def unreadable(self, reply: Reply) -> VendorError:
        """The error for an answer without the vendor's own error envelope: only its HTTP status speaks."""
        if reply.status == 429:
            wait = retry_after(reply.headers)
            return VendorRateLimited(f"{self.name} asks to slow down", retry_after=wait, names=self.names())
        status = f"HTTP {reply.status}"
        if reply.status in (401, 403):
            return VendorRefused(f"{self.name} refuses the credentials ({status})", names=self.names(code=status))
        text = f"{self.name} answered {status} without a readable body"
        error = VendorError(text, reason=PullFailure.HTTP_STATUS, names=self.names(code=status))
        error.retry_after = retry_after(reply.headers)
        return error


def _json(response: httpx.Response) -> object:
    try:
        return json.loads(response.content, parse_float=Decimal, parse_constant=_not_json)
    except (ValueError, RecursionError):
        return None


def _not_json(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON")


def hide(text: str, token: str) -> str:
    """The text with `[token]` for the token and for every part of it that has twelve characters or more."""
    size = min(len(token), TELLING_LENGTH)
    parts = {token[start : start + size] for start in range(len(token) - size + 1)} - {""}
    shown: list[str] = []
    at = 0
    while at < len(text):
        end = at
        while text[end : end + size] in parts:
            end += 1
        if end == at:
            shown.append(text[at])
            at += 1
        else:
            shown.append(HIDDEN)
            at = end + size - 1
    return "".join(shown)


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds of a Retry-After header, given as seconds or as a date; None when absent or unreadable.

    https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        timestamp = parsedate_to_datetime(value)
    except (ValueError, IndexError, TypeError):
        return None
    if timestamp.tzinfo is None:
        timestamp = timestamp.replace(tzinfo=UTC)
    return max(0.0, (timestamp - (now or datetime.now(UTC))).total_seconds())


def count(value: object, field: str) -> int:
    """A whole number sent as number or text; raises `MalformedInput` naming the field."""
    micros = to_micros(value, field=field)
    if micros % 1_000_000:
        raise MalformedInput(f"{field}: expected a whole number, got {str(value)[:40]!r}")
    return micros // 1_000_000


def optional_count(value: object, field: str) -> int | None:
    """`count`, None where the platform sent nothing (null, or TikTok's dash)."""
    return None if value in (None, "-") else count(value, field)


def optional_micros(value: object, field: str) -> int | None:
    """Micros, None where the platform sent nothing (null, or TikTok's dash)."""
    return None if value in (None, "-") else to_micros(value, field=field)


def printed_rounding(amounts: Iterable[object]) -> int:
    """Micros by which rounding may have moved one of the amounts: half the last decimal of the one printed finest.

    0 where there are none.
    Platforms print in the currency's own decimals (JPY none, USD two, KWD three), some in fewer than ISO 4217 says.
    Raises `MalformedInput` where one is no number.
    """
    printed = [_decimals(amount) for amount in amounts]
    return int(MICROS // 2 // 10 ** min(max(printed), 6)) if printed else 0


def _decimals(amount: object) -> int:
    to_micros(amount)
    exponent = Decimal(str(amount)).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def totals_by_day(totals: Iterable[tuple[date, int]]) -> dict[date, int]:
    """Micros by day; raises `MalformedInput` where a day comes twice."""
    by_day: dict[date, int] = {}
    for day, micros in totals:
        if day in by_day:
            raise MalformedInput(f"the total of {day} came twice")
        by_day[day] = micros
    return by_day


class Pages:
    """The pages of one answer so far; a page that comes again would be counted twice, or be read without end."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def take(self, rows: object) -> list[object]:
        """The page's rows; raises `MalformedInput` where they are no list or, not being empty, came before."""
        if not isinstance(rows, list):
            raise MalformedInput(f"expected a list of rows, got {type(rows).__name__}")
        content = repr(rows)
        if rows and content in self._seen:
            raise MalformedInput("the same page came twice")
        self._seen.add(content)
        return rows


def day_of(text: object) -> date:
    """The day in `2026-03-01` or `2026-03-01 00:00:00`; raises `MalformedInput`."""
    if not isinstance(text, str):
        raise MalformedInput("day: expected text")
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise MalformedInput(f"day: expected a date, got {text[:40]!r}") from None


def text_of(value: object, field: str) -> str:
    """An id or name as text; ids come as numbers or text. Raises `MalformedInput` where it is neither or empty."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise MalformedInput(f"{field}: expected text")
    return str(value)
