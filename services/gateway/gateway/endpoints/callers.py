"""Callers as limits count them; and those that a proxy named which is not trusted, for the operator to see.

Behind a proxy that `trusted_proxies` does not count everybody has the proxy's address, and one caller's limit is
everybody's. The header is never believed for that: it is noted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address, ip_network

import structlog
from starlette.types import Scope

log = structlog.get_logger(__name__)
X_FORWARDED_FOR = b"x-forwarded-for"
NAMING = frozenset({X_FORWARDED_FOR, b"forwarded"})
"""Headers by which a proxy names its caller: https://www.rfc-editor.org/rfc/rfc7239"""


class Disbelief(StrEnum):
    """Reasons that a header which names a caller does not count."""

    NO_PROXY_TRUSTED = "no_proxy_trusted"
    TOO_FEW_ADDRESSES = "too_few_addresses"
    PUBLIC_PEER = "public_peer"


@dataclass(slots=True)
class Unbelieved:
    """Requests whose header did not count, and the address that the last of them came from."""

    requests: int
    peer: str


class UnbelievedCallers:
    """Counts the requests of this process whose header names a caller and is not believed."""

    def __init__(self, trusted_proxies: int) -> None:
        self._trusted = trusted_proxies
        self.by_reason: dict[Disbelief, Unbelieved] = {}

    def note(self, scope: Scope) -> None:
        """Count a request, where its header is not believed; the first of a kind is logged."""
        if not any(name in NAMING for name, _ in scope["headers"]) or _named_caller(scope, self._trusted):
            return
        peer = _own_address(scope)
        if _is_public(scope):
            reason = Disbelief.PUBLIC_PEER
        else:
            reason = Disbelief.TOO_FEW_ADDRESSES if self._trusted else Disbelief.NO_PROXY_TRUSTED
        before = self.by_reason.get(reason)
        if before is None:
            log.warning("proxy.not_believed", reason=reason, peer=peer, trusted_proxies=self._trusted)
        self.by_reason[reason] = Unbelieved((before.requests if before else 0) + 1, peer)


def client_address(scope: Scope, trusted_proxies: int) -> str:
    """The caller's address as limits count it: the connection's, or what the outermost trusted proxy wrote down.

    The header is believed only of a connection within a private network, as a proxy's is: whoever goes around the
    proxy is counted by their own address. Of an IPv6 address the first 64 bits, which one customer of a network has
    whole (https://www.rfc-editor.org/rfc/rfc6177). `local` where there is no connection.
    """
    return _named_caller(scope, trusted_proxies) or _own_address(scope)


def _own_address(scope: Scope) -> str:
    client = scope.get("client")
    return (_counted(str(client[0])) if client else "") or "local"


def _named_caller(scope: Scope, trusted_proxies: int) -> str:
    """The address that the outermost trusted proxy wrote down; empty where none is believed."""
    if not trusted_proxies or _is_public(scope):
        return ""
    lines: list[str] = [value.decode("latin-1") for name, value in scope["headers"] if name == X_FORWARDED_FOR]
    addresses = [address.strip() for line in lines for address in line.split(",")]
    return _counted(addresses[-trusted_proxies]) if len(addresses) >= trusted_proxies else ""


def _is_public(scope: Scope) -> bool:
    client = scope.get("client")
    try:
        return client is not None and ip_address(str(client[0])).is_global
    except ValueError:
        return False


def _counted(text: str) -> str:
    """The address, or the network it stands for; empty for what is none."""
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None or address.version == 4:
        return str(mapped or address)
    return str(ip_network((address, 64), strict=False))
