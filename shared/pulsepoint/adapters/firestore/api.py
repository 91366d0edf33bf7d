"""Firestore's API as the adapter uses it: read by name, commit, query; our errors, a deadline on every call.

The generated client is used rather than the hand-written one: it can begin a transaction with its first read and
choose its concurrency mode. https://cloud.google.com/python/docs/reference/firestore/latest
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import google.auth
import grpc.aio
from google.api_core.exceptions import from_grpc_status
from google.cloud.firestore_v1.services.firestore import FirestoreAsyncClient
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcAsyncIOTransport
from google.cloud.firestore_v1.types import (
    BatchGetDocumentsRequest,
    BatchWriteRequest,
    CommitRequest,
    Document,
    DocumentMask,
    RollbackRequest,
    RunQueryRequest,
    StructuredQuery,
    TransactionOptions,
    Write,
)

from pulsepoint.adapters.firestore.errors import firestore_errors, translated
from pulsepoint.errors import Conflict

READ_SECONDS = 10.0
QUERY_SECONDS = 30.0
# Longer than the emulator waits for a lock, shorter than any subscription's deadline.
COMMIT_SECONDS = 20.0
SCOPE = "https://www.googleapis.com/auth/datastore"
# Locks nothing until the commit, which fails when something read has changed; the emulator locks all the same.
# https://cloud.google.com/firestore/docs/transaction-data-contention
OPTIMISTIC = TransactionOptions(
    read_write=TransactionOptions.ReadWrite(concurrency_mode=TransactionOptions.ConcurrencyMode.OPTIMISTIC)
)
# Whether a document is there and when it was updated needs no field of it; an empty mask would mean all.
ALMOST_NOTHING = DocumentMask(field_paths=["version"])


@dataclass(frozen=True, slots=True)
class FirestoreApi:
    """One database over one channel."""

    client: FirestoreAsyncClient
    database: str
    metadata: tuple[tuple[str, str], ...]

    @property
    def root(self) -> str:
        """The prefix of every document's name."""
        return f"{self.database}/documents"

    async def read(self, names: Sequence[str]) -> dict[str, Document]:
        """The documents that are there, by name."""
        return (await self._read(BatchGetDocumentsRequest(database=self.database, documents=names)))[0]

    async def begin(self, names: Sequence[str]) -> tuple[dict[str, Document], bytes]:
        """A new transaction that has read these documents (without their data); commit it or roll it back."""
        return await self._read(
            BatchGetDocumentsRequest(
                database=self.database, documents=names, mask=ALMOST_NOTHING, new_transaction=OPTIMISTIC
            )
        )

    async def commit(self, writes: Sequence[Write], transaction: bytes = b"") -> None:
        """Apply all writes or none; raises `Conflict` when a precondition or the transaction no longer holds.

        Never sent again by itself: an answer that was lost could be taken for a rival's commit.
        """
        request = CommitRequest(database=self.database, writes=writes, transaction=transaction)
        with firestore_errors(commits=True):
            await self.client.commit(request, retry=None, timeout=COMMIT_SECONDS, metadata=self.metadata)

    async def write_each(self, writes: Sequence[Write]) -> list[bool]:
        """Apply each write or not, by itself; whether its precondition held.

        https://cloud.google.com/firestore/docs/reference/rpc/google.firestore.v1#google.firestore.v1.Firestore.BatchWrite
        """
        if not writes:
            return []
        request = BatchWriteRequest(database=self.database, writes=writes)
        with firestore_errors(commits=True):
            answer = await self.client.batch_write(request, retry=None, timeout=COMMIT_SECONDS, metadata=self.metadata)
            return [_applied(status.code, status.message) for status in answer.status]

    async def roll_back(self, transaction: bytes) -> None:
        """End a transaction that is not committed."""
        request = RollbackRequest(database=self.database, transaction=transaction)
        with firestore_errors(commits=True):
            await self.client.rollback(request, retry=None, timeout=READ_SECONDS, metadata=self.metadata)

    async def query(self, parent: str, query: StructuredQuery) -> list[Document]:
        """Documents below `parent` that match, in the query's order."""
        request = RunQueryRequest(parent=parent, structured_query=query)
        with firestore_errors():
            stream = await self.client.run_query(request, retry=None, timeout=QUERY_SECONDS, metadata=self.metadata)
            return [answer.document async for answer in stream if answer.document.name]

    async def _read(self, request: BatchGetDocumentsRequest) -> tuple[dict[str, Document], bytes]:
        documents: dict[str, Document] = {}
        transaction = b""
        with firestore_errors():
            stream = await self.client.batch_get_documents(
                request, retry=None, timeout=READ_SECONDS, metadata=self.metadata
            )
            async for answer in stream:
                transaction = answer.transaction or transaction
                if answer.found.name:
                    documents[answer.found.name] = answer.found
        return documents, transaction


def _applied(code: int, message: str) -> bool:
    if code == 0:
        return True
    ours = translated(from_grpc_status(code, message), commits=True)  # type: ignore[no-untyped-call]
    if isinstance(ours, Conflict):
        return False
    raise ours


@asynccontextmanager
async def open_api(project: str, database: str = "(default)") -> AsyncIterator[FirestoreApi]:
    """The project's database, at Google or at FIRESTORE_EMULATOR_HOST; closed on exit.

    Raises `EngineUnavailable` where there are no credentials.
    """
    name = f"projects/{project}/databases/{database}"
    # Routes the call to the database. https://cloud.google.com/firestore/docs/manage-databases
    metadata: tuple[tuple[str, str], ...] = (("google-cloud-resource-prefix", name),)
    emulator = os.environ.get("FIRESTORE_EMULATOR_HOST")
    if emulator:
        # The emulator's administrator, to whom security rules do not apply.
        metadata += (("authorization", "Bearer owner"),)
        sizes = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
        channel = grpc.aio.insecure_channel(emulator, options=sizes)
        client = FirestoreAsyncClient(transport=FirestoreGrpcAsyncIOTransport(channel=channel))
    else:
        with firestore_errors():
            credentials, _ = await asyncio.to_thread(google.auth.default, scopes=[SCOPE])
        client = FirestoreAsyncClient(credentials=credentials)
    try:
        yield FirestoreApi(client, name, metadata)
    finally:
        await client.transport.close()  # type: ignore[no-untyped-call]
