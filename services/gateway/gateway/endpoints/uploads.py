"""`…/uploads`: a file of past orders (Shopify's export, or UCI Online Retail) as deliveries of the brand's shop."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import orjson
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from file_import.plan import Plan, open_plan
from file_import.source_file import UnreadableFile
from file_import.tally import Tally
from file_import.webhooks import API_VERSION, Delivery, Webhook, first_delivery
from gateway.bootstrap import Ports
from gateway.domain.brands import Brand
from gateway.domain.identity import Person
from gateway.endpoints.access import BrandOf, ManagerOf, PortsOf, RuntimeOf
from gateway.endpoints.problems import PROBLEMS, Problem
from gateway.settings import Settings
from pulsepoint.errors import LimitExceeded, MalformedInput, PulsepointError
from pulsepoint.events.catalog import RAW_TOPIC
from pulsepoint.events.envelope import Message, raw_message
from pulsepoint.ports.document_store import Write
from pulsepoint.runtime.app import Runtime
from pulsepoint.runtime.outcome import Outcome, Reader

router = APIRouter(prefix="/api/brands/{brand_id}", tags=["uploads"], responses=PROBLEMS)
BATCH = 200
LINES = "application/x-ndjson"
_CSV = ("text/csv", "application/csv", "application/vnd.ms-excel")  # the last is what Windows calls a .csv
_AT_ONCE = asyncio.Semaphore(2)


class LeftOutView(BaseModel):
    """Rows that became no delivery, and why; their sum in the brand's currency."""

    reason: str
    rows: int
    sum: float


class UploadView(BaseModel):
    """What a file became: it is counted as the deliveries are read, within moments to minutes."""

    format: str
    deliveries: int
    orders: int
    refunds: int
    cancellations: int
    net_revenue: float
    currency: str
    first_day: str | None
    last_day: str | None
    left_out: list[LeftOutView]
    left_out_rows: int
    left_out_sum: float
    notes: list[str]


@dataclass(frozen=True, slots=True)
class _Feeding:
    """One upload being fed to the bus."""

    plan: Plan
    brand: Brand
    ports: Ports
    tally: Tally
    days: list[str]

    async def run(self) -> AsyncIterator[int]:
        """Publish everything; how many webhooks so far, after each batch."""
        webhooks, sent = await asyncio.to_thread(self.plan.webhooks), 0
        while batch := await asyncio.to_thread(self._messages, webhooks):
            await self.ports.bus.publish(batch)
            sent += len(batch)
            yield sent

    def _messages(self, webhooks: Iterator[Webhook]) -> list[Message]:
        shop, now = self.brand.settings.shopify_store, self.ports.clock.now()
        messages = []
        for webhook in islice(webhooks, BATCH):
            self.tally.count(webhook)
            self.days.append(webhook.occurred_at.date().isoformat())
            messages.append(as_delivered(first_delivery(webhook, shop), shop, now))
        self.days[:] = [min(self.days), max(self.days)] if self.days else []
        return messages

    def result(self, sent: int) -> UploadView:
        """The counts, once everything is published."""
        left_out = self.plan.left_out()
        total = self.tally.total
        return UploadView(
            format=self.plan.format.value,
            deliveries=sent,
            orders=total.orders,
            refunds=total.refunds,
            cancellations=total.cancellations,
            net_revenue=total.net_cents / 100,
            currency=self.brand.settings.currency,
            first_day=self.days[0] if self.days else None,
            last_day=self.days[1] if self.days else None,
            left_out=[LeftOutView(reason=each.reason, rows=each.rows, sum=each.cents / 100) for each in left_out],
            left_out_rows=sum(each.rows for each in left_out),
            left_out_sum=sum(each.cents for each in left_out) / 100,
            notes=self.tally.notes(),
        )


def as_delivered(delivery: Delivery, shop: str, received_at: datetime) -> Message:
    """A delivery as the webhook address would publish it; the digest of the body stands for its signature."""
    headers = {
        "shop": shop,
        "shopify-topic": delivery.topic,
        "shopify-api-version": API_VERSION,
        "shopify-triggered-at": delivery.triggered_at,
        "shopify-webhook-id": delivery.webhook_id,
        "shopify-event-id": delivery.event_id,
    }
    body_id = b64encode(sha256(delivery.body).digest()).decode()
    return raw_message(RAW_TOPIC, delivery.body, headers, body_id, received_at)


@router.post("/uploads", response_model=UploadView, status_code=202)
async def upload(request: Request, brand: BrandOf, person: ManagerOf, ports: PortsOf, runtime: RuntimeOf) -> Response:
    """Feed a CSV of past orders in as if the shop had delivered them; the same file twice changes nothing.

    With `Accept: application/x-ndjson` the answer is a line of progress after each batch, `{"sent", "of"}` (about),
    and last the counts as `result`, or `problem`.
    """
    if request.headers.get("content-type", "").split(";")[0].strip().lower() not in _CSV:
        raise HTTPException(415, "Send the file as text/csv.")
    stack = AsyncExitStack()
    try:
        feeding = await stack.enter_async_context(_received(request, brand, ports))
    except BaseException:
        await stack.aclose()
        raise
    lines = _lines(stack, feeding, runtime, person)
    if LINES in request.headers.get("accept", ""):
        return StreamingResponse(lines, media_type=LINES)
    async for line in lines:
        last = orjson.loads(line)
    if "problem" in last:
        raise HTTPException(last["problem"]["status"], last["problem"]["detail"])
    return Response(orjson.dumps(last["result"]), 202, media_type="application/json")


@asynccontextmanager
async def _received(request: Request, brand: Brand, ports: Ports) -> AsyncIterator[_Feeding]:
    """The request's body on disk, opened; raises `LimitExceeded`, and `MalformedInput` for a file of no known kind."""
    settings: Settings = request.app.state.settings
    with TemporaryDirectory(prefix="pulsepoint-upload-") as folder, ExitStack() as opened:
        path = Path(folder) / "orders.csv"
        await _keep(request, path, settings.upload_limit_bytes)
        configured = brand.settings
        async with _AT_ONCE:
            try:
                plan = open_plan(
                    path,
                    shop=configured.shopify_store,
                    currency=configured.currency,
                    zone=ZoneInfo(configured.timezone),
                )
                entered = await asyncio.to_thread(opened.enter_context, plan)
            except UnreadableFile as error:
                raise MalformedInput(str(error).replace(str(path), "The file"), reason="unreadable_file") from None
            yield _Feeding(entered, brand, ports, Tally(), [])


async def _keep(request: Request, path: Path, limit: int) -> None:
    declared = request.headers.get("content-length", "0")
    too_large = LimitExceeded(f"A file may have {limit // 1024 // 1024} MB.")
    if declared.isdecimal() and int(declared) > limit:
        raise too_large
    size = 0
    with path.open("wb") as file:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise too_large
            file.write(chunk)
    if not size:
        raise MalformedInput("The file is empty.", reason="unreadable_file")


async def _lines(stack: AsyncExitStack, feeding: _Feeding, runtime: Runtime, person: Person) -> AsyncIterator[bytes]:
    async with stack:
        sent = 0
        try:
            async for sent in feeding.run():
                yield _line(sent=sent, of=max(sent, feeding.plan.groups))
            result = feeding.result(sent)
            await _audit(runtime, feeding.brand, person, result)
        except PulsepointError:
            detail = (
                "Something Pulsepoint needs did not answer. Send the file again: what arrived is not counted twice."
            )
            yield _line(problem=Problem(title="Service Unavailable", status=503, detail=detail).model_dump())
            return
        yield _line(result=result.model_dump())


def _line(**fields: Any) -> bytes:
    return orjson.dumps(fields) + b"\n"


async def _audit(runtime: Runtime, brand: Brand, person: Person, result: UploadView) -> None:
    async def work(reader: Reader) -> Outcome:
        row = {
            "brand_id": str(brand.brand_id),
            "actor": person.email,
            "action": "orders.uploaded",
            "subject": brand.settings.shopify_store,
            "detail": result.model_dump(exclude={"left_out"}),
            "occurred_at": reader.now().isoformat(),
        }
        return Outcome(writes=[Write("audit_log", str(uuid4()), row)])

    await runtime.pipeline.execute(person.scope.brand(brand.brand_id), work, dedup_key=uuid4())
