"""Every error of Firestore's client is one of ours, and no call waits for ever."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from uuid import uuid4

import google.auth
import grpc
import pytest
import pytest_asyncio
from google.api_core import exceptions as vendor
from google.auth.exceptions import DefaultCredentialsError, RefreshError
from google.cloud.firestore_v1.types import StructuredQuery, Write

from pulsepoint.adapters.firestore.api import COMMIT_SECONDS, QUERY_SECONDS, READ_SECONDS, FirestoreApi, open_api
from pulsepoint.adapters.firestore.document_store import FirestoreDocumentStore
from pulsepoint.adapters.firestore.errors import firestore_errors, translated
from pulsepoint.errors import Conflict, EngineUnavailable, LimitExceeded, PulsepointError
from tests.contract.suites.document_steps import new_scope, put

CONFLICTS = {"ABORTED", "ALREADY_EXISTS"}
CONFLICTS_OF_A_COMMIT = CONFLICTS | {"FAILED_PRECONDITION", "NOT_FOUND"}
SIZES = {"INVALID_ARGUMENT", "OUT_OF_RANGE"}
QUERY = StructuredQuery(from_=[StructuredQuery.CollectionSelector(collection_id="orders")])
NoCredentials: Callable[[str], Exception] = DefaultCredentialsError
from_grpc_status: Callable[..., Exception] = vendor.from_grpc_status
Call = Callable[[FirestoreApi], Awaitable[object]]
CALLS: dict[str, tuple[Call, float]] = {
    "BatchGetDocuments": (lambda api: api.read([f"{api.root}/a/b"]), READ_SECONDS),
    "Commit": (lambda api: api.commit([Write(delete=f"{api.root}/a/b")]), COMMIT_SECONDS),
    "BatchWrite": (lambda api: api.write_each([Write(delete=f"{api.root}/a/b")]), COMMIT_SECONDS),
    "Rollback": (lambda api: api.roll_back(b"1"), READ_SECONDS),
    "RunQuery": (lambda api: api.query(api.root, QUERY), QUERY_SECONDS),
}


def subclasses(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for each in kind.__subclasses__():
        yield from subclasses(each)


def expected(status: str, *, commits: bool) -> type[PulsepointError]:
    if status in SIZES:
        return LimitExceeded
    return Conflict if status in (CONFLICTS_OF_A_COMMIT if commits else CONFLICTS) else EngineUnavailable


class Refusing(grpc.GenericRpcHandler):  # type: ignore[misc]
    """A Firestore that refuses every call with `status`, and remembers how long it was given."""

    def __init__(self) -> None:
        self.status = grpc.StatusCode.UNAVAILABLE
        self.given: dict[str, float] = {}
        self.calls = 0

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        async def refuse(request: bytes, context: grpc.aio.ServicerContext) -> None:
            self.calls += 1
            self.given[details.method.rpartition("/")[2]] = context.time_remaining()
            await context.abort(self.status, "refused")

        return grpc.unary_unary_rpc_method_handler(refuse)


@pytest_asyncio.fixture
async def refusing(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Refusing, FirestoreApi]]:
    handler, server = Refusing(), grpc.aio.server()
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{port}")
    async with open_api(f"test-{uuid4()}") as api:
        yield handler, api
    await server.stop(None)


@pytest.mark.parametrize("method", CALLS)
async def test_every_status_is_one_of_our_errors_and_no_call_is_sent_again(
    method: str, refusing: tuple[Refusing, FirestoreApi]
) -> None:
    handler, api = refusing
    call, _ = CALLS[method]
    commits = method in ("Commit", "BatchWrite", "Rollback")
    for number, status in enumerate((each for each in grpc.StatusCode if each is not grpc.StatusCode.OK), start=1):
        handler.status = status
        with pytest.raises(PulsepointError) as raised:
            await call(api)
        assert (status.name, type(raised.value)) == (status.name, expected(status.name, commits=commits))
        assert handler.calls == number


@pytest.mark.parametrize("method", CALLS)
async def test_every_call_has_a_deadline(method: str, refusing: tuple[Refusing, FirestoreApi]) -> None:
    handler, api = refusing
    call, seconds = CALLS[method]
    with pytest.raises(EngineUnavailable):
        await call(api)
    # The wire rounds up.
    assert 0 < handler.given[method] < seconds + 1


def test_every_error_of_the_client_is_one_of_ours() -> None:
    kinds = [*subclasses(vendor.GoogleAPIError), DefaultCredentialsError, RefreshError, ConnectionResetError]
    assert len(kinds) > 30
    for kind in kinds:
        make: Callable[..., Exception] = kind
        error = make("m", RuntimeError("cause")) if kind is vendor.RetryError else make("m")
        with pytest.raises(PulsepointError), firestore_errors():
            raise error
        assert isinstance(translated(error, commits=True), PulsepointError)


def test_a_transaction_that_ran_out_is_a_conflict() -> None:
    error = from_grpc_status(
        grpc.StatusCode.INVALID_ARGUMENT, "The referenced transaction has expired or is no longer valid."
    )
    assert isinstance(translated(error, commits=True), Conflict)


def test_errors_of_our_own_code_pass() -> None:
    with pytest.raises(KeyError), firestore_errors():
        raise KeyError("ours")


async def test_a_firestore_that_is_not_there_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{probe.getsockname()[1]}")
        async with open_api("test") as api:
            with pytest.raises(EngineUnavailable):
                await put(FirestoreDocumentStore(api, "attribution"), new_scope(), "1", {})


async def test_a_machine_without_credentials_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(**_: object) -> None:
        raise NoCredentials("no credentials")

    monkeypatch.delenv("FIRESTORE_EMULATOR_HOST", raising=False)
    monkeypatch.setattr(google.auth, "default", none)
    with pytest.raises(EngineUnavailable, match="no credentials"):
        async with open_api("test"):
            pass
