"""Which names are shops."""

from __future__ import annotations

import re

# Full match as Shopify asks for: https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant
_SHOP_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com", re.ASCII)
LONGEST_DOMAIN = 253


def is_shop_domain(name: str) -> bool:
    """True where `name`, already in lower case, is a shop's permanent domain of at most 253 characters."""
    return len(name) <= LONGEST_DOMAIN and _SHOP_DOMAIN.fullmatch(name) is not None
