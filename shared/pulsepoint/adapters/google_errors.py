"""Every error Google's HTTP clients raise, as one of ours, and how long their calls may take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from google.api_core import exceptions as google
from google.api_core.retry import Retry, if_transient_error
from google.auth.exceptions import GoogleAuthError

from pulsepoint.errors import Conflict, EngineUnavailable, LimitExceeded, MalformedInput, PulsepointError

CALL_SECONDS = 10.0
PATIENCE_SECONDS = 15.0
RETRY = Retry(predicate=if_transient_error, initial=0.1, maximum=2.0, timeout=PATIENCE_SECONDS)

# The first that fits wins, anything else is EngineUnavailable: missing permissions and buckets are ours to repair.
# https://cloud.google.com/apis/design/errors#handling_errors
OURS: tuple[tuple[type[google.GoogleAPICallError], type[PulsepointError]], ...] = (
    (google.FailedPrecondition, EngineUnavailable),  # a BadRequest to the client, yet not the caller's fault
    (google.OutOfRange, LimitExceeded),
    (google.RequestRangeNotSatisfiable, LimitExceeded),
    (google.BadRequest, MalformedInput),
    (google.Conflict, Conflict),
    (google.PreconditionFailed, Conflict),
)
# The client has no class of its own for it.
TOO_LARGE = 413

VENDOR_ERRORS = (google.GoogleAPIError, GoogleAuthError, requests.RequestException, OSError, TimeoutError)


def with_status(error: google.BadRequest) -> google.BadRequest:
    """`FailedPrecondition` where that is what the answer says: over REST the client raises by the HTTP code alone."""
    response = getattr(error, "response", None)
    if isinstance(response, requests.Response) and '"FAILED_PRECONDITION"' in response.text:
        return google.FailedPrecondition(error.message, response=response)  # type: ignore[no-untyped-call]
    return error


def translated(product: str, error: Exception) -> PulsepointError:
    """Our error for one of Google's, of the credentials' or of the connection's."""
    if isinstance(error, google.BadRequest):
        error = with_status(error)
    if isinstance(error, google.GoogleAPICallError):
        if error.code == TOO_LARGE:
            return LimitExceeded(f"{product}: {error}")
        for theirs, ours in OURS:
            if isinstance(error, theirs):
                return ours(f"{product}: {error}")
        return EngineUnavailable(f"{product}: {error}")
    return EngineUnavailable(f"{product} did not answer: {type(error).__name__}: {error}")


@contextmanager
def google_errors(product: str) -> Iterator[None]:
    """Raise ours instead of Google's; `product` is how the message names it."""
    try:
        yield
    except VENDOR_ERRORS as error:
        raise translated(product, error) from error
