"""`/api/privacy`: what is held about a customer who asked for it, and erasing one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.endpoints.access import AuditorOf, EraserOf, PortsOf, RuntimeOf
from gateway.endpoints.problems import PROBLEMS
from gateway.use_cases.privacy import Somebody, data_of, data_requests, erase_customer
from pulsepoint.errors import AccessDenied

router = APIRouter(prefix="/api/privacy", tags=["privacy"], responses=PROBLEMS)
Text = Annotated[str, Field(min_length=1, max_length=320)]
OrderId = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,19}$")]


class DataRequest(BaseModel):
    """A customer's request for their data, to be answered within 30 days; `data_request` is Shopify's id."""

    id: UUID
    brand_id: UUID
    requested_at: datetime
    data_request: str | None


class DataRequests(BaseModel):
    """The newest 500 requests."""

    requests: list[DataRequest]


class CustomerData(BaseModel):
    """All that is held of a customer: rows as recorded. Contact data is not among it, since none is kept."""

    orders: list[dict[str, object]]
    order_lines: list[dict[str, object]]
    refunds: list[dict[str, object]]
    touches: list[dict[str, object]]


class ErasureBody(BaseModel):
    """A customer of a brand by at least one of these."""

    model_config = ConfigDict(extra="forbid")

    brand_id: UUID
    customer_id: OrderId | None = None
    email: Text | None = None
    phone: Text | None = None
    order_ids: list[OrderId] = Field(default=[], max_length=1000)

    @model_validator(mode="after")
    def _names_somebody(self) -> ErasureBody:
        if not (self.customer_id or self.email or self.phone or self.order_ids):
            raise ValueError("name the customer: customer_id, email, phone or order_ids")
        return self


class Erasing(BaseModel):
    """The erasure is on its way; the audit log says `subject.erased` when it has come through."""

    status: Literal["erasing"] = "erasing"


@router.get("/requests")
async def list_data_requests(person: AuditorOf, ports: PortsOf) -> DataRequests:
    """Requests of customers for their data (`customers/data_request`), the newest first."""
    rows = await data_requests(person, ports.identity_store)
    return DataRequests(
        requests=[
            DataRequest(
                id=row["audit_id"],
                brand_id=row["brand_id"],
                requested_at=row["occurred_at"],
                data_request=row["detail"]["request_id"],
            )
            for row in rows
        ]
    )


@router.get("/requests/{request_id}/data")
async def read_customer_data(request_id: UUID, person: AuditorOf, ports: PortsOf) -> CustomerData:
    """All that is held of the customer who asked, as it is now; once they were erased, amounts alone."""
    rows = await data_of(person, request_id, ports.identity_store, ports.warehouse)
    return CustomerData.model_validate(rows)


@router.post("/erasures", status_code=202)
async def erase(body: ErasureBody, person: EraserOf, ports: PortsOf, runtime: RuntimeOf) -> Erasing:
    """Erase a customer, as `customers/redact` does: their mapping, and what facts and held bodies say of them."""
    brand = await ports.identity_store.brand(person.scope, body.brand_id)
    if brand is None:
        raise AccessDenied
    somebody = Somebody(body.customer_id, body.email, body.phone, tuple(body.order_ids))
    await erase_customer(person, brand, somebody, runtime.pipeline)
    return Erasing()
