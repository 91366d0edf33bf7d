"""Every error Google's Pub/Sub client can raise, as one of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError

from pulsepoint.errors import EngineUnavailable, MalformedInput, PulsepointError

VENDOR_ERRORS = (exceptions.GoogleAPIError, GoogleAuthError, grpc.RpcError, OSError, TimeoutError)
# A status the same request may not meet again; Google's own list for publishing.
# https://cloud.google.com/pubsub/docs/retry-requests
WORTH_ANOTHER_TRY = (
    exceptions.Aborted,
    exceptions.Cancelled,
    exceptions.DeadlineExceeded,
    exceptions.InternalServerError,
    exceptions.ResourceExhausted,
    exceptions.ServiceUnavailable,
    exceptions.Unknown,
)


def translated(error: BaseException) -> PulsepointError:
    """Our error for one of the client's, of its credentials', of the channel's or of the loop's.

    A missing topic or permission is our infrastructure's fault, not the message's: it is tried again.
    """
    if type(error) is exceptions.InvalidArgument:
        return MalformedInput(f"Pub/Sub refused the request: {error.message}")
    return EngineUnavailable(f"Pub/Sub did not answer: {type(error).__name__}: {error}")


@contextmanager
def pubsub_errors() -> Iterator[None]:
    """Raise ours instead of the client's, a lost connection or a time-out."""
    try:
        yield
    except VENDOR_ERRORS as error:
        raise translated(error) from error
