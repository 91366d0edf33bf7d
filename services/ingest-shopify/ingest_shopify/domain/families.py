"""The forms of webhook bodies by topic: the topic is a header, and nobody signed it.

A captured order sent again as `orders/delete` would delete it for good. So each family of topics has a form: what its
bodies must have, what they never have, and, where they have next to nothing, all they may have.
https://shopify.dev/docs/api/webhooks lists a sample of every topic.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pulsepoint.errors import MalformedInput

ORDERS = frozenset({"line_items", "financial_status", "fulfillment_status", "order_number", "total_price", "refunds"})
REFUNDS = frozenset({"refund_line_items", "order_adjustments", "refund_shipping_lines"})
PRODUCTS = frozenset({"variants", "options", "vendor", "product_type", "body_html"})
LEVELS = frozenset({"inventory_item_id", "available"})
REQUESTS = frozenset({"data_request", "orders_requested"})
REDACTIONS = frozenset({"orders_to_redact"})
SHOP_NAMES = frozenset({"shop_id", "shop_domain"})
SHOPS = frozenset({"myshopify_domain"})
EDITS = frozenset({"order_edit"})
UNREAD = frozenset(
    {
        *("abandoned_checkout_url", "invoice_url", "invoice_sent_at", "applied_discount"),  # checkouts, drafts
        *("tracking_number", "tracking_numbers", "shipment_status"),  # fulfillments
        *("parent_id", "authorization"),  # transactions
        *("verified_email", "tax_exemptions", "sort_order", "disjunctive"),  # customers, collections
    }
)
"""Keys of bodies of topics that are not read."""
ALL = ORDERS | REFUNDS | PRODUCTS | LEVELS | REQUESTS | REDACTIONS | SHOP_NAMES | SHOPS | EDITS | UNREAD


class Family(StrEnum):
    """Topics whose bodies have one form: the same bytes may come under any of them."""

    ORDER = "order"
    ORDER_EDIT = "order_edit"
    ORDER_DELETION = "order_deletion"
    REFUND = "refund"
    PRODUCT = "product"
    PRODUCT_DELETION = "product_deletion"
    STOCK_LEVEL = "stock_level"
    DISCONNECTION = "disconnection"
    UNINSTALLATION = "uninstallation"
    DATA_REQUEST = "data_request"
    REDACTION = "redaction"
    SHOP_REDACTION = "shop_redaction"


@dataclass(frozen=True, slots=True)
class _Form:
    """Keys of a family's bodies: one of each of `some`; none of `never`; where `only` is given, no others."""

    never: frozenset[str]
    some: tuple[frozenset[str], ...] = ()
    only: frozenset[str] | None = None


def _keys(*names: str) -> frozenset[str]:
    return frozenset(names)


_DELETION = _Form(ALL, only=_keys("id", "admin_graphql_api_id"))
_CHARGED = _keys("financial_status", "order_number", "total_price", "subtotal_price", "processed_at", "currency")
_FORMS: dict[Family, _Form] = {
    # A cart has lines, but no price or state.
    Family.ORDER: _Form(ALL - ORDERS, (_keys("line_items"), _CHARGED)),
    Family.ORDER_EDIT: _Form(ALL - EDITS - {"line_items"}, (_keys("order_edit", "line_items"),)),
    Family.ORDER_DELETION: _DELETION,
    Family.REFUND: _Form(ALL - REFUNDS, (REFUNDS | {"transactions", "return", "restock", "duties"},)),
    # Without variants it would empty the product: that is a deletion's body, or a collection's.
    Family.PRODUCT: _Form(ALL - PRODUCTS | {"order_id"}, (_keys("variants", "variant_gids", "variant_ids"),)),
    Family.PRODUCT_DELETION: _DELETION,
    Family.STOCK_LEVEL: _Form(ALL - LEVELS, (_keys("available"),)),
    Family.DISCONNECTION: _Form(
        ALL - LEVELS | {"available"}, only=_keys("inventory_item_id", "location_id", "admin_graphql_api_id")
    ),
    Family.UNINSTALLATION: _Form(ALL - SHOPS, (SHOPS,)),
    Family.DATA_REQUEST: _Form(ALL - REQUESTS - SHOP_NAMES, (REQUESTS | {"customer"},)),
    Family.REDACTION: _Form(ALL - REDACTIONS - SHOP_NAMES, (REDACTIONS | {"customer"},)),
    Family.SHOP_REDACTION: _Form(ALL - SHOP_NAMES, only=SHOP_NAMES),
}


def refuse_foreign(topic: str, family: Family, body: dict[str, object]) -> None:
    """Raises `MalformedInput` (reason `topic_mismatch`) where the body has what no body of the topic has."""
    foreign = _FORMS[family].never & body.keys()
    if foreign:
        raise _mismatch(topic, f"the body has {min(foreign)}, which none of its bodies has")


def refuse_unfit(topic: str, family: Family, body: dict[str, object]) -> None:
    """Raises `MalformedInput` where a body that could be read lacks its topic's form.

    Reason `missing_field` for what all of its bodies have, `topic_mismatch` for what none of them has.
    """
    form = _FORMS[family]
    for some in form.some:
        if not some & body.keys():
            named = " or ".join(sorted(some))
            text, names = f"{named}: is missing, and no body of {topic} lacks it", {"field": " | ".join(sorted(some))}
            raise MalformedInput(text, reason="missing_field", names=names)
    beyond = body.keys() - form.only if form.only is not None else ()
    if beyond:
        raise _mismatch(topic, f"the body has {min(beyond)[:40]!r}, which none of its bodies has")


def _mismatch(topic: str, why: str) -> MalformedInput:
    text = f"a body of another topic was sent as {topic}: {why}"
    return MalformedInput(text, reason="topic_mismatch", names={"topic": topic})
