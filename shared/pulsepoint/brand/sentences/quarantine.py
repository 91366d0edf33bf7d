"""The sentence that says why a message is in quarantine."""

from __future__ import annotations

from collections.abc import Mapping

from pulsepoint.brand.texts import Texts, UnknownText
from pulsepoint.brand.wording import name

LONGEST = 500
"""Characters of a name."""


def quarantine_text(reason: str, names: Mapping[str, str] | None, explanation: str, texts: Texts) -> str:
    """A quarantined message's or dead letter's reason in one language, with its names (untrusted, cut).

    `explanation` as it is where `names` is None (an earlier release held it), and for reasons without a text, which are
    faults that developers read.
    """
    if names is None:
        return explanation
    text_id = f"quarantined.{reason}"
    longer = (f"{text_id}.{key}" for key in sorted(names))
    try:
        values = {key: name(text, LONGEST) for key, text in names.items()}
        return texts.say(next(filter(texts.has, longer), text_id), values)
    except UnknownText:
        return explanation
