"""Days that ratios of sales and spend leave out on both sides: the ad spend of an account is in quarantine then.

A day whose campaigns do not add up to their account's own total has no spend that counts (`ad_days_counted`). Its sales
do: divided by each other, the two would make a ROAS that is too high. What is set against the spend of all platforms
leaves the whole day out, what a platform's ads earned that platform's day, and what is asked for by account or campaign
that account's day.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pulsepoint.brand.facts import DAYS_LEFT_OUT, Note
from pulsepoint.brand.vocabulary import NoteKind

SHOP_DAY, CHANNEL_DAY, ACCOUNT_DAY = "shop_day_quarantined", "channel_day_quarantined", "account_day_quarantined"
"""Columns of a source's rows, true on days that are left out."""
COLUMNS = frozenset({SHOP_DAY, CHANNEL_DAY, ACCOUNT_DAY})
_BY_ACCOUNT = frozenset({"account_id", "campaign_id", "campaign"})
_QUARANTINED = "FROM quarantined_ad_days AS spent WHERE spent.brand_id = @brand_id"


@dataclass(frozen=True, slots=True)
class QuarantinedDay:
    """One day of an ad account whose spend is in quarantine; `currency` is None where earlier releases told it."""

    day: date
    platform: str
    account_id: str
    currency: str | None

    def is_within(self, where: Mapping[str, object]) -> bool:
        """True where rows with these values of dimensions could be of it."""
        own = {"channel": self.platform, "account_id": self.account_id, "currency": self.currency}
        return all(own[name] in (None, value) for name, value in where.items() if name in own)


def notes_of(left_out: Sequence[QuarantinedDay], zones: Iterable[str], timezone: str) -> tuple[Note, ...]:
    """Notes about spend: each account's days in quarantine, and timezones of ad-days that are not the brand's."""
    by_account: dict[tuple[str, str], list[date]] = {}
    for each in left_out:
        by_account.setdefault((each.platform, each.account_id), []).append(each.day)
    days = (
        Note(
            kind=NoteKind.DAYS_LEFT_OUT,
            names={"platform": platform, "account": account, "days": " ".join(map(str, sorted(days)))},
        )
        for (platform, account), days in sorted(by_account.items())
    )
    others = (Note(kind=NoteKind.OTHER_TIMEZONE, names={"zone": zone, "timezone": timezone}) for zone in zones)
    return (*days, *others)


def days_left_out(left_out: Iterable[QuarantinedDay]) -> dict[str, str]:
    """The name under which a summary says these days; empty without any."""
    days = sorted({each.day for each in left_out})
    return {DAYS_LEFT_OUT: " ".join(map(str, days))} if days else {}


def grain(expression: str, dimensions: Collection[str]) -> str:
    """The aggregate over rows asked for by these dimensions: an account's day stands for its platform's where they tell
    accounts apart.
    """
    return expression.replace(CHANNEL_DAY, ACCOUNT_DAY) if _BY_ACCOUNT.intersection(dimensions) else expression


def condition(column: str, day: str) -> str:
    """The SQL of one of `COLUMNS`, over rows with `currency` and what else it reads; `day` is the SQL of their day."""
    if column == SHOP_DAY:
        return _is_quarantined(day, {})
    of_channel = _is_quarantined(day, {"platform": "channel"})
    if column == CHANNEL_DAY:
        return of_channel
    # What names no campaign that is known may be of any account.
    of_account = _is_quarantined(day, {"platform": "channel", "account_id": "account_id"})
    return f"IF(account_id IS NULL, {of_channel}, {of_account})"


def _is_quarantined(day: str, columns: Mapping[str, str]) -> str:
    """True where a quarantined day has the row's values (`columns`: its own → the row's) and currency, or none.

    Keys in place of a join: a row stays one row, however many accounts are quarantined on its day.
    """
    own = _key(f"CAST({day} AS STRING)", *columns.values())
    quarantined = _key("CAST(spent.day AS STRING)", *(f"spent.{name}" for name in columns))
    keys = f"(SELECT CONCAT({quarantined}, ' ', COALESCE(spent.currency, '')) {_QUARANTINED})"
    return f"(CONCAT({own}, ' ', COALESCE(currency, '')) IN {keys} OR CONCAT({own}, ' ') IN {keys})"


def _key(*parts: str) -> str:
    joined = ", ' ', ".join(parts)
    return f"CONCAT({joined})" if len(parts) > 1 else joined
