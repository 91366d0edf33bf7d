"""The suite of every `DocumentStore`. Subclasses give a fixture `open_store(service) -> DocumentStore`."""

from __future__ import annotations

from tests.contract.suites.document_commits import DocumentCommitsSuite
from tests.contract.suites.document_effects import DocumentEffectsSuite
from tests.contract.suites.document_reading import DocumentReadingSuite
from tests.contract.suites.document_steps import OpenStore
from tests.contract.suites.document_tenants import DocumentTenantsSuite

__all__ = ["DocumentStoreSuite", "OpenStore"]


class DocumentStoreSuite(DocumentReadingSuite, DocumentCommitsSuite, DocumentTenantsSuite, DocumentEffectsSuite):
    """Subclassed once for each adapter."""
