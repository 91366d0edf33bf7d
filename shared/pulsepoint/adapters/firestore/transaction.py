"""The reads of a handler: plain ones, outside any transaction of Firestore's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from google.cloud.firestore_v1.types import Document as Stored

from pulsepoint.adapters.document_rules import Key, check_filters, key_of, scope_within
from pulsepoint.adapters.firestore import queries
from pulsepoint.adapters.firestore.api import FirestoreApi
from pulsepoint.adapters.firestore.fields import document_of
from pulsepoint.adapters.firestore.paths import Paths
from pulsepoint.ports.document_store import Document
from pulsepoint.tenancy import TenantContext


class FirestoreTransaction:
    """Remembers when everything read was last updated (None: absent)."""

    def __init__(self, api: FirestoreApi, paths: Paths, scope: TenantContext) -> None:
        self.scope = scope
        self.seen: dict[Key, datetime | None] = {}
        self._api = api
        self._paths = paths

    async def get(self, collection: str, id: str, *, scope: TenantContext | None = None) -> Document | None:
        """See `Transaction.get`."""
        return (await self.get_many([(collection, id)], scope=scope))[0]

    async def get_many(
        self, keys: Sequence[tuple[str, str]], *, scope: TenantContext | None = None
    ) -> list[Document | None]:
        """See `Transaction.get_many`."""
        if not keys:
            return []
        within = scope_within(self.scope, scope)
        full_keys = [key_of(within, collection, id) for collection, id in keys]
        names = [self._paths.document(key) for key in full_keys]
        stored = await self._api.read(names)
        return [self._seen(key, stored.get(name)) for key, name in zip(full_keys, names, strict=True)]

    async def find(
        self, collection: str, where: dict[str, str] | None = None, *, limit: int = 1000, after: str = ""
    ) -> list[Document]:
        """See `Transaction.find`."""
        check_filters(where or ())
        start = self._paths.document(key_of(self.scope, collection, after)) if after else ""
        query = queries.documents(where or {}, start, limit)
        documents = [
            self._seen(key_of(self.scope, collection, document_of(stored).id), stored)
            for stored in await self._api.query(self._paths.collection(self.scope, collection), query)
        ]
        return [document for document in documents if document is not None]

    def _seen(self, key: Key, stored: Stored | None) -> Document | None:
        self.seen.setdefault(key, stored.update_time if stored is not None else None)
        return document_of(stored) if stored is not None else None
