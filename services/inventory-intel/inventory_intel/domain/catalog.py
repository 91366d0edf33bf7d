"""Finds the variant an order line sold, where the line itself names none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from inventory_intel.domain.stock import VariantStock


@dataclass(frozen=True, slots=True)
class SoldItem:
    """The item an order line names: the variant, else the SKU, else the title."""

    variant_id: str | None
    sku: str | None
    title: str | None


class Catalog:
    """The shop's variants, found by id, by SKU or by title; an ambiguous SKU or title finds none."""

    def __init__(self, variants: Iterable[VariantStock]) -> None:
        self.variants = list(variants)
        self._by_id = {variant.variant_id: variant for variant in self.variants}
        self._by_sku = _unique((variant.sku, variant.variant_id) for variant in self.variants)
        self._by_title = _unique((variant.title, variant.variant_id) for variant in self.variants)

    def key(self, item: SoldItem) -> str:
        """The variant id the item belongs to; for what the catalog lacks, a key of its own."""
        if item.variant_id:
            return item.variant_id
        if item.sku:
            return self._by_sku.get(item.sku, f"sku:{item.sku}")
        return self._by_title.get(item.title or "", f"title:{item.title or ''}")

    def __contains__(self, key: str) -> bool:
        return key in self._by_id


def unlisted(key: str, item: SoldItem, title: str) -> VariantStock:
    """A variant that sells but that no product of the shop lists: its stock is not counted."""
    return VariantStock(key, None, item.sku, title or item.title or key, None, False)


def _unique(pairs: Iterable[tuple[str | None, str]]) -> dict[str, str]:
    first_by_name: dict[str, str] = {}
    twice: set[str] = set()
    for name, variant_id in pairs:
        if name and first_by_name.setdefault(name, variant_id) != variant_id:
            twice.add(name)
    return {name: variant_id for name, variant_id in first_by_name.items() if name not in twice}
