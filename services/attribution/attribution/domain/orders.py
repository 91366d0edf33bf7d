"""The state of one order, merged from its snapshots: the same end whatever the order of arrival.

Every part keeps the (version, precedence, digest) it came with and the highest one stays, so merging is commutative,
associative and idempotent. A deletion is ranked against order snapshots, as in the warehouse's view; an erasure stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from attribution.domain.codes import with_codes
from attribution.domain.edits import History
from attribution.domain.touches import RULES_VERSION, touches_of
from pulsepoint.brand.settings import BrandChoices
from pulsepoint.brand.vocabulary import CancelledOrders
from pulsepoint.events.attributions import Touch
from pulsepoint.events.envelope import Event, canonical, digest_of
from pulsepoint.events.orders import OrderDeleted, OrderEditCommitted, OrderRecorded, Refund, RefundRecorded
from pulsepoint.events.precedence import is_from_file
from pulsepoint.events.touches import TrackingData
from pulsepoint.metrics.revenue import OrderChange, SalesEntry, SoldOrder, sales_entries
from pulsepoint.warehouse.personal import names_somebody


class Versioned(BaseModel):
    """A part of the document with the rank of the snapshot it came from; earlier releases kept no precedence."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    version: int
    precedence: int = 0
    digest: str

    @property
    def rank(self) -> tuple[object, ...]:
        """The order by which one of two snapshots of the same part is current."""
        return self.version, self.precedence, self.digest


class Sale(Versioned):
    """The part of an order snapshot that decides its revenue."""

    currency: str
    created_at: datetime
    processed_at: datetime
    cancelled_at: datetime | None
    net_micros: int
    uncharged_micros: int | None = None
    taxes_included: bool
    test: bool


class Return(Versioned):
    """The part of a refund that decides what it gives back; see `Refund`."""

    currency: str
    issued_at: datetime
    subtotal_micros: int
    tax_micros: int
    adjustment_micros: int
    shipping_micros: int = 0
    total_micros: int | None = None
    shows_taxes_included: bool | None = None
    is_total: bool = False


class EvidenceLevel(IntEnum):
    """The amount of tracking data in an order: a later snapshot with less does not make the journey unknown again."""

    NOTHING = 0
    SINGLE_VISIT = 1
    JOURNEY = 2


class Journey(Versioned):
    """Touches made from one snapshot's evidence; discount codes are kept as evidence only."""

    saying: EvidenceLevel
    rules: int = 1
    touches: tuple[Touch, ...]
    discount_codes: tuple[str, ...]

    @property
    def rank(self) -> tuple[object, ...]:
        """Journey moments outrank a landing site, which outranks silence; then the snapshot, then later rules."""
        return int(self.saying), *super().rank, self.rules

    def without_person(self, created_at: datetime, settings: BrandChoices) -> Journey:
        """The journey reduced to what credits need: no click ids, sources or codes, but what the codes mean now.

        A campaign stays, but where its name holds somebody's address.
        """
        touches = tuple(
            Touch(
                occurred_at=touch.occurred_at,
                channel=touch.channel,
                paid=touch.paid,
                campaign=None if names_somebody(touch.campaign) else touch.campaign,
            )
            for touch in with_codes(self.touches, self.discount_codes, created_at, settings)
        )
        return self.model_copy(update={"touches": touches, "discount_codes": ()})


AnyVersioned = TypeVar("AnyVersioned", bound=Versioned)


def higher(current: AnyVersioned | None, candidate: AnyVersioned) -> AnyVersioned:
    """The part with the higher rank; the current one on a tie, which then has the same content."""
    return candidate if current is None or candidate.rank > current.rank else current


class OrderState(BaseModel):
    """The document `orders/{order_id}`.

    `policy_version` is the brand policy its credits were computed under; it takes no part in merging.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    sale: Sale | None = None
    journey: Journey | None = None
    refunds: dict[str, Return] = {}
    deletion: Versioned | None = None
    erased: bool = False
    history: History = History()
    policy_version: int = 0

    @property
    def currency(self) -> str | None:
        """The shop's currency; None while nothing with an amount is known."""
        part = self.sale or next(iter(self.refunds.values()), None)
        return part.currency if part is not None else None

    @property
    def source_version(self) -> int:
        """The highest source version of its parts."""
        parts = [*self.refunds.values(), self.sale, self.deletion]
        return max((part.version for part in parts if part is not None), default=0)

    @property
    def deleted(self) -> bool:
        """True where the highest ranked snapshot of the order is a deletion."""
        return self.deletion is not None and (self.sale is None or self.deletion.rank > self.sale.rank)

    def touches(self, settings: BrandChoices) -> tuple[Touch, ...]:
        """The touches credits are shared among, those of mapped discount codes too."""
        if self.journey is None or self.sale is None:
            return ()
        return with_codes(self.journey.touches, self.journey.discount_codes, self.sale.created_at, settings)

    @property
    def changes(self) -> tuple[OrderChange, ...]:
        """Changes by edits and exchanges after the order's own moment."""
        sold_at = self.sale.processed_at if self.sale is not None else None
        return tuple(each for each in self.history.changes() if sold_at is None or each.occurred_at > sold_at)

    def counts_as(self, other: OrderState) -> bool:
        """True where nothing that is credited or moved differs: at most a snapshot more is known of it."""
        if self.sale != other.sale:
            return False
        return self.model_copy(update={"history": other.history}) == other and self.changes == other.changes

    def with_order(self, event: Event[OrderRecorded], settings: BrandChoices) -> OrderState:
        """After an order snapshot and the refunds it carried."""
        order, rank = event.payload, _rank(event)
        sale = Sale(
            **rank,
            currency=order.currency,
            created_at=order.created_at,
            processed_at=order.processed_at,
            cancelled_at=order.cancelled_at,
            net_micros=order.net_micros,
            uncharged_micros=order.uncharged_micros,
            taxes_included=order.taxes_included,
            test=order.test,
        )
        journey = Journey(
            **rank,
            saying=_evidence_level(order.evidence),
            rules=RULES_VERSION,
            touches=touches_of(order.evidence, order.created_at),
            discount_codes=order.evidence.discount_codes,
        )
        refunds = {refund.refund_id: _return(event, refund, order.order_id, order.currency) for refund in order.refunds}
        return self._merged(
            sale=higher(self.sale, sale),
            journey=higher(self.journey, self._kept(journey, order.created_at, settings)),
            refunds=self._with_refunds(refunds),
            history=self.history if is_from_file(event.precedence) else self.history.with_order(event),
        )

    def with_edit(self, event: Event[OrderEditCommitted]) -> OrderState:
        """After an edit, which says when its snapshots changed."""
        return self._merged(history=self.history.with_edit(event))

    def with_refund(self, event: Event[RefundRecorded]) -> OrderState:
        """After a refund delivered on its own."""
        payload = event.payload
        news = _return(event, payload.refund, payload.order_id, payload.currency)
        return self._merged(refunds=self._with_refunds({payload.refund.refund_id: news}))

    def with_deletion(self, event: Event[OrderDeleted]) -> OrderState:
        """After the shop deleted it: snapshots from before stay deleted."""
        return self._merged(deletion=higher(self.deletion, Versioned(**_rank(event))))

    def with_erasure(self, settings: BrandChoices) -> OrderState:
        """After its buyer asked to be forgotten: later news keep no person either."""
        erased = self._merged(erased=True)
        if self.journey is None or self.sale is None:
            return erased
        return self._merged(erased=True, journey=erased._kept(self.journey, self.sale.created_at, settings))

    def entries(self, order_id: str, cancelled_orders: CancelledOrders) -> tuple[SalesEntry, ...]:
        """Its sales entries under the brand's policy for cancelled orders."""
        if self.deleted:
            return ()
        return sales_entries(self._sold(order_id), self._refunds(), cancelled_orders=cancelled_orders)

    def _kept(self, journey: Journey, created_at: datetime, settings: BrandChoices) -> Journey:
        return journey.without_person(created_at, settings) if self.erased else journey

    def _merged(self, **parts: object) -> OrderState:
        return self.model_copy(update=parts)

    def _with_refunds(self, news: Mapping[str, Return]) -> dict[str, Return]:
        merged = dict(self.refunds)
        for refund_id, refund in news.items():
            merged[refund_id] = higher(merged.get(refund_id), refund)
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
            uncharged_micros=self.sale.uncharged_micros,
            changes=self.changes,
        )

    def _refunds(self) -> list[Refund]:
        return [
            Refund(
                refund_id=refund_id,
                issued_at=part.issued_at,
                subtotal_micros=part.subtotal_micros,
                tax_micros=part.tax_micros,
                adjustment_micros=part.adjustment_micros,
                shipping_micros=part.shipping_micros,
                total_micros=part.total_micros,
                taxes_included=part.shows_taxes_included,
                is_total=part.is_total,
            )
            for refund_id, part in self.refunds.items()
        ]


def _rank(event: Event) -> dict[str, object]:
    return {"version": event.version, "precedence": event.precedence, "digest": event.digest}


def _return(event: Event, refund: Refund, order_id: str, currency: str) -> Return:
    # Ranked as in its facts, by the snapshot that told it: credits follow the telling that `refunds_current` shows.
    return Return(
        version=event.version,
        precedence=event.precedence,
        digest=digest_of(f"{order_id}\n{currency}\n".encode() + canonical(refund)),
        currency=currency,
        issued_at=refund.issued_at,
        subtotal_micros=refund.subtotal_micros,
        tax_micros=refund.tax_micros,
        adjustment_micros=refund.adjustment_micros,
        shipping_micros=refund.shipping_micros,
        total_micros=refund.total_micros,
        shows_taxes_included=refund.taxes_included,
        is_total=refund.is_total,
    )


def _evidence_level(evidence: TrackingData) -> EvidenceLevel:
    if evidence.moments:
        return EvidenceLevel.JOURNEY
    hints = evidence.landing_site or evidence.referring_site or evidence.note_attributes
    return EvidenceLevel.SINGLE_VISIT if hints else EvidenceLevel.NOTHING
