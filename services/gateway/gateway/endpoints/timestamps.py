"""Days and timestamps as callers write them: in ISO 8601 alone, as a bare number would mean seconds since 1970."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ].*(Z|z|[+-][0-9]{2}:?[0-9]{2})", re.DOTALL)


def _day(value: object) -> object:
    if value is not None and not isinstance(value, date) and not (isinstance(value, str) and _DAY.fullmatch(value)):
        raise ValueError("must be a day such as 2026-03-31")
    return value


def iso_timestamp(value: object) -> object:
    """The value as it is; raises `ValueError` unless it is None, or a timestamp of ISO 8601 with its offset."""
    if (
        value is not None
        and not isinstance(value, date)
        and not (isinstance(value, str) and _TIMESTAMP.fullmatch(value))
    ):
        raise ValueError("must be a timestamp with its offset from UTC, such as 2026-03-31T12:00:00Z")
    return value


Day = Annotated[date, BeforeValidator(_day)]
"""`2026-03-31`."""
Timestamp = Annotated[AwareDatetime, BeforeValidator(iso_timestamp)]
"""`2026-03-31T12:00:00+02:00`; in a URL the plus sign is %2B."""
