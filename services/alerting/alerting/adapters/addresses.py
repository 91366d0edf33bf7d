"""Judges outgoing URLs given by users when they are resolved."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from pulsepoint.brand.failures import PostFailure
from pulsepoint.errors import VendorError, VendorRefused

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
NAT64 = IPv6Network("64:ff9b::/96")
"""The well-known prefix; the local one (64:ff9b:1::/48) embeds an address where its network says (RFC 8215)."""
UNICAST = IPv6Network("2000::/3")
"""All IPv6 that is assigned for the public internet; what lies outside `is_global` may still take for global
(site-local, IPv4-compatible, local NAT64): https://www.iana.org/assignments/ipv6-address-space"""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect: the address that was judged, and the host name that TLS and the Host header carry."""

    scheme: str
    host: str
    port: int
    address: str
    path: str


async def resolve_host(host: str, port: int) -> Sequence[str]:
    """The addresses of a host; raises `VendorError` when it has none, `VendorRefused` where it is no host name."""
    try:
        entries = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        text = f"{host} cannot be resolved: {error}"
        raise VendorError(text, reason=PostFailure.UNRESOLVED, names={"host": host}) from error
    except UnicodeError:
        raise VendorRefused("the webhook URL names no host", reason=PostFailure.NO_HOST) from None
    return [str(entry[4][0]) for entry in entries]


async def judge(url: str, *, allow_private: bool, resolve: Resolve = resolve_host) -> Target:
    """The target of an https URL on the public internet; raises `VendorRefused` for anything else.

    Every address of the host must be public, and the one returned is the one to connect to: a name that resolves
    differently a moment later changes nothing. `allow_private` lets http and private addresses through (demo, tests).
    """
    parts = _parts(url)
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        raise VendorRefused("the webhook URL must start with https://", reason=PostFailure.NOT_HTTPS)
    if not parts.hostname or parts.username is not None or parts.password is not None:
        text = "the webhook URL needs a host and carries no user name"
        raise VendorRefused(text, reason=PostFailure.NO_HOST)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    addresses = list(await resolve(parts.hostname, port))
    if not addresses:
        text, names = f"{parts.hostname} cannot be resolved", {"host": parts.hostname}
        raise VendorError(text, reason=PostFailure.UNRESOLVED, names=names)
    if not allow_private and not all(is_public(address) for address in addresses):
        text = "the webhook URL leads to an address that is not public"
        raise VendorRefused(text, reason=PostFailure.NOT_PUBLIC)
    # A machine without IPv6 may still be told IPv6 addresses.
    addresses.sort(key=lambda address: ":" in address)
    path = parts.path or "/"
    return Target(parts.scheme, parts.hostname, port, addresses[0], f"{path}?{parts.query}" if parts.query else path)


def is_public(text: str) -> bool:
    """True for a global unicast address, also where it hides an IPv4 address (mapped, NAT64, 6to4, Teredo)."""
    address = ip_address(text.split("%", 1)[0])
    if isinstance(address, IPv6Address):
        inner = _inner(address)
        if inner is not None:
            return is_public(str(inner))
        return address in UNICAST and address.is_global
    return address.is_global and not address.is_multicast


def _inner(address: IPv6Address) -> IPv4Address | None:
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise VendorRefused("the webhook URL cannot be read", reason=PostFailure.UNREADABLE_ADDRESS) from None
    return parts
