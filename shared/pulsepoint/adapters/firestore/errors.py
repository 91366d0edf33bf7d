"""Every error Firestore's client can raise, as one of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from google.api_core import exceptions as vendor
from google.auth.exceptions import GoogleAuthError

from pulsepoint.errors import Conflict, EngineUnavailable, LimitExceeded, PulsepointError

# Vendor class -> ours; the first that fits, anything else is EngineUnavailable.
# Which codes a read, a query or a commit gives: https://cloud.google.com/firestore/docs/understand-error-codes
BY_CLASS: tuple[tuple[type[vendor.GoogleAPICallError], type[PulsepointError]], ...] = (
    (vendor.Aborted, Conflict),  # contention, or a lock waited for too long
    (vendor.AlreadyExists, Conflict),  # a rival made the document first
    (vendor.InvalidArgument, LimitExceeded),  # names and values are checked before: what is left is size
    (vendor.OutOfRange, LimitExceeded),
)
# Of a commit these say that a precondition no longer holds; of a query, that an index or the database is missing.
IN_A_COMMIT = (vendor.FailedPrecondition, vendor.NotFound)
VENDOR_ERRORS = (vendor.GoogleAPIError, GoogleAuthError, grpc.RpcError, OSError, TimeoutError)


def translated(error: BaseException, *, commits: bool = False) -> PulsepointError:
    """Our error for one of the client's, of its credentials', of the channel's or of the loop's."""
    if commits and isinstance(error, IN_A_COMMIT):
        return Conflict(f"Firestore: {error}")
    if isinstance(error, vendor.InvalidArgument) and "transaction" in str(error) and "no longer valid" in str(error):
        return Conflict(f"Firestore: {error}")
    for kind, ours in BY_CLASS:
        if isinstance(error, kind):
            return ours(f"Firestore: {error}")
    return EngineUnavailable(f"Firestore did not answer: {type(error).__name__}: {error}")


@contextmanager
def firestore_errors(*, commits: bool = False) -> Iterator[None]:
    """Raise ours instead of the client's, a lost connection or a time-out."""
    try:
        yield
    except VENDOR_ERRORS as error:
        raise translated(error, commits=commits) from error
