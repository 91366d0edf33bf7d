"""The content of a file, whatever its format: its webhooks oldest first, what is left out, and when it ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from file_import import shopify_csv, shopify_rows, uci, uci_rows
from file_import.shopify_cells import UnreadableOrder, read_time
from file_import.shopify_csv import RecordedOrders
from file_import.source_file import FileFormat, SourceFile, UnreadableFile, open_source
from file_import.uci_rows import LeftOut
from file_import.webhooks import Webhook
from pulsepoint.brand.facts import Omission
from pulsepoint.brand.order_bounds import AHEAD
from pulsepoint.brand.sentences import omission_text
from pulsepoint.brand.texts import texts

DEFAULT_CURRENCY = "GBP"
"""Of a file that names none."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A readable file; `groups` is about how many webhooks it makes, for a progress bar.

    `without_id` are the first and the last moment (UTC) of orders without an id, None where every order has one;
    `match` takes the known orders of that time, before `webhooks` is called.
    """

    format: FileFormat
    dates: str
    currency: str
    groups: int
    ends_at: datetime
    webhooks: Callable[[], Iterator[Webhook]]
    left_out: Callable[[], tuple[LeftOut, ...]]
    without_id: tuple[datetime, datetime] | None = None
    match: Callable[[RecordedOrders], None] = lambda recorded: None


@contextmanager
def open_plan(
    path: Path, *, shop: str, currency: str | None, zone: ZoneInfo, now: datetime | None = None
) -> Iterator[Plan]:
    """The plan of a file; raises `UnreadableFile` saying what is wrong. `currency` None: the one most of it is in.

    What is dated more than a day after `now` is left out (None: nothing is for its date).
    """
    latest = now + AHEAD if now is not None else None
    with open_source(path) as source:
        if source.format is FileFormat.UCI:
            yield _uci_plan(source, shop, currency or DEFAULT_CURRENCY, zone, latest)
        else:
            yield _shopify_plan(source, shop, currency, zone, latest)


def _uci_plan(source: SourceFile, shop: str, currency: str, zone: ZoneInfo, latest: datetime | None) -> Plan:
    prepared = uci_rows.prepare(source, latest.astimezone(zone).replace(tzinfo=None) if latest is not None else None)
    if prepared.last_moment is None:
        omitted = "".join(
            f", {left.rows} left out: {omission_text(left.reason, texts())}" for left in prepared.left_out
        )
        raise UnreadableFile(f"{source.path} holds no row to send{omitted}.")

    def webhooks() -> Iterator[Webhook]:
        converter = uci.Converter(shop=shop, currency=currency, zone=zone, returned_keys=prepared.returned_keys)
        return converter.webhooks(prepared.rows())

    ends_at = uci.localise(prepared.last_moment, zone)
    return Plan(
        source.format, prepared.date_format, currency, prepared.groups, ends_at, webhooks, lambda: prepared.left_out
    )


def _shopify_plan(
    source: SourceFile, shop: str, requested: str | None, zone: ZoneInfo, latest: datetime | None
) -> Plan:
    prepared = shopify_rows.prepare(source, latest)
    currency = requested or prepared.currency or DEFAULT_CURRENCY
    converter = shopify_csv.Converter(
        shop=shop,
        currency=currency,
        zone=zone,
        formats=prepared.formats,
        taxes_included=prepared.taxes_included,
        shared_names=prepared.shared_names,
        latest=latest,
    )
    if prepared.latest is None:
        raise UnreadableFile(f"{source.path} holds no order with a Created at.")
    try:
        ends_at = read_time(prepared.latest, zone, "createdat", prepared.formats)
    except UnreadableOrder as error:
        raise UnreadableFile(f"{source.path}: {error}") from None

    def webhooks() -> Iterator[Webhook]:
        converter.left_out.clear()
        return converter.webhooks(prepared.orders())

    def left_out() -> tuple[LeftOut, ...]:
        sums: dict[Omission, list[int]] = defaultdict(lambda: [0, 0])
        for order in converter.left_out:
            sums[order.reason][0] += 1
            sums[order.reason][1] += order.micros
        return tuple(LeftOut(None, reason, rows, cents) for reason, (rows, cents) in sorted(sums.items()))

    def match(recorded: RecordedOrders) -> None:
        converter.recorded = recorded

    span = prepared.without_id
    without_id = (_instant(span[0]), _instant(span[1])) if span is not None else None
    own_offsets, groups = "each with its own offset", prepared.groups
    return Plan(source.format, own_offsets, currency, groups, ends_at, webhooks, left_out, without_id, match)


def _instant(microseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)


def clock_offset(ends_at: datetime, now: datetime) -> int:
    """Seconds from wall time to a business clock that stands at the end of the file."""
    return -int((now.astimezone(UTC) - ends_at.astimezone(UTC)).total_seconds())
