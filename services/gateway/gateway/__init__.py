"""The one public origin: identity, brands and the ledger, and everything people and programs read."""
