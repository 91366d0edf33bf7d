"""Headers that every answer of every service carries, whoever makes it."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.types import Message, Send

Header = tuple[bytes, bytes]
BARE: tuple[Header, ...] = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
)
"""For answers that show nothing: https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html"""
YEAR = b"max-age=31536000"
"""Of one host alone: what else lies below its domain is none of our business."""


def strict_transport(public_url: str) -> tuple[Header, ...]:
    """The header that keeps browsers on HTTPS (RFC 6797), where people come by HTTPS; else none."""
    return ((b"strict-transport-security", YEAR),) if public_url.lower().startswith("https://") else ()


def with_headers(send: Send, headers: Sequence[Header]) -> Send:
    """`send` that adds the headers an answer lacks."""

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", ()))
            present = {name.lower() for name, _ in given}
            message = {**message, "headers": given + [each for each in headers if each[0] not in present]}
        await send(message)

    return guarded
