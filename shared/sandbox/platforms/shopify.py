"""Shopify's Admin API over GraphQL, for what our services may ask: the shop, products and orders by cursor.

`POST /admin/api/{version}/graphql.json` with `X-Shopify-Access-Token`
(https://shopify.dev/docs/api/admin-graphql). Webhooks go the other way: `sandbox.platforms.shop`.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from file_import.bodies import money
from sandbox.platforms.graphql import InvalidQuery, answer, select, unknown_argument
from sandbox.platforms.past import Past
from sandbox.records import Order, Product, StockChange
from sandbox.settings import ShopSettings

VERSION = re.compile(r"20\d\d-(01|04|07|10)|unstable")
MOST_A_PAGE = 250
LARGEST_BODY = 100_000
Item = TypeVar("Item")


class ShopifyFace:
    """The Admin API of one shop over its past."""

    def __init__(self, settings: ShopSettings, past: Past, products: Callable[[], Sequence[Product]], token: str):
        """`token` is the app's access token for the shop."""
        self._settings, self._past, self._products, self._token = settings, past, products, token

    def routes(self) -> list[BaseRoute]:
        """A list of one route: GraphQL's."""
        return [Route("/admin/api/{version}/graphql.json", self._serve, methods=["POST"])]

    async def _serve(self, request: Request) -> Response:
        if not VERSION.fullmatch(request.path_params["version"]):
            return JSONResponse({"errors": "Not Found"}, 404)
        if not secrets.compare_digest(request.headers.get("x-shopify-access-token", ""), self._token):
            message = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return JSONResponse({"errors": message}, 401)
        try:
            document = orjson.loads((await request.body())[:LARGEST_BODY])
            selected = select(str(document["query"]), document.get("variables") or {})
            data = answer(selected, self._root(), "QueryRoot")
        except InvalidQuery as error:
            return JSONResponse({"errors": [{"message": str(error)}], "extensions": COST})
        except (ValueError, KeyError, TypeError):
            return JSONResponse({"errors": {"query": "Required parameter missing or invalid"}}, 400)
        return JSONResponse({"data": data, "extensions": COST})

    def _root(self) -> dict[str, object]:
        shop = self._settings
        return {
            "shop": {
                "id": "gid://shopify/Shop/1",
                "name": shop.name,
                "myshopifyDomain": shop.domain,
                "currencyCode": shop.currency,
                "ianaTimezone": shop.timezone,
            },
            "products": lambda arguments: _connection(
                "products", arguments, self._products(), _product_id, _product_in(shop.currency, self._levels)
            ),
            "orders": lambda arguments: _connection(
                "orders", arguments, list(self._past.orders.values()), _order_id, self._order
            ),
        }

    def _levels(self, inventory_item_id: int) -> list[StockChange]:
        """The newest level of an item at each place."""
        return [level for (item, _), level in self._past.levels.items() if item == inventory_item_id]

    def _order(self, order: Order) -> dict[str, object]:
        refunds = self._past.refunds_of(order.order_id)
        changed = max([order.created_at, *(refund.created_at for refund in refunds)])
        return {
            "id": f"gid://shopify/Order/{order.order_id}",
            "legacyResourceId": str(order.order_id),
            "name": order.name,
            "createdAt": _iso(order.created_at),
            "processedAt": _iso(order.created_at),
            "updatedAt": _iso(changed),
            "cancelledAt": next((_iso(refund.created_at) for refund in refunds if refund.cancels), None),
            "currencyCode": order.currency,
            "taxesIncluded": order.taxes_included,
            "test": False,
            "email": order.email,
            "discountCodes": list(order.discount_codes),
            "totalPriceSet": _bag(order.total_cents, order.currency),
            "totalDiscountsSet": _bag(order.discount_cents, order.currency),
            "totalTaxSet": _bag(order.tax_cents, order.currency),
            "totalRefundedSet": _bag(sum(refund.total_cents for refund in refunds), order.currency),
            "customerJourneySummary": _journey(order),
            "lineItems": lambda arguments: _connection(
                "lineItems", arguments, order.lines, lambda line: line.line_id, _line(order)
            ),
        }


COST = {
    "cost": {
        "requestedQueryCost": 12,
        "actualQueryCost": 12,
        "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": 1988, "restoreRate": 100.0},
    }
}


def _connection(
    field: str,
    arguments: Mapping[str, object],
    items: Sequence[Item],
    identity: Callable[[Item], int],
    node: Callable[[Item], dict[str, object]],
) -> dict[str, object]:
    """A page of a connection: https://shopify.dev/docs/api/usage/pagination-graphql."""
    for argument in arguments.keys() - {"first", "after", "reverse"}:
        raise unknown_argument(field, argument)
    size = arguments.get("first")
    if not isinstance(size, int) or not 1 <= size <= MOST_A_PAGE:
        raise InvalidQuery(f"you must provide `first` from 1 to {MOST_A_PAGE}")
    ordered = sorted(items, key=identity, reverse=bool(arguments.get("reverse")))
    start = _after(arguments.get("after"), [identity(item) for item in ordered])
    page = ordered[start : start + size]
    edges = [{"cursor": _cursor(identity(item)), "node": node(item)} for item in page]
    return {
        "edges": edges,
        "nodes": [edge["node"] for edge in edges],
        "pageInfo": {
            "hasNextPage": start + size < len(ordered),
            "hasPreviousPage": start > 0,
            "startCursor": edges[0]["cursor"] if edges else None,
            "endCursor": edges[-1]["cursor"] if edges else None,
        },
    }


def _cursor(identity: int) -> str:
    return base64.b64encode(orjson.dumps({"last_id": identity, "last_value": str(identity)})).decode()


def _after(cursor: Any, identities: list[int]) -> int:
    if cursor is None:
        return 0
    try:
        return identities.index(orjson.loads(base64.b64decode(cursor, validate=True))["last_id"]) + 1
    except (ValueError, KeyError, TypeError):
        raise InvalidQuery("Invalid cursor for current pagination sort.") from None


def _product_id(product: Product) -> int:
    return product.product_id


def _journey(order: Order) -> dict[str, object]:
    visits = [
        {
            "occurredAt": _iso(visit.occurred_at),
            "landingPage": visit.landing_page,
            "referrerUrl": visit.referrer,
            "utmParameters": dict.fromkeys(("source", "medium", "campaign", "content", "term")) | dict(visit.utm)
            if visit.utm
            else None,
        }
        for visit in order.evidence.visits
    ]
    return {
        "ready": True,
        "customerOrderIndex": order.orders_before + 1,
        "firstVisit": visits[0] if visits else None,
        "lastVisit": visits[-1] if visits else None,
        "moments": {"nodes": visits, "edges": [{"node": visit} for visit in visits]},
    }


def _order_id(order: Order) -> int:
    return order.order_id


def _product_in(
    currency: str, levels_of: Callable[[int], Sequence[StockChange]]
) -> Callable[[Product], dict[str, object]]:
    return lambda product: {
        "id": f"gid://shopify/Product/{product.product_id}",
        "title": product.title,
        "handle": product.handle,
        "vendor": product.vendor,
        "productType": product.category,
        "status": "ACTIVE",
        "createdAt": _iso(product.created_at),
        "variants": lambda arguments: _connection(
            "variants",
            arguments,
            product.variants,
            lambda variant: variant.variant_id,
            lambda variant: {
                "id": f"gid://shopify/ProductVariant/{variant.variant_id}",
                "sku": variant.sku,
                "title": variant.title,
                "price": money(variant.price_cents),
                "inventoryItem": {
                    "id": f"gid://shopify/InventoryItem/{variant.inventory_item_id}",
                    "tracked": True,
                    "unitCost": {"amount": money(variant.unit_cost_cents), "currencyCode": currency},
                    "inventoryLevels": lambda arguments: _connection(
                        "inventoryLevels", arguments, levels_of(variant.inventory_item_id), _location_id, _level
                    ),
                },
            },
        ),
    }


def _location_id(level: StockChange) -> int:
    return level.location_id


def _level(level: StockChange) -> dict[str, object]:
    """An InventoryLevel: https://shopify.dev/docs/api/admin-graphql/latest/objects/InventoryLevel."""

    def quantities(arguments: Mapping[str, object]) -> list[dict[str, object]]:
        counted = {"available": level.available, "incoming": level.incoming}
        names = arguments.get("names")
        if not isinstance(names, list):
            raise InvalidQuery("Field 'quantities' is missing required arguments: names")
        for name in names:
            if name not in counted:
                raise InvalidQuery(f"the sandbox counts no quantity {name!r}")
        return [{"name": name, "quantity": counted[name]} for name in names]

    return {
        "id": f"gid://shopify/InventoryLevel/{level.location_id}?inventory_item_id={level.inventory_item_id}",
        "location": {"id": f"gid://shopify/Location/{level.location_id}"},
        "updatedAt": _iso(level.timestamp),
        "quantities": quantities,
    }


def _line(order: Order) -> Callable[[Any], dict[str, object]]:
    return lambda line: {
        "id": f"gid://shopify/LineItem/{line.line_id}",
        "sku": line.sku,
        "title": line.title,
        "quantity": line.quantity,
        "originalUnitPriceSet": _bag(line.price_cents, order.currency),
        "totalDiscountSet": _bag(line.discount_cents, order.currency),
    }


def _bag(cents: int, currency: str) -> dict[str, object]:
    return {"shopMoney": {"amount": money(cents), "currencyCode": currency}}


def _iso(timestamp: datetime) -> str:
    return timestamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
