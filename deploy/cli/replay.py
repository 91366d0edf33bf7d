"""`pulsepoint replay`: a transactions file becomes signed Shopify webhooks, sent to the instance over HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from deploy.cli.copies import Duplication, shuffled, with_copies
from deploy.cli.home import InstanceAccess
from deploy.cli.instance_client import Brand, InstanceClient, open_client
from deploy.cli.progress import Progress
from deploy.cli.sender import Pace, Sent, Target, send_all
from file_import.plan import Plan, clock_offset, open_plan
from file_import.tally import Tally, amount, described
from file_import.webhooks import Delivery, first_delivery
from pulsepoint.brand.sentences import note_text, omission_text
from pulsepoint.brand.texts import texts

DEFAULT_TIMEZONE = "Europe/London"
POLL_SECONDS = 2.0
SENDING = nullcontext()


class WrongBrand(Exception):
    """The shop's brand exists with another currency or timezone than asked for."""


class NotProcessed(Exception):
    """Orders that were acknowledged are not counted within the time to wait."""


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """The file to send and how; without `currency` and `timezone` the brand's own hold.

    Where there is no brand, the currency most of the file is in, or GBP, and Europe/London.
    """

    file: Path
    shop: str
    name: str | None = None
    currency: str | None = None
    timezone: str | None = None
    pace: Pace = field(default_factory=Pace)
    shuffle: int | None = None
    duplication: Duplication | None = None
    wait: bool = False
    wait_seconds: float = 600.0


@dataclass(slots=True)
class Replayed:
    """The outcome of a replay, for people and programs."""

    format: str
    dates: str
    brand: Brand
    sent: Sent
    tally: Tally
    left_out: list[dict[str, object]]
    seconds: float
    processed: bool | None = None
    options: dict[str, object] = field(default_factory=dict)

    @property
    def notes(self) -> list[str]:
        """Sentences to know about the file that was sent."""
        return [note_text(note, texts()) for note in self.tally.notes()]

    def as_json(self) -> dict[str, object]:
        """The report as JSON values; money is decimal text."""
        return {
            "format": self.format,
            "dates": self.dates,
            "brand": asdict(self.brand),
            "acknowledged": self.sent.acknowledged,
            "refused": self.sent.refused,
            "refusals": self.sent.refusals,
            "retries": self.sent.retries,
            "seconds": round(self.seconds, 3),
            "processed": self.processed,
            "months": self.tally.rows(),
            "total": described(self.tally.total),
            "left_out": self.left_out,
            "notes": self.notes,
            **self.options,
        }


async def replay(
    access: InstanceAccess,
    options: ReplayOptions,
    progress: Progress,
    *,
    while_sending: AbstractAsyncContextManager[None] = SENDING,
) -> Replayed:
    """Send the whole file; raises the errors of file, instance and sender, each with words for people.

    `while_sending` is entered for the time of sending: a check lets services die meanwhile.
    """
    async with open_client(access) as client:
        await client.log_in()
        brand = await client.brand_of(options.shop)
        currency, timezone = _settled(options, brand)
        zone, now = ZoneInfo(timezone), datetime.now(UTC)
        with open_plan(options.file, shop=options.shop, currency=currency, zone=zone, now=now) as plan:
            brand = brand or await _make_brand(client, options, plan, timezone)
            progress.say(f"{options.file.name}: {plan.format} ({plan.dates}). Brand {brand.name} ({brand.brand_id}).")
            async with while_sending:
                replayed = await _send(access, options, plan, brand, progress)
        if options.wait:
            await wait_until_counted(client, replayed, options.wait_seconds, progress)
        return replayed


async def _make_brand(client: InstanceClient, options: ReplayOptions, plan: Plan, timezone: str) -> Brand:
    return await client.make_brand(
        name=options.name or options.shop.split(".", 1)[0],
        shop=options.shop,
        currency=plan.currency,
        timezone=timezone,
        clock_offset_seconds=clock_offset(plan.ends_at, datetime.now(UTC)),
    )


async def _send(
    access: InstanceAccess, options: ReplayOptions, plan: Plan, brand: Brand, progress: Progress
) -> Replayed:
    tally = Tally()
    target = Target(access.address, options.shop, access.shopify_secret)
    started = time.monotonic()
    stream = _stream(options, plan, tally)
    with progress.bar("Sending", plan.groups) as advance:
        sent = await send_all(stream, target, options.pace, on_acknowledged=lambda delivery: advance(1))
    left_out = plan.left_out()
    tally.leave_out(left_out)
    return Replayed(
        format=plan.format.value,
        dates=plan.dates,
        brand=brand,
        sent=sent,
        tally=tally,
        left_out=[
            {
                "month": each.month,
                "reason": omission_text(each.reason, texts()),
                "rows": each.rows,
                "sum": amount(each.micros),
            }
            for each in left_out
        ],
        seconds=time.monotonic() - started,
        options={"file": str(options.file), "shop": options.shop},
    )


def _stream(options: ReplayOptions, plan: Plan, tally: Tally) -> Iterator[Delivery]:
    stream: Iterable[Delivery] = _counted(options.shop, plan, tally)
    if options.duplication is not None:
        stream = with_copies(stream, options.duplication, options.shuffle or 0)
    if options.shuffle is not None:
        stream = shuffled(stream, options.shuffle)
    return iter(stream)


def _counted(shop: str, plan: Plan, tally: Tally) -> Iterator[Delivery]:
    for webhook in plan.webhooks():
        tally.count(webhook)
        yield first_delivery(webhook, shop)


def _settled(options: ReplayOptions, brand: Brand | None) -> tuple[str | None, str]:
    """Currency (None: the file's own) and timezone: the brand's, which an option must not contradict."""
    currency = options.currency.upper() if options.currency else None
    if brand is None:
        return currency, options.timezone or DEFAULT_TIMEZONE
    for word, requested, own in (
        ("currency", currency, brand.currency),
        ("timezone", options.timezone, brand.timezone),
    ):
        if requested and requested != own:
            raise WrongBrand(f"{options.shop} is brand {brand.name}, whose {word} is {own}, not {requested}.")
    return brand.currency, brand.timezone


async def wait_until_counted(client: InstanceClient, replayed: Replayed, seconds: float, progress: Progress) -> None:
    """Poll until the instance counts every order, refund and cancellation; raises `NotProcessed` after `seconds`.

    It counts what the brand ever received in those months, so a brand with other orders may be done sooner.
    """
    spans = list(replayed.tally.years())
    expected = replayed.tally.total.entries
    deadline = time.monotonic() + seconds
    with progress.bar("Counting", expected) as advance:
        done = 0
        while True:
            counted = sum([await client.counted_entries(replayed.brand.brand_id, *span) for span in spans])
            advance(min(counted, expected) - done)
            done = min(counted, expected)
            if done >= expected:
                replayed.processed = True
                return
            if time.monotonic() > deadline:
                raise NotProcessed(
                    f"After {seconds:.0f} s the instance counts {counted} of {expected} orders, refunds and"
                    " cancellations. Look at /api/quarantine and /api/dead-letters."
                )
            await asyncio.sleep(POLL_SECONDS)
