"""The sentence that says why an ad account could not be pulled."""

from __future__ import annotations

from collections.abc import Mapping

from pulsepoint.brand.sentences.values import channel_name, day
from pulsepoint.brand.texts import Texts, of_any_row
from pulsepoint.brand.wording import name

LONGEST = {"message": 300, "code": 100}
"""Characters of the names that a platform writes."""


def pull_failure_text(failure: str, names: Mapping[str, str], platform: str | None, texts: Texts) -> str:
    """A `PullFailure` in one language, with what the platform said where it said something (untrusted, cut).

    Raises `UnknownText` for a failure that has no text.
    """
    worded = {key: name(text, LONGEST[key]) if key in LONGEST else name(text) for key, text in names.items()}
    values = {"api": channel_name(platform, texts), **worded}
    if "day" in names:
        values["day"] = day(names["day"], texts)
    said = f"pull_failure.{failure}.said"
    text_id = said if names.get("message") and texts.has(said) else f"pull_failure.{failure}"
    return of_any_row(lambda words: words.say(text_id, values), texts)
