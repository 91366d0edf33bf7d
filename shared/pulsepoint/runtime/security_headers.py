"""Headers that every answer of every service carries, whoever makes it."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.types import Message, Scope, Send

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
STRICT: tuple[Header, ...] = (*BARE, (b"strict-transport-security", YEAR))


class AnswerHeaders:
    """The headers of a service's answers: `BARE`, and where the request came by HTTPS one that keeps browsers to it."""

    def __init__(self, public_url: str) -> None:
        self._is_public_https = public_url.lower().startswith("https://")

    def of(self, scope: Scope) -> tuple[Header, ...]:
        """Pairs of name and value for the answer to a request; plain HTTP must not be told of HTTPS (RFC 6797, 7.2)."""
        return STRICT if self._is_https(scope) else BARE

    def _is_https(self, scope: Scope) -> bool:
        for name, value in scope["headers"]:
            if name == b"x-forwarded-proto":  # the proxy nearest to the caller stands first
                said: bytes = value
                return said.partition(b",")[0].strip().lower() == b"https"
        return self._is_public_https or scope.get("scheme") == "https"


def with_headers(send: Send, headers: Sequence[Header]) -> Send:
    """`send` that adds the headers an answer lacks."""

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", ()))
            present = {name.lower() for name, _ in given}
            message = {**message, "headers": given + [each for each in headers if each[0] not in present]}
        await send(message)

    return guarded
