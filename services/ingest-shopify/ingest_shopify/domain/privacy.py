"""Requests about people's data and shops that leave.

https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance
"""

from __future__ import annotations

from datetime import datetime

from ingest_shopify.domain.fields import Fields
from pulsepoint.events.privacy import SubjectDataRequested, SubjectErased


def read_data_request(body: Fields, *, reported_at: datetime) -> SubjectDataRequested:
    """A customer's request for their data, its subject None until it is looked up; raises `MalformedInput`."""
    request = body.child("data_request")
    return SubjectDataRequested(
        subject=None,
        request_id=request.optional_id("id") if request is not None else None,
        order_ids=_order_ids(body, "orders_requested"),
        requested_at=reported_at,
    )


def read_redaction(body: Fields, *, reported_at: datetime) -> SubjectErased:
    """A customer's erasure, its subject None until it is looked up; raises `MalformedInput`."""
    return SubjectErased(subject=None, order_ids=_order_ids(body, "orders_to_redact"), erased_at=reported_at)


def shop_named_in(body: Fields, name: str) -> str:
    """The shop domain a body names, in lower case; raises `MalformedInput` when it names none."""
    shop = body.text(name, 255)
    if shop is None:
        raise body.missing(name)
    return shop.lower()


def _order_ids(body: Fields, name: str) -> tuple[str, ...]:
    listed = body.values.get(name)
    if listed is None:
        return ()
    if not isinstance(listed, list):
        listed = [listed]
    return tuple(Fields({str(place): value}, body.where(name)).id(str(place)) for place, value in enumerate(listed))
