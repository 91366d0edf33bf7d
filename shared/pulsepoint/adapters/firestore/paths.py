"""Paths of the kernel's documents in Firestore.

    tenants/{tenant}/brands/{brand}/services/{service}/collections/{collection}/documents/{id}
    tenants/{tenant}/brands/{brand}/services/{service}/effects/{digest of kind and key}
    tenants/{tenant}/brands/{NO_BRAND}/services/{service}/dedup keys/{id}
    tenants/{tenant}/brands/{NO_BRAND}/services/{service}/outbox records/{id}[~part]

Collections that hold something have one of four fixed names, so that indexes and time to live are declared once,
not for each collection of each service.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID
from zlib import crc32

from pulsepoint.adapters.document_rules import Key
from pulsepoint.ports.document_store import StoredEffect
from pulsepoint.tenancy import NO_BRAND, TenantContext

DOCUMENTS = "documents"
DEDUP_KEYS = "markers"
OUTBOX = "leftovers"
EFFECTS = "effects"
# One range of an index takes 500 writes a second when its values only grow, as times do.
# https://cloud.google.com/firestore/docs/solutions/shard-timestamp
SHARDS = 8


@dataclass(frozen=True, slots=True)
class Paths:
    """Names of one service's documents below `root` (`projects/{project}/databases/{database}/documents`)."""

    root: str
    service: str

    def collection(self, scope: TenantContext, collection: str) -> str:
        """Parent of the documents of a collection."""
        return f"{self.within(scope)}/collections/{encode_id(collection)}"

    def document(self, key: Key) -> str:
        """A document."""
        return f"{self.collection(TenantContext(key[0], key[1]), key[2])}/{DOCUMENTS}/{encode_id(key[3])}"

    def dedup_key(self, tenant: UUID, id: UUID) -> str:
        """A dedup key; it belongs to the whole tenant."""
        return f"{self.within(TenantContext(tenant, NO_BRAND))}/{DEDUP_KEYS}/{id}"

    def outbox_record(self, tenant: UUID, id: UUID) -> str:
        """The first document of an outbox record."""
        return f"{self.within(TenantContext(tenant, NO_BRAND))}/{OUTBOX}/{id}"

    def effect(self, effect: StoredEffect) -> str:
        """The document of an effect's key: what is pending and what is running."""
        digest = sha256(f"{effect.kind}\0{effect.key}".encode()).hexdigest()
        return f"{self.within(effect.scope)}/{EFFECTS}/{digest}"

    def shard(self, name: str) -> str:
        """The part of a time-ordered index that a document is in."""
        return f"{self.service}:{crc32(name.encode()) % SHARDS}"

    def shards(self) -> list[str]:
        """Every part of this service's time-ordered indexes."""
        return [f"{self.service}:{number}" for number in range(SHARDS)]

    def within(self, scope: TenantContext) -> str:
        """The parent of all that the service keeps of a brand."""
        service = encode_id(self.service)
        return f"{self.root}/tenants/{scope.tenant_id}/brands/{scope.brand_id}/services/{service}"


def scope_of(name: str) -> TenantContext:
    """Whose a document is, from its name."""
    parts = name.split("/")
    return TenantContext(UUID(parts[6]), UUID(parts[8]))


def encode_id(id: str) -> str:
    """The id without slashes and lone periods, which Firestore refuses, sorting as it did (UTF-8 bytes).

    https://cloud.google.com/firestore/quotas#collections_documents_and_fields
    """
    return id.replace(".", ".0").replace("/", ".1")


def decode_id(encoded: str) -> str:
    """The text that `encode_id` was given."""
    return encoded.replace(".1", "/").replace(".0", ".")
