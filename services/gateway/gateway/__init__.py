"""The one public origin: identity, brands, and everything people and programs read."""
