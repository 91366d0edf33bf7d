"""A campaign's purpose, as its name says it: no platform tells whether it buys the brand's own name or old visitors.

Brand search and retargeting mostly meet buyers who were on their way: what is credited to them says little about what
they cause (Blake, Nosko, Tadelis 2015, https://doi.org/10.3982/ECTA12423).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pulsepoint.brand.vocabulary import Platform

_SEARCH = frozenset(each for each in Platform if each.sells_search)
_BRAND = frozenset({"brand", "branded", "brands", "marke", "marque", "marca", "merk", "brandsearch"})
_NOT = frozenset({"non", "no", "not", "ohne", "hors", "sin", "excl", "ex"})
_NOT_BRAND = frozenset({"nonbrand", "nonbranded", "unbranded", "generic", "nb"})
_RETARGETING = ("retarget", "remarket", "reengage", "rlsa", "winback", "reactivat")
_RETARGETED = frozenset({"rt", "rtg", "rmk", "rmkt", "dpa", "warm", "bof", "bofu", "abandoned", "abandoners"})
_WORD = re.compile(r"[^\W_]+")


def meets_buyers_on_their_way(platform: str, campaign_name: str, brand_name: str) -> bool:
    """True for brand search and retargeting, by the words of the campaign's name and the brand's own name."""
    words = [word.casefold() for word in _WORD.findall(campaign_name)]
    if any(word.startswith(_RETARGETING) or word in _RETARGETED for word in words):
        return True
    return platform in _SEARCH and _is_brand_search(words, brand_name)


def _is_brand_search(words: Sequence[str], brand_name: str) -> bool:
    if any(word in _NOT_BRAND for word in words):
        return False
    named = any(word in _BRAND and not _negated(words, index) for index, word in enumerate(words))
    return named or _contains(words, [word.casefold() for word in _WORD.findall(brand_name)])


def _negated(words: Sequence[str], index: int) -> bool:
    return index > 0 and words[index - 1] in _NOT


def _contains(words: Sequence[str], name: Sequence[str]) -> bool:
    """True where the name's words stand in the campaign's name, one after the other; "Mail" alone names no brand."""
    if len("".join(name)) < len("abcde"):
        return False
    return any(list(words[start : start + len(name)]) == list(name) for start in range(len(words)))
