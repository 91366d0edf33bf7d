"""One HTTP exchange with an ad platform: JSON in and out, transport errors mapped, tokens kept out of every text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from pulsepoint.errors import MalformedInput, VendorError, VendorRateLimited, VendorRefused
from pulsepoint.money import to_micros

MESSAGE_LENGTH = 300
"""Characters of a vendor's message that are passed on."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A vendor's answer; `body` is parsed JSON with decimals as `Decimal`, None where it was no JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Exchange:
    """Sends requests to one platform; `name` is the API and its version as error messages call it."""

    http: httpx.AsyncClient
    name: str

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        json_body: Any = None,
    ) -> Reply:
        """The answer, whatever its status; raises `VendorError` when none came.

        Tokens travel in `headers` only: URLs end up in logs and in the text of exceptions.
        """
        try:
            response = await self.http.request(method, url, headers=dict(headers), params=params, json=json_body)
        except httpx.TimeoutException:
            raise VendorError(f"{self.name} did not answer in time") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise VendorError(f"{self.name} could not be reached ({type(error).__name__})") from None
        return Reply(response.status_code, response.headers, _json(response))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turns an answer that has not the documented shape into a `VendorError` naming the API version."""
        try:
            yield
        except KeyError as missing:
            raise VendorError(f"{self.name} left out the field {str(missing.args[0])[:60]}") from None
        except (MalformedInput, ValueError, TypeError, AttributeError, ArithmeticError) as error:
            raise VendorError(f"{self.name} answered what cannot be read: {str(error)[:MESSAGE_LENGTH]}") from None

    def unreadable(self, reply: Reply) -> VendorError:
        """The error for an answer without the vendor's own error envelope: only its HTTP status speaks."""
        if reply.status == 429:
            return VendorRateLimited(f"{self.name} asks to slow down", retry_after=retry_after(reply.headers))
        if reply.status in (401, 403):
            return VendorRefused(f"{self.name} refuses the credentials (HTTP {reply.status})")
        error = VendorError(f"{self.name} answered HTTP {reply.status} without a readable body")
        error.retry_after = retry_after(reply.headers)
        return error


def _json(response: httpx.Response) -> Any:
    try:
        return json.loads(response.content, parse_float=Decimal, parse_constant=_not_json)
    except (ValueError, RecursionError):
        return None


def _not_json(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def clean(message: object, token: str) -> str:
    """A vendor's message without the token it may have echoed, cut to a readable length."""
    return str(message).replace(token, "[token]")[:MESSAGE_LENGTH] if token else str(message)[:MESSAGE_LENGTH]


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
