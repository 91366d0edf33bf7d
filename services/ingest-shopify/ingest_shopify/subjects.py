"""Buyers as random subjects: the one place where a person's keyed hashes lead to one.

Documents of the brand: `identities/{keyed hash}` -> {"subject"} or, once erased, {"erased_at"} for good;
`subjects/{subject}` -> {"identities"} so that an erasure finds every hash; `redactions/{order_id}` -> {"erased_at"}.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from ingest_shopify.domain import Person, identities_of
from pulsepoint.ports.document_store import Document, Write
from pulsepoint.runtime.outcome import Reader
from pulsepoint.tenancy import TenantContext

MOST_REDACTIONS = 400
"""Orders redacted one by one, within the writes a transaction may have; of a buyer with more, the tombstone of
the person keeps the evidence of older orders out as well."""


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """A person as this brand knows them.

    `subject` is None for nobody and for the erased; `subjects` are all that an erasure ends or a request asks for;
    `handle` is the surest keyed hash (hex SHA-256), `erased_at` the UTC instant of their last erasure.
    """

    subject: str | None
    handle: str | None = None
    erased_at: datetime | None = None
    redacted: bool = False
    subjects: Sequence[str] = ()
    writes: Sequence[Write] = ()

    def is_forgotten(self, order_id: str, created_at: datetime) -> bool:
        """True where an order's evidence must not come back: it was redacted, or is older than its buyer's erasure."""
        return self.redacted or (self.erased_at is not None and created_at <= self.erased_at)


async def recognise(
    reader: Reader,
    scope: TenantContext,
    key: bytes,
    person: Person,
    *,
    order_id: str | None = None,
    remember: bool = True,
) -> PersonRecord:
    """The person's subject, a new random one for a stranger; None for nobody and for the erased, for good.

    One round trip, and one more only to link a new hash to a known subject.
    """
    keys = keys_of(person, key, order_id)
    documents = await reader.get_many(keys, scope=scope) if keys else []
    return await recognised(reader, scope, keys, documents, remember=remember)


def keys_of(person: Person, key: bytes, order_id: str | None = None) -> list[tuple[str, str]]:
    """Collection and id of each document that says who a person is, and whether the order was redacted."""
    identities = [("identities", digest) for digest in identities_of(person, key)]
    return identities if order_id is None else [*identities, ("redactions", order_id)]


async def recognised(
    reader: Reader,
    scope: TenantContext,
    keys: Sequence[tuple[str, str]],
    documents: Sequence[Document | None],
    *,
    remember: bool = True,
) -> PersonRecord:
    """See `recognise`, of the documents under the keys of `keys_of`."""
    hashes = [digest for collection, digest in keys if collection == "identities"]
    redacted = any(document is not None for document in documents[len(hashes) :])
    documents = documents[: len(hashes)]
    handle = hashes[0] if hashes else None
    erasures = [_instant(document) for document in documents if document is not None and "erased_at" in document.data]
    if erasures:
        return PersonRecord(None, handle, erased_at=max(erasures), redacted=redacted)
    subjects = list(dict.fromkeys(str(document.data["subject"]) for document in documents if document is not None))
    subject = subjects[0] if subjects else None
    if not remember or redacted or not hashes:
        return PersonRecord(subject, handle, redacted=redacted, subjects=subjects)
    new = [digest for digest, document in zip(hashes, documents, strict=True) if document is None]
    if not new:
        return PersonRecord(subject, handle)
    if subject is None:
        return _unmatched(scope, hashes, handle)
    linked = await reader.get("subjects", subject, scope=scope)
    identities = [*(linked.data["identities"] if linked is not None else ()), *new]
    return PersonRecord(subject, handle, writes=_links(scope, subject, new, identities))


async def erase_subject(
    reader: Reader, scope: TenantContext, key: bytes, person: Person, *, order_ids: Sequence[str], at: datetime
) -> PersonRecord:
    """Delete the mapping of a person and leave tombstones that no replay can undo; the subject they had."""
    hashes = identities_of(person, key)
    documents = await reader.get_many([("identities", digest) for digest in hashes], scope=scope) if hashes else []
    subjects = list(dict.fromkeys(str(d.data["subject"]) for d in documents if d is not None and "subject" in d.data))
    writes = await unmapped(reader, subjects, at, scope, hashes=hashes)
    writes += redactions(order_ids, at, scope)
    return PersonRecord(
        subjects[0] if subjects else None,
        hashes[0] if hashes else None,
        erased_at=at,
        subjects=subjects,
        writes=writes,
    )


async def unmapped(
    reader: Reader,
    subjects: Sequence[str],
    at: datetime,
    scope: TenantContext | None = None,
    *,
    hashes: Sequence[str] = (),
) -> list[Write]:
    """The writes that delete the mapping of subjects, with `hashes` and all that lead to them; tombstones stay."""
    linked = await reader.get_many([("subjects", name) for name in subjects], scope=scope) if subjects else []
    gone = dict.fromkeys(hashes)
    for document in linked:
        gone.update(dict.fromkeys(document.data["identities"] if document is not None else ()))
    tombstone = {"erased_at": at.isoformat()}
    writes = [Write("identities", digest, tombstone, scope=scope) for digest in gone]
    return [*writes, *(Write("subjects", name, None, scope=scope) for name in subjects)]


def redactions(order_ids: Iterable[str], at: datetime, scope: TenantContext | None = None) -> list[Write]:
    """The writes by which the evidence of these orders never comes back."""
    erased = {"erased_at": at.isoformat()}
    return [
        Write("redactions", order_id, erased, scope=scope)
        for order_id in list(dict.fromkeys(order_ids))[:MOST_REDACTIONS]
    ]


def _unmatched(scope: TenantContext, hashes: Sequence[str], handle: str | None) -> PersonRecord:
    subject = str(uuid4())
    return PersonRecord(subject, handle, writes=_links(scope, subject, hashes, hashes))


def _links(scope: TenantContext, subject: str, new: Sequence[str], identities: Sequence[str]) -> list[Write]:
    return [
        *(Write("identities", digest, {"subject": subject}, scope=scope) for digest in new),
        Write("subjects", subject, {"identities": list(identities)}, scope=scope),
    ]


def _instant(document: Document) -> datetime:
    return datetime.fromisoformat(document.data["erased_at"])
