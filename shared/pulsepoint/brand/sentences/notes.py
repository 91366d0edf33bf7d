"""The sentence of a note beside numbers."""

from __future__ import annotations

from pulsepoint.brand.facts import Note
from pulsepoint.brand.sentences.values import channel_name, day, value, values_of
from pulsepoint.brand.texts import Texts
from pulsepoint.brand.vocabulary import NoteKind

LISTED_DAYS = 7
"""Days that are named one by one; of more the first and the last are."""


def note_text(note: Note, texts: Texts) -> str:
    """A note in one language; raises `UnknownText` for a text or name that is missing."""
    values = values_of(note, texts)
    if note.kind is NoteKind.DAYS_LEFT_OUT:
        values |= {"platform": channel_name(note.names["platform"]), "days": _days(note.names["days"].split(), texts)}
    counted = value(note, "products") if note.kind is NoteKind.VARIANTS_MISSING else None
    return texts.say(f"note.{note.kind}", values, count=counted)


def _days(days: list[str], texts: Texts) -> str:
    if len(days) <= LISTED_DAYS:
        return ", ".join(day(each, texts) for each in days)
    return texts.say("note.days", count=len(days), start=day(days[0], texts), end=day(days[-1], texts))
