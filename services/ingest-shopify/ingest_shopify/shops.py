"""Whose a delivery is: what comes to a brand's own webhook address is that brand's, and naming a shop blocks nobody.

An address proves nothing of other deliveries, since Shopify signs no shop: whoever has a shop of their own could send
a body of theirs under another's name. Documents of the system: `addresses/{SHA-256 of a token}` is the brand whose
address carries it. `shops/{domain}` is the brand that deliveries without a token go to; once `in_use`, by a delivery
that counted, it stays that. `contenders` name the shop too and none is in use: then these deliveries wait, until one
brand is left. `others` are brands that deliveries over their own addresses came for beside it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from ingest_shopify.domain import FAMILIES, Family
from pulsepoint.brand.settings import BrandSettings
from pulsepoint.errors import PermanentError, UnknownShop
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.events.envelope import Event
from pulsepoint.events.precedence import Origin, origin_of
from pulsepoint.ports.document_store import Document, Write
from pulsepoint.runtime.brand_projection import BRANDS
from pulsepoint.runtime.outcome import Effect, Reader
from pulsepoint.tenancy import SYSTEM, TenantContext
from pulsepoint.values import JsonObject

SHOPS, ADDRESSES, CLAIMS = "shops", "addresses", "claims"
TOKEN = "endpoint-token"  # noqa: S105 (a name)
ROUTING = "routing"
"""Attribute of a delivery: `header` where the shop header is believed, `token` where the address must prove it."""
PRIVACY = frozenset({Family.DATA_REQUEST, Family.REDACTION, Family.SHOP_REDACTION})
MOST_OTHERS = 20


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop as one brand has it, as its document says."""

    scope: TenantContext
    currency: str
    identity_key: bytes
    endpoint_token: str | None
    endpoint_digest: str | None
    clock_offset: timedelta
    suspended: bool
    data: JsonObject = field(repr=False)

    @classmethod
    def of(cls, data: JsonObject) -> Shop:
        """The shop in a document's data."""
        return cls(
            scope=TenantContext(UUID(data["tenant_id"]), UUID(data["brand_id"])),
            currency=data["currency"],
            identity_key=bytes.fromhex(data["identity_key"]),
            endpoint_token=data.get("endpoint_token"),
            endpoint_digest=data.get("endpoint_digest"),
            clock_offset=timedelta(seconds=data.get("clock_offset_seconds", 0)),
            suspended=data.get("suspended", False),
            data=data,
        )


@dataclass(frozen=True, slots=True)
class Route:
    """The brand a delivery is for; `proven` by the address it came to. `also` hear of it: the app's privacy topics.

    `writes` and `effects` note that the brand's deliveries count.
    """

    shop: Shop
    proven: bool
    also: tuple[Shop, ...] = ()
    writes: Sequence[Write] = ()
    effects: Sequence[Effect] = ()


def digest_of_token(token: str) -> str:
    """The name of an address: SHA-256, in hex."""
    return sha256(token.encode()).hexdigest()


def shop_keys(domain: str, headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """The documents that `route` needs: the second where the address carried a token."""
    token = headers.get(TOKEN)
    return [(SHOPS, domain), *([(ADDRESSES, digest_of_token(token))] if token is not None else [])]


async def route(
    reader: Reader,
    domain: str,
    topic: str,
    headers: Mapping[str, str],
    named: Document | None,
    address: Document | None = None,
) -> Route:
    """The brand that a delivery under this shop header is for, by the documents of `shop_keys`.

    Raises `UnknownShop` where no brand is known, or which of several; `PermanentError` (`endpoint_token`) where the
    address proves nothing and had to.
    """
    uploader = _uploader(headers)
    if uploader is not None:
        return Route(await _shop_of(reader, uploader, domain, named), proven=False)
    if address is not None and address.data["shop"] == domain:
        return _proven(Shop.of(address.data), named, domain)
    if named is None:
        raise UnknownShop(f"no brand owns {domain}: it is delivered when one does", names={"shop": domain})
    shop = Shop.of(named.data)
    if _came_by_token(shop, domain, topic, headers):
        return Route(shop, proven=True)
    by_family = FAMILIES.get(topic) in PRIVACY
    # A shop that left is forgotten of the brands its deliveries came for: naming it alone neither keeps nor ends data.
    needs_proof = not by_family or FAMILIES.get(topic) is Family.SHOP_REDACTION
    if named.data.get("contenders") and needs_proof and origin_of(headers) is not Origin.FILE:
        raise UnknownShop(
            f"several brands name {domain}: send its webhooks to the brand's own address",
            names={"shop": domain, "several": "yes"},
        )
    others = [TenantContext(UUID(each["tenant_id"]), UUID(each["brand_id"])) for each in named.data.get("others", ())]
    also = [await _shop_of(reader, each, domain, named) for each in others] if by_family else []
    in_use = [] if by_family or named.data.get("in_use", True) else [Write(SHOPS, domain, _used(named.data))]
    return Route(shop, proven=False, also=tuple(also), writes=in_use)


def _uploader(headers: Mapping[str, str]) -> TenantContext | None:
    """The brand whose people uploaded the file that a delivery is from; nobody outside can say so."""
    if origin_of(headers) is not Origin.FILE or "tenant" not in headers:
        return None
    return TenantContext(UUID(headers["tenant"]), UUID(headers["brand"]))


async def _shop_of(reader: Reader, scope: TenantContext, domain: str, named: Document | None) -> Shop:
    """The shop as the brand has it; raises `UnknownShop` before its settings have come."""
    if named is not None and _is_of(named.data, scope):
        return Shop.of(named.data)
    kept = await reader.get(CLAIMS, f"{domain}:{scope.brand_id}")
    if kept is None or not _is_of(kept.data, scope):
        raise UnknownShop(f"the brand does not own {domain} yet: it is delivered when it does", names={"shop": domain})
    return Shop.of(kept.data)


def _is_of(data: JsonObject, scope: TenantContext) -> bool:
    return (data["tenant_id"], data["brand_id"]) == (str(scope.tenant_id), str(scope.brand_id))


def _proven(shop: Shop, named: Document | None, domain: str) -> Route:
    """A delivery over a brand's own address: it is the brand's, and so is the shop where no other brand names it."""
    if named is None or _is_of(named.data, shop.scope):
        if named is not None and (named.data.get("in_use", True) or named.data.get("contenders")):
            return Route(shop, proven=True)
        return Route(shop, True, (), [Write(SHOPS, domain, _used(shop.data))], [drain(domain)])
    others, me = list(named.data.get("others", ())), _named(shop.scope)
    if me in others or len(others) >= MOST_OTHERS:
        return Route(shop, proven=True)
    return Route(shop, True, (), [Write(SHOPS, domain, {**named.data, "others": [*others, me]})])


def _used(data: JsonObject) -> JsonObject:
    return {**data, "in_use": True}


def _named(scope: TenantContext) -> JsonObject:
    return {"tenant_id": str(scope.tenant_id), "brand_id": str(scope.brand_id)}


def drain(domain: str) -> Effect:
    """Delivers what waits for somebody to own the shop."""
    return Effect("quarantined.replay", f"shop:{domain}", {"shop": domain}, scope=SYSTEM)


def _came_by_token(shop: Shop, domain: str, topic: str, headers: Mapping[str, str]) -> bool:
    """True where the address carried the shop's token, which proves whose the delivery is; the shop header does not.

    Without it the header is believed where that is allowed, of files, which nobody outside can send, and for the
    privacy topics of the app, which come to one address for all shops and name the shop in the body.
    """
    token = headers.get(TOKEN)
    if token is not None and (shop.endpoint_token or shop.endpoint_digest):
        matches = secrets.compare_digest(token, shop.endpoint_token or "") or secrets.compare_digest(
            digest_of_token(token), shop.endpoint_digest or ""
        )
        if not matches:
            explanation = f"the address was not the one subscribed for {domain}"
            raise PermanentError(explanation, reason="endpoint_token", names={"shop": domain})
        return True
    by_header = headers.get(ROUTING, "token" if shop.endpoint_token else "header") == "header"
    if not by_header and origin_of(headers) is not Origin.FILE and FAMILIES.get(topic) not in PRIVACY:
        explanation = f"the address carried no token of {domain}, and nobody signs the shop header"
        raise PermanentError(explanation, reason="endpoint_token", names={"shop": domain})
    return False


def claim(
    event: Event[BrandConfigured], domain: str, named: Document | None, previous: JsonObject, identity_key: str
) -> list[Write]:
    """The writes that keep what a brand says of its shop; they take nothing from another brand that names it."""
    brand: BrandSettings = event.payload
    is_own = named is not None and _is_of(named.data, event.scope)
    before = named.data if named is not None and is_own else {}
    shop: JsonObject = {
        **_named(event.scope),
        "shop": domain,
        "name": brand.name,
        "currency": brand.currency,
        "timezone": brand.timezone,
        "clock_offset_seconds": brand.clock_offset_seconds,
        "endpoint_token": before.get("endpoint_token"),
        "endpoint_digest": brand.endpoint_digest,
        "identity_key": identity_key,
        "suspended": brand.suspended,
        "order_bounds": [each.model_dump() for each in brand.order_bounds],
    }
    writes = [Write(CLAIMS, f"{domain}:{event.scope.brand_id}", shop)]
    if brand.endpoint_digest is not None:
        writes.append(Write(ADDRESSES, brand.endpoint_digest, shop))
    if previous.get("endpoint_digest") not in (None, brand.endpoint_digest):
        writes.append(Write(ADDRESSES, previous["endpoint_digest"], None))
    if named is None:
        writes.append(Write(SHOPS, domain, {**shop, "in_use": False}))
    elif is_own:
        kept: JsonObject = {name: before[name] for name in ("contenders", "others") if name in before}
        writes.append(Write(SHOPS, domain, {**shop, "in_use": before.get("in_use", True), **kept}))
    elif not named.data.get("in_use", True):
        contenders = [each for each in named.data.get("contenders", ()) if each != _named(event.scope)]
        writes.append(Write(SHOPS, domain, {**named.data, "contenders": [*contenders, _named(event.scope)]}))
    return writes


async def forgotten(reader: Reader, shop: Shop, domain: str, *, proven: bool) -> list[Write]:
    """The writes that end what is kept of a shop that left, as one brand had it; what others have of it stays.

    Where the request did not come to the brand's own address, it ends the brands of `others` with the shop's own.
    """
    scope = shop.scope
    named = await reader.get(SHOPS, domain)
    if named is None or _is_of(named.data, scope):
        ends = await given_up(reader, scope, domain)
    else:
        ends = [Write(CLAIMS, f"{domain}:{scope.brand_id}", None)]
        if proven:
            left = {
                field: [each for each in named.data.get(field, ()) if each != _named(scope)]
                for field in ("others", "contenders")
            }
            ends.append(Write(SHOPS, domain, {**named.data, **left}))
    if shop.endpoint_digest is not None:
        ends.append(Write(ADDRESSES, shop.endpoint_digest, None))
    return [*ends, Write(BRANDS, str(scope.brand_id), None)]


async def given_up(reader: Reader, scope: TenantContext, domain: str) -> list[Write]:
    """The writes that take a brand off a shop that it no longer names; the next that names it follows."""
    named = await reader.get(SHOPS, domain)
    writes = [Write(CLAIMS, f"{domain}:{scope.brand_id}", None)]
    if named is None:
        return writes
    contenders: list[JsonObject] = [each for each in named.data.get("contenders", ()) if each != _named(scope)]
    if not _is_of(named.data, scope):
        return [*writes, Write(SHOPS, domain, {**named.data, "contenders": contenders})]
    claims = await reader.get_many([(CLAIMS, f"{domain}:{each['brand_id']}") for each in contenders])
    left = [each.data for each in claims if each is not None]
    rest = {"in_use": False, "contenders": [_named(Shop.of(each).scope) for each in left[1:]]}
    return [*writes, Write(SHOPS, domain, {**left[0], **rest} if left else None)]
