"""Every error a port or handler raises, one small tree.

PulsepointError
├── PermanentError            the message or request can never succeed as it is: quarantine, 4xx
│   ├── MalformedInput        it cannot be read (bad JSON, missing field, unknown API version)
│   ├── UnknownShop           no brand owns the shop that sent it
│   ├── TenantSuspended       its tenant is suspended: it is kept until the tenant is back
│   ├── AccessDenied          the tenant or brand does not exist or belongs to another tenant
│   ├── NeedsRelease          it can be read, and counts once a person lets it
│   │   ├── AmountAboveBound  an order or refund so large that one must look at it
│   │   ├── QuantityAboveBound  more pieces than anybody would believe, sold, returned or in stock
│   │   └── DateOutOfBounds   dated after the brand's clock, or before there were such orders
│   └── LimitExceeded         larger than the smallest limit of an engine (document, batch, message)
└── RetryableError            our own infrastructure failed: 503, the engine delivers again
    ├── Conflict              another transaction changed what this one read: it is run again
    ├── EngineUnavailable     database, bus, warehouse or secret store did not answer
    └── VendorError           an outside platform failed (ads, Slack): retried by the sweep, per effect
        ├── VendorRateLimited the platform asks to slow down; `retry_after` in seconds
        └── VendorRefused     credentials or permissions are wrong: a person must act
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pulsepoint.tenancy import TenantContext


class PulsepointError(Exception):
    """Base of every error Pulsepoint raises on purpose."""


class PermanentError(PulsepointError):
    """The input can never succeed as it is.

    `reason` is a stable machine word, the message says what a person should do. `names` are what the sentence of a
    quarantined message names: a shop, a field, what stood there (untrusted). `owner` is the brand that a message was
    found to be of, where its attributes do not say it: whose people see it in quarantine. `of_erased` is True where
    it is about a customer who was erased: then it is kept without what it says of them.
    """

    reason = "permanent"
    owner: TenantContext | None = None
    of_erased = False

    def __init__(self, message: str, *, reason: str | None = None, names: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        if reason is not None:
            self.reason = reason
        self.names = MappingProxyType(dict(names or {}))


class MalformedInput(PermanentError):
    """The input cannot be read."""

    reason = "malformed"


class UnknownShop(PermanentError):
    """No brand owns the shop that sent the delivery."""

    reason = "unknown_shop"


class TenantSuspended(PermanentError):
    """The tenant is suspended: what comes for it is kept until it is back."""

    reason = "tenant_suspended"

    def __init__(self) -> None:
        super().__init__("the tenant is suspended: this is handled when it is back")


class AccessDenied(PermanentError):
    """The brand does not exist or belongs to another tenant: one answer for both."""

    reason = "access_denied"

    def __init__(
        self,
        message: str = "Access denied. Brand does not exist or belongs to another tenant.",
        *,
        reason: str | None = None,
    ) -> None:
        super().__init__(message, reason=reason)


class NeedsRelease(PermanentError):
    """It can be read and is hardly right: it waits for a person, and is kept until one lets it count."""


class AmountAboveBound(NeedsRelease):
    """An order or refund above its brand's bound."""

    reason = "amount_above_bound"


class QuantityAboveBound(NeedsRelease):
    """An order, refund or stock of more pieces than the bound; it is kept until a person lets it count."""

    reason = "quantity_above_bound"


class DateOutOfBounds(NeedsRelease):
    """An order, refund, edit, product or stock level dated after the brand's clock, or before there were any."""

    reason = "date_out_of_bounds"


class LimitExceeded(PermanentError):
    """Larger than the smallest limit of the engines Pulsepoint runs on."""

    reason = "limit_exceeded"


class RetryableError(PulsepointError):
    """Our own infrastructure failed; the same message may succeed later."""


class Conflict(RetryableError):
    """Another transaction changed what this one read."""


class EngineUnavailable(RetryableError):
    """A database, bus, warehouse or secret store did not answer."""


class VendorError(RetryableError):
    """An outside platform failed; only the effect that called it waits.

    The message is for logs. `reason` is a stable machine word, `names` what people are told with it: the API, its code,
    what the platform said (untrusted).
    """

    reason: str = "failed"
    retry_after: float | None = None

    def __init__(self, message: str, *, reason: str | None = None, names: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        if reason is not None:
            self.reason = reason
        self.names = MappingProxyType(dict(names or {}))


class VendorRateLimited(VendorError):
    """The platform asks to slow down; `retry_after` is in seconds."""

    reason: str = "rate_limited"

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        reason: str | None = None,
        names: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, reason=reason, names=names)
        self.retry_after = retry_after


class VendorRefused(VendorError):
    """Credentials or permissions are wrong; a person must act."""

    reason: str = "refused"
