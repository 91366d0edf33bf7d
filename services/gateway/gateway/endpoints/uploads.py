"""`…/uploads`: a file of past orders (Shopify's export, or UCI Online Retail) as deliveries of the brand's shop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from gateway.bootstrap import Ports
from gateway.domain.brands import Brand
from gateway.domain.identity import Person
from gateway.endpoints.access import BrandOf, PortsOf, RuntimeOf, SettingsOf, UploaderOf
from gateway.endpoints.language import TextsOf
from gateway.endpoints.problems import PROBLEMS, Problem
from gateway.ports import Commands
from gateway.use_cases.uploads import OrdersFile, RowsLeftOut, Uploaded, audit_upload, open_orders_file
from pulsepoint.brand.sentences import note_text, omission_text
from pulsepoint.brand.texts import Texts
from pulsepoint.brand.vocabulary import OmissionKind
from pulsepoint.errors import LimitExceeded, MalformedInput, PulsepointError
from pulsepoint.money import MICROS

router = APIRouter(prefix="/api/brands/{brand_id}", tags=["uploads"], responses=PROBLEMS)
LINES = "application/x-ndjson"
_CSV = ("text/csv", "application/csv", "application/vnd.ms-excel")  # the last is what Windows calls a .csv


class LeftOutView(BaseModel):
    """Rows that became no delivery; `reason` says why, `kind` for programs; their sum in the brand's currency."""

    kind: OmissionKind
    reason: str
    rows: int
    sum: float

    @classmethod
    def of(cls, left_out: RowsLeftOut, words: Texts) -> LeftOutView:
        """The view of rows that were left out, in the language of `words`."""
        reason = omission_text(left_out.reason, words)
        return cls(kind=left_out.reason.kind, reason=reason, rows=left_out.rows, sum=left_out.micros / MICROS)


class UploadView(BaseModel):
    """A file's deliveries: counted as they are read, within moments to minutes."""

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

    @classmethod
    def of(cls, uploaded: Uploaded, words: Texts) -> UploadView:
        """The view of an upload, in the language of `words`."""
        left_out = uploaded.left_out
        return cls(
            format=uploaded.format,
            deliveries=uploaded.deliveries,
            orders=uploaded.orders,
            refunds=uploaded.refunds,
            cancellations=uploaded.cancellations,
            net_revenue=uploaded.net_micros / MICROS,
            currency=uploaded.currency,
            first_day=uploaded.first_day,
            last_day=uploaded.last_day,
            left_out=[LeftOutView.of(each, words) for each in left_out],
            left_out_rows=sum(each.rows for each in left_out),
            left_out_sum=sum(each.micros for each in left_out) / MICROS,
            notes=[note_text(note, words) for note in uploaded.notes],
        )


@router.post("/uploads", response_model=UploadView, status_code=202)
async def upload(
    request: Request,
    brand: BrandOf,
    person: UploaderOf,
    ports: PortsOf,
    runtime: RuntimeOf,
    settings: SettingsOf,
    words: TextsOf,
) -> Response:
    """Feed a CSV of past orders in as if the shop had delivered them; the same file twice changes nothing.

    With `Accept: application/x-ndjson` the answer is a line of progress after each batch, `{"sent", "of"}` (about),
    and last the counts as `result`, or `problem`.
    """
    if request.headers.get("content-type", "").split(";")[0].strip().lower() not in _CSV:
        raise HTTPException(415, "Send the file as text/csv.")
    stack = AsyncExitStack()
    try:
        file = await stack.enter_async_context(_received(request, brand, person, ports, settings.upload_limit_bytes))
    except BaseException:
        await stack.aclose()
        raise
    lines = _lines(stack, file, runtime.pipeline, person, words)
    if LINES in request.headers.get("accept", ""):
        return StreamingResponse(lines, media_type=LINES)
    async for line in lines:
        last = orjson.loads(line)
    if "problem" in last:
        raise HTTPException(last["problem"]["status"], last["problem"]["detail"])
    return Response(orjson.dumps(last["result"]), 202, media_type="application/json")


@asynccontextmanager
async def _received(
    request: Request, brand: Brand, person: Person, ports: Ports, limit: int
) -> AsyncIterator[OrdersFile]:
    """The request's body on disk, opened; raises `LimitExceeded`, and `MalformedInput` for a file of no known kind."""
    with TemporaryDirectory(prefix="pulsepoint-upload-") as folder:
        path = Path(folder) / "orders.csv"
        await _keep(request, path, limit)
        scope = person.scope.brand(brand.brand_id)
        async with open_orders_file(
            path, brand, scope, bus=ports.bus, clock=ports.clock, warehouse=ports.warehouse
        ) as file:
            yield file


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


async def _lines(
    stack: AsyncExitStack, file: OrdersFile, commands: Commands, person: Person, words: Texts
) -> AsyncIterator[bytes]:
    async with stack:
        try:
            async for sent in file.publish():
                yield _line(sent=sent, of=max(sent, file.plan.groups))
            uploaded = file.result()
            await audit_upload(person, file.brand, uploaded, commands)
        except PulsepointError:
            detail = (
                "Something Pulsepoint needs did not answer. Send the file again: what arrived is not counted twice."
            )
            yield _line(problem=Problem(title="Service Unavailable", status=503, detail=detail).model_dump())
            return
        yield _line(result=UploadView.of(uploaded, words).model_dump())


def _line(**fields: object) -> bytes:
    return orjson.dumps(fields) + b"\n"
