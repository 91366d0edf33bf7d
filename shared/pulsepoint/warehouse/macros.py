"""Macros in SQL text: `{{name}}` or `{{name(argument, …)}}`, written out when a file is read.

They bring the product's own lists and rules (`pulsepoint.brand.vocabulary`) into SQL, so that each is said once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from pulsepoint.brand.vocabulary import CancelledOrders, Channel, EntryKind, Platform, StockState
from pulsepoint.brand.words import Word, sql_list

_MACRO = re.compile(r"\{\{\s*(\w+)(?:\(([^(){}]*)\))?\s*\}\}")


Macro = str | Callable[..., str]


def expand(text: str, own: Mapping[str, Macro] | None = None) -> str:
    """The text with its macros written out, those of `own` among them; raises `ValueError` naming one there is not."""

    def written_out(match: re.Match[str]) -> str:
        macro, arguments = (own or {}).get(match.group(1), _MACROS.get(match.group(1))), match.group(2)
        if isinstance(macro, str) and arguments is None:
            return macro
        if callable(macro) and arguments is not None:
            return macro(*(each.strip() for each in arguments.split(",")))
        raise ValueError(f"no SQL macro {match.group(0)}")

    return _MACRO.sub(written_out, text)


def campaign_key(column: str) -> str:
    """A campaign's name as links have it: lower case, runs of spaces, punctuation and symbols alike."""
    return f"REGEXP_REPLACE(LOWER(TRIM({column})), r'[\\s\\p{{P}}\\p{{S}}]+', '-')"


def _rank(column: str, words: type[Word]) -> str:
    """The place of a column's word among the members, from 0; earlier names rank with today's, others last."""
    places = {word.value: place for place, word in enumerate(words)}
    places |= {old: places[today] for old, today in words.earlier().items()}
    cases = " ".join(f"WHEN '{name}' THEN {place}" for name, place in places.items())
    return f"CASE {column} {cases} ELSE {len(words)} END"


_MACROS: dict[str, Macro] = {
    "cancelled_orders": CancelledOrders.predicate(),
    "ad_platforms": sql_list(Platform),
    "unattributed": Channel.UNATTRIBUTED.value,
    "running_out": sql_list(state for state in StockState if state.runs_out),
    **{kind.value: kind.value for kind in EntryKind},
    "campaign_key": campaign_key,
    "stock_rank": lambda column: _rank(column, StockState),
}
