# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

import pytest
import requests
from google.api_core import exceptions as google
from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError

from pulsepoint.adapters.google_errors import google_errors
from pulsepoint.errors import Conflict, EngineUnavailable, LimitExceeded, MalformedInput, PulsepointError


def kinds(base: type[google.GoogleAPICallError]) -> list[type[google.GoogleAPICallError]]:
    return [base, *(kind for child in base.__subclasses__() for kind in kinds(child))]


@pytest.mark.parametrize("kind", kinds(google.GoogleAPICallError), ids=lambda kind: str(kind.__name__))
def test_every_error_of_the_clients_is_one_of_ours(kind: type[google.GoogleAPICallError]) -> None:
    with pytest.raises(PulsepointError, match="Cloud Storage"), google_errors("Cloud Storage"):
        raise kind("said")


@pytest.mark.parametrize(
    "error",
    [
        google.RetryError("gave up", cause=None),
        DefaultCredentialsError("none"),
        RefreshError("refused"),
        TransportError("cut"),
        requests.ConnectionError("cut"),
        requests.ReadTimeout("slow"),
        TimeoutError(),
        ConnectionResetError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_answer_and_no_credentials_are_an_engine_unavailable(error: Exception) -> None:
    with pytest.raises(EngineUnavailable), google_errors("Cloud Storage"):
        raise error


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (google.InvalidArgument("said"), MalformedInput),
        (google.FailedPrecondition("said"), EngineUnavailable),
        (google.Forbidden("said"), EngineUnavailable),
        (google.NotFound("said"), EngineUnavailable),
        (google.ServiceUnavailable("said"), EngineUnavailable),
        (google.TooManyRequests("said"), EngineUnavailable),
        (google.Aborted("said"), Conflict),
        (google.AlreadyExists("said"), Conflict),
        (google.PreconditionFailed("said"), Conflict),
        (google.OutOfRange("said"), LimitExceeded),
        (google.from_http_status(413, "said"), LimitExceeded),
    ],
    ids=lambda value: str(getattr(value, "__name__", type(value).__name__)),
)
def test_an_error_keeps_its_meaning(error: Exception, ours: type[PulsepointError]) -> None:
    with pytest.raises(PulsepointError) as raised, google_errors("Cloud Storage"):
        raise error
    assert type(raised.value) is ours
