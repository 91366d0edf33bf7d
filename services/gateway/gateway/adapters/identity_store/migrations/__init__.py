"""Versions of the identity store's schema, run by its owner."""
