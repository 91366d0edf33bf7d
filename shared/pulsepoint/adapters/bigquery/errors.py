"""Meanings of Google's reasons, beyond what `google_errors` tells by status.

Reasons: https://cloud.google.com/bigquery/docs/error-messages
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from google.api_core import exceptions as google

from pulsepoint.adapters.google_errors import VENDOR_ERRORS, translated
from pulsepoint.errors import EngineUnavailable, LimitExceeded, PulsepointError

TOO_LARGE = frozenset({"bytesBilledLimitExceeded", "responseTooLarge", "resourcesExceeded", "billingTierLimitExceeded"})
"""Reasons of a request that a cap or an engine's limit does not allow."""

PASSING = frozenset(
    {
        *("backendError", "internalError", "jobBackendError", "jobInternalError", "badGateway", "timeout", "stopped"),
        *("rateLimitExceeded", "jobRateLimitExceeded", "quotaExceeded", "tableUnavailable", "resourceInUse"),
    }
)
"""Reasons that pass: the same request may succeed later."""


def reason_of(error: BaseException) -> str:
    """Google's word for what went wrong, or nothing."""
    details = getattr(error, "errors", None) or ()
    first = details[0] if details else {}
    return str(first.get("reason", "")) if isinstance(first, dict) else ""


def mapped(error: Exception) -> PulsepointError:
    """Translates an error of the client; unknown kinds count as the engine's own failure."""
    if isinstance(error, google.RetryError) and isinstance(error.cause, Exception):
        return mapped(error.cause)
    reason = reason_of(error)
    if reason in TOO_LARGE:
        return LimitExceeded(f"BigQuery: {error}")
    if reason in PASSING:
        return EngineUnavailable(f"BigQuery: {error}")
    return translated("BigQuery", error)


@contextmanager
def as_pulsepoint_errors() -> Iterator[None]:
    """Let the client's errors leave the block as Pulsepoint's."""
    try:
        yield
    except VENDOR_ERRORS as error:
        raise mapped(error) from error
