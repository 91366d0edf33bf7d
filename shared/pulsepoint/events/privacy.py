"""Requests about people's data, and what came of them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pulsepoint.events.envelope import Payload


class SubjectErased(Payload):
    """A customer's mapping was deleted; what services still hold of these orders' evidence goes too."""

    TYPE: ClassVar[str] = "subject.erased"
    subject: str | None
    order_ids: tuple[str, ...] = ()
    erased_at: datetime


class SubjectDataRequested(Payload):
    """A customer asked the shop what is held about them; a person must answer within 30 days.

    `subjects` are all that lead to them, with `subject` the surest: they may have bought under several addresses.
    """

    TYPE: ClassVar[str] = "subject.data_requested"
    SCHEMA: ClassVar[int] = 2
    subject: str | None
    subjects: tuple[str, ...] = ()
    request_id: str | None = None
    order_ids: tuple[str, ...] = ()
    requested_at: datetime


class ShopErasureRequested(Payload):
    """The platform asks for all data of a shop that left to be erased."""

    TYPE: ClassVar[str] = "shop.erasure_requested"
    shop: str
    requested_at: datetime


class AppUninstalled(Payload):
    """The shop removed the app: its deliveries end, its token is void and its brand is suspended."""

    TYPE: ClassVar[str] = "app.uninstalled"
    shop: str
    uninstalled_at: datetime
