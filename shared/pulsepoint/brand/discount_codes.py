"""Discount codes mapped to campaigns: what a code on an order says of where its buyer came from."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from pulsepoint.brand.vocabulary import Channel, CodeMatch

_NO_GIVERS = (Channel.DIRECT, Channel.UNATTRIBUTED)


def _giving_channel(channel: Channel) -> Channel:
    if channel in _NO_GIVERS:
        raise ValueError(f"must be a channel that can give out a code, not {channel.value}")
    return channel


class MappedCode(BaseModel):
    """A discount code, or the start of many, and the channel and campaign it was given out for.

    Capitals and spaces around it do not matter. `starts_on` and `ends_on` are days in the brand's timezone, both
    included (None: no bound), on which an order must have been placed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
    match: CodeMatch = CodeMatch.EXACT
    channel: Annotated[Channel, AfterValidator(_giving_channel)]
    campaign: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] | None = Field(
        default=None, max_length=255
    )
    starts_on: date | None = None
    ends_on: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> MappedCode:
        if self.starts_on is not None and self.ends_on is not None and self.ends_on < self.starts_on:
            raise ValueError(f"{self.code}: ends_on {self.ends_on} is before starts_on {self.starts_on}")
        return self

    @property
    def paid(self) -> bool:
        """True where the channel is one that is paid for ads."""
        return self.channel is Channel.OTHER_PAID or self.channel.platform is not None

    def is_of(self, code: str, day: date) -> bool:
        """True where an order of that day with that code is one that it is about."""
        folded, own = code.strip().casefold(), self.code.casefold()
        fits = folded == own if self.match is CodeMatch.EXACT else folded.startswith(own)
        return fits and (self.starts_on or day) <= day <= (self.ends_on or day)


def mapped_code(mapping: Iterable[MappedCode], code: str, day: date) -> MappedCode | None:
    """The entry that an order's code means on a day, None for none: an exact one before the longest prefix."""
    fitting = [each for each in mapping if each.is_of(code, day)]
    return max(fitting, key=lambda each: (each.match is CodeMatch.EXACT, len(each.code)), default=None)


def distinct_codes(mapping: tuple[MappedCode, ...]) -> tuple[MappedCode, ...]:
    """The mapping; raises `ValueError` where a code means two things on one day."""
    by_code: dict[tuple[CodeMatch, str], list[MappedCode]] = {}
    for each in mapping:
        others = by_code.setdefault((each.match, each.code.casefold()), [])
        if any(_overlap(each, other) for other in others):
            raise ValueError(f"{each.code} is mapped twice for the same days: end the earlier one before it starts")
        others.append(each)
    return mapping


def _overlap(first: MappedCode, other: MappedCode) -> bool:
    starts = max(first.starts_on or date.min, other.starts_on or date.min)
    return starts <= min(first.ends_on or date.max, other.ends_on or date.max)
