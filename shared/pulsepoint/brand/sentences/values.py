"""The values that fill the placeholders of texts: figures as they are worded, names on one line."""

from __future__ import annotations

from datetime import date

from pulsepoint.brand.facts import Stated
from pulsepoint.brand.texts import Texts
from pulsepoint.brand.vocabulary import Channel
from pulsepoint.brand.wording import name

LONGEST_NAMES = {"account": 40, "reason": 300}
LISTED_DAYS = 7
"""Days that are named one by one; of more the first and the last are."""


def values_of(stated: Stated, texts: Texts) -> dict[str, str]:
    """Every figure and name of what is stated, by its name; names are cut to length and lose control characters."""
    worded = {key: texts.wording.figure(figure) for key, figure in stated.figures.items()}
    names = {
        key: name(text, LONGEST_NAMES[key]) if key in LONGEST_NAMES else name(text)
        for key, text in stated.names.items()
    }
    return {**worded, **names}


def amount(stated: Stated, figure: str, texts: Texts, of: str) -> str:
    """A count with what it counts, by the text `amount.{of}`: `2 units`; 0 of them where it is not known."""
    return texts.say(f"amount.{of}", count=value(stated, figure))


def value(stated: Stated, figure: str) -> int:
    """The integer of a figure; 0 where it is missing or not known."""
    kept = stated.figures.get(figure)
    return (kept.value if kept is not None else None) or 0


def has_value(stated: Stated, figure: str) -> bool:
    """True where the figure is there and has a value."""
    return figure in stated.figures and stated.figures[figure].value is not None


def channel_name(code: str | None, texts: Texts) -> str:
    """The name of a channel or platform in the language of `texts`; a code that is neither reads as it is."""
    return texts.say(f"channel.{code}") if code in set(Channel) else str(code)


def day(text: str | date, texts: Texts) -> str:
    """A day, from its ISO form."""
    return texts.wording.day(date.fromisoformat(text) if isinstance(text, str) else text)


def days_named(text: str, texts: Texts) -> str:
    """Days, from their ISO forms with a space between."""
    days = text.split()
    if len(days) <= LISTED_DAYS:
        return ", ".join(day(each, texts) for each in days)
    return texts.say("note.days", count=len(days), start=day(days[0], texts), end=day(days[-1], texts))
