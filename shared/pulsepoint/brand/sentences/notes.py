"""The sentences of notes beside numbers, and of what was left out of a file."""

from __future__ import annotations

from pulsepoint.brand.facts import Note, Omission
from pulsepoint.brand.sentences.values import channel_name, days_named, value, values_of
from pulsepoint.brand.texts import Texts
from pulsepoint.brand.vocabulary import NoteKind
from pulsepoint.brand.wording import name

COUNTED = {
    NoteKind.VARIANTS_MISSING: "products",
    NoteKind.VARIANTS_UNSAID: "products",
    NoteKind.UNMATCHED_REFUNDS: "refunds",
    NoteKind.DOUBTFUL_ORDERS: "orders",
}
"""The figure that chooses the plural form, of notes that have one."""


def note_text(note: Note, texts: Texts) -> str:
    """A note in one language; raises `UnknownText` for a text or name that is missing."""
    values = values_of(note, texts)
    if note.kind is NoteKind.DAYS_LEFT_OUT:
        values |= {
            "platform": channel_name(note.names["platform"], texts),
            "days": days_named(note.names["days"], texts),
        }
    counted = COUNTED.get(note.kind)
    return texts.say(f"note.{note.kind}", values, count=value(note, counted) if counted else None)


def omission_text(omission: Omission, texts: Texts) -> str:
    """The reason that rows were left out, in one language; raises `UnknownText` for a text or name that is missing."""
    return texts.say(f"left_out.{omission.kind}", {key: name(text) for key, text in omission.names})
