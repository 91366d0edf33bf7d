"""Versions of the ledger's schema, run by its owner."""
