"""The assortment of Fjell & Fjord, and what only the world knows of it: popularity, season, returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sandbox.records import Location, Product, Variant

VENDOR = "Fjell & Fjord"
PRODUCT_ID, VARIANT_ID, ITEM_ID = 8_210_000_000_000, 44_310_000_000_000, 46_410_000_000_000

LOCATIONS = (
    Location(71_000_000_001, "Lager Hamburg", "DE", "Hamburg"),
    Location(71_000_000_002, "Lager München", "DE", "München"),
)

_SIZES = (("XS", 8), ("S", 22), ("M", 32), ("L", 26), ("XL", 12))
_SHOES = (("38", 10), ("40", 18), ("42", 26), ("43", 24), ("45", 14))
_SINGLE = (("One size", 100),)


@dataclass(frozen=True, slots=True)
class _Line:
    code: str
    title: str
    category: str
    price_cents: int
    cost_cents: int
    popularity: int
    profile: str
    returns: int
    lead_days: int
    options: tuple[tuple[str, int], ...]


# Code, title, category, price, unit cost, popularity, year, return tendency, lead time, options with their weights.
_ASSORTMENT = (
    _Line("HRD", "Hardanger Shell Jacket", "Jackets", 24_900, 10_400, 70, "rain", 150, 35, _SIZES),
    _Line("LOF", "Lofoten Down Jacket", "Jackets", 29_900, 12_900, 75, "winter", 160, 42, _SIZES),
    _Line("SOG", "Sognefjord Rain Jacket", "Jackets", 14_900, 5_900, 90, "rain", 140, 28, _SIZES),
    _Line("RON", "Rondane Fleece", "Midlayers", 8_900, 3_100, 120, "winter", 110, 21, _SIZES),
    _Line("DOV", "Dovre Wool Sweater", "Midlayers", 11_900, 4_700, 80, "winter", 120, 28, _SIZES),
    _Line("VID", "Vidda Trekking Trousers", "Trousers", 12_900, 4_900, 110, "steady", 190, 28, _SIZES),
    _Line("STR", "Strand Hiking Shorts", "Trousers", 6_900, 2_300, 90, "summer", 150, 21, _SIZES),
    _Line("MER", "Senja Merino Base Layer", "Base layers", 7_900, 2_900, 130, "winter", 70, 21, _SIZES),
    _Line("TEE", "Merino T-Shirt Skog", "Base layers", 5_900, 2_100, 140, "summer", 80, 21, _SIZES),
    _Line("BES", "Besseggen Hiking Boot", "Footwear", 18_900, 8_100, 85, "steady", 240, 42, _SHOES),
    _Line("TRO", "Trolltunga Trail Shoe", "Footwear", 13_900, 5_600, 105, "summer", 230, 35, _SHOES),
    _Line("SOC", "Wool Hiking Socks, 2 pairs", "Accessories", 2_400, 700, 220, "steady", 20, 14,
          (("36-39", 30), ("40-43", 45), ("44-47", 25))),
    _Line("BEA", "Nordlys Beanie", "Accessories", 2_900, 800, 130, "winter", 30, 14, (("Pine", 55), ("Rust", 45))),
    _Line("GLO", "Jotun Gloves", "Accessories", 4_900, 1_700, 80, "winter", 90, 21, (("S", 25), ("M", 45), ("L", 30))),
    _Line("CAP", "Fjord Cap", "Accessories", 2_900, 800, 90, "summer", 30, 14, (("Sand", 50), ("Slate", 50))),
    _Line("DAY", "Preikestolen Daypack 22 l", "Packs", 9_900, 3_900, 110, "steady", 60, 28,
          (("Moss", 55), ("Black", 45))),
    _Line("TRK", "Jotunheimen Pack 55 l", "Packs", 19_900, 8_400, 45, "summer", 80, 35, (("Moss", 50), ("Black", 50))),
    _Line("DRY", "Dry Bag Set", "Packs", 3_900, 1_200, 90, "summer", 20, 14, _SINGLE),
    _Line("TNT", "Femund 2 Tent", "Camp", 34_900, 16_200, 35, "summer", 70, 49, _SINGLE),
    _Line("SLB", "Rago Sleeping Bag", "Camp", 17_900, 7_600, 45, "summer", 60, 42, (("Regular", 60), ("Long", 40))),
    _Line("MAT", "Ultralight Sleeping Mat", "Camp", 10_900, 4_300, 60, "summer", 60, 35, _SINGLE),
    _Line("STV", "Primus Gas Stove", "Camp", 6_900, 2_900, 70, "summer", 30, 21, _SINGLE),
    _Line("BTL", "Steel Bottle 0.75 l", "Camp", 2_900, 900, 150, "steady", 20, 14, (("Steel", 50), ("Forest", 50))),
    _Line("LMP", "Headlamp Polar 400", "Camp", 5_900, 2_400, 95, "winter", 40, 21, _SINGLE),
    _Line("POL", "Carbon Trekking Poles", "Camp", 8_900, 3_600, 70, "steady", 50, 28, _SINGLE),
    _Line("KUP", "Birch Kuksa Cup", "Camp", 3_400, 1_100, 70, "steady", 20, 21, _SINGLE),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Article:
    """A variant with what only the world knows; weights compare articles with each other."""

    variant: Variant
    product_title: str
    popularity: int
    profile: str
    returns: int


@dataclass(frozen=True, slots=True)
class Assortment:
    """The catalog and its hidden side; `siblings` are the indexes of an article's other variants."""

    products: tuple[Product, ...]
    articles: tuple[Article, ...]
    siblings: tuple[tuple[int, ...], ...]
    by_sku: Mapping[str, int]
    by_variant: Mapping[int, int]


def _sku_part(option: str) -> str:
    return option.upper().replace(" ", "")[:6]


def make_assortment(created_at: datetime) -> Assortment:
    """The assortment, by article index: the same for every seed, so that worlds can be compared."""
    products: list[Product] = []
    articles: list[Article] = []
    siblings: list[tuple[int, ...]] = []
    for number, line in enumerate(_ASSORTMENT, start=1):
        first = len(articles)
        for option, weight in line.options:
            index = len(articles) + 1
            variant = Variant(
                variant_id=VARIANT_ID + index,
                product_id=PRODUCT_ID + number,
                inventory_item_id=ITEM_ID + index,
                sku=f"FF-{line.code}" if line.options is _SINGLE else f"FF-{line.code}-{_sku_part(option)}",
                title=option,
                price_cents=line.price_cents,
                unit_cost_cents=line.cost_cents,
                lead_time_days=line.lead_days,
            )
            articles.append(Article(variant, line.title, line.popularity * weight, line.profile, line.returns))
        variants = tuple(article.variant for article in articles[first:])
        handle = "".join(c if c.isalnum() else "-" for c in line.title.lower()).replace("--", "-").strip("-")
        product_id = PRODUCT_ID + number
        products.append(Product(product_id, handle, line.title, line.category, VENDOR, created_at, variants))
        indexes = range(first, len(articles))
        siblings.extend(tuple(other for other in indexes if other != own) for own in indexes)
    by_sku = {article.variant.sku: index for index, article in enumerate(articles)}
    by_variant = {article.variant.variant_id: index for index, article in enumerate(articles)}
    return Assortment(tuple(products), tuple(articles), tuple(siblings), by_sku, by_variant)
