"""What is held about one order, and how news changes it: the same end whatever the order of arrival.

Every part keeps the (version, digest) it came with and the highest one stays, so merging is commutative, associative
and idempotent. A deletion and an erasure are flags that stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum
from typing import Any, TypeVar

from pulsepoint.events.attributions import Touch
from pulsepoint.events.envelope import canonical, digest_of
from pulsepoint.events.orders import OrderRecorded, Refund, RefundRecorded
from pulsepoint.events.touches import OrderEvidence
from pulsepoint.metrics.revenue import SalesEntry, SoldOrder, sales_entries
from pydantic import BaseModel, ConfigDict

from attribution.domain.touches import touches_of


class Told(BaseModel):
    """A part of the document with the (version, digest) of the snapshot it came from."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    version: int
    digest: str

    @property
    def rank(self) -> tuple[Any, ...]:
        """What decides between two tellings of the same part."""
        return self.version, self.digest


class Sale(Told):
    """The part of an order snapshot that decides its revenue."""

    currency: str
    created_at: datetime
    processed_at: datetime
    cancelled_at: datetime | None
    net_micros: int
    taxes_included: bool
    test: bool


class Return(Told):
    """The part of a refund that decides what it gives back."""

    currency: str
    issued_at: datetime
    subtotal_micros: int
    tax_micros: int
    adjustment_micros: int


class Saying(IntEnum):
    """How much an order's evidence says: a later snapshot that says less does not make the journey unknown again."""

    NOTHING = 0
    ONE_VISIT = 1
    JOURNEY = 2


class Journey(Told):
    """Touches made from one snapshot's evidence; discount codes are kept as evidence only."""

    saying: Saying
    touches: tuple[Touch, ...]
    discount_codes: tuple[str, ...]

    @property
    def rank(self) -> tuple[Any, ...]:
        """Journey moments outrank a landing site, which outranks silence; then the snapshot's (version, digest)."""
        return int(self.saying), self.version, self.digest

    def without_person(self) -> Journey:
        """What credits need and no more: no click ids, sources or codes."""
        touches = tuple(
            Touch(occurred_at=touch.occurred_at, channel=touch.channel, paid=touch.paid, campaign=touch.campaign)
            for touch in self.touches
        )
        return self.model_copy(update={"touches": touches, "discount_codes": ()})


AnyTold = TypeVar("AnyTold", bound=Told)


def higher(held: AnyTold | None, news: AnyTold) -> AnyTold:
    """The one with the higher rank; the held one on a tie, which is then the same content."""
    return news if held is None or news.rank > held.rank else held


class OrderState(BaseModel):
    """The document `orders/{order_id}`.

    `policy_version` is the brand policy its credits were computed under; it takes no part in merging.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    sale: Sale | None = None
    journey: Journey | None = None
    refunds: dict[str, Return] = {}
    deleted: bool = False
    erased: bool = False
    policy_version: int = 0

    @property
    def currency(self) -> str | None:
        """The shop's currency; None while nothing with an amount is known."""
        told = self.sale or next(iter(self.refunds.values()), None)
        return told.currency if told is not None else None

    @property
    def source_version(self) -> int:
        """The highest source version among what is held."""
        held: list[Told] = [*self.refunds.values(), *([self.sale] if self.sale else [])]
        return max((told.version for told in held), default=0)

    @property
    def touches(self) -> tuple[Touch, ...]:
        """The touches credits are shared among."""
        return self.journey.touches if self.journey is not None else ()

    def with_order(self, order: OrderRecorded, version: int, digest: str) -> OrderState:
        """After an order snapshot and the refunds it carried."""
        sale = Sale(
            version=version,
            digest=digest,
            currency=order.currency,
            created_at=order.created_at,
            processed_at=order.processed_at,
            cancelled_at=order.cancelled_at,
            net_micros=order.net_micros,
            taxes_included=order.taxes_included,
            test=order.test,
        )
        journey = Journey(
            version=version,
            digest=digest,
            saying=_saying(order.evidence),
            touches=touches_of(order.evidence, order.created_at),
            discount_codes=order.evidence.discount_codes,
        )
        refunds = {refund.refund_id: _return(refund, order.currency, version) for refund in order.refunds}
        return self._merged(
            sale=higher(self.sale, sale),
            journey=higher(self.journey, journey.without_person() if self.erased else journey),
            refunds=self._with_refunds(refunds),
        )

    def with_refund(self, told: RefundRecorded, version: int) -> OrderState:
        """After a refund delivered on its own."""
        return self._merged(
            refunds=self._with_refunds({told.refund.refund_id: _return(told.refund, told.currency, version)})
        )

    def with_deletion(self) -> OrderState:
        """After the shop deleted it: later news keep it deleted."""
        return self._merged(deleted=True)

    def with_erasure(self) -> OrderState:
        """After its buyer asked to be forgotten: later news keep no person either."""
        return self._merged(erased=True, journey=self.journey.without_person() if self.journey else None)

    def entries(self, order_id: str, cancelled_orders: str) -> tuple[SalesEntry, ...]:
        """Its sales entries under the brand's policy for cancelled orders."""
        if self.deleted:
            return ()
        return sales_entries(self._sold(order_id), self._refunds(), cancelled_orders=cancelled_orders)

    def _merged(self, **parts: Any) -> OrderState:
        return self.model_copy(update=parts)

    def _with_refunds(self, news: Mapping[str, Return]) -> dict[str, Return]:
        merged = dict(self.refunds)
        for refund_id, told in news.items():
            merged[refund_id] = higher(merged.get(refund_id), told)
        return dict(sorted(merged.items()))

    def _sold(self, order_id: str) -> SoldOrder | None:
        if self.sale is None:
            return None
        return SoldOrder(
            order_id=order_id,
            processed_at=self.sale.processed_at,
            net_micros=self.sale.net_micros,
            taxes_included=self.sale.taxes_included,
            cancelled_at=self.sale.cancelled_at,
            test=self.sale.test,
            deleted=self.deleted,
        )

    def _refunds(self) -> list[Refund]:
        return [
            Refund(
                refund_id=refund_id,
                issued_at=told.issued_at,
                subtotal_micros=told.subtotal_micros,
                tax_micros=told.tax_micros,
                adjustment_micros=told.adjustment_micros,
            )
            for refund_id, told in self.refunds.items()
        ]


def _return(refund: Refund, currency: str, version: int) -> Return:
    # The digest is of the refund alone: embedded in an order or delivered by itself, it is the same refund.
    return Return(
        version=version,
        digest=digest_of(canonical(refund)),
        currency=currency,
        issued_at=refund.issued_at,
        subtotal_micros=refund.subtotal_micros,
        tax_micros=refund.tax_micros,
        adjustment_micros=refund.adjustment_micros,
    )


def _saying(evidence: OrderEvidence) -> Saying:
    if evidence.moments:
        return Saying.JOURNEY
    said = evidence.landing_site or evidence.referring_site or evidence.note_attributes
    return Saying.ONE_VISIT if said else Saying.NOTHING
