"""The sentences that say why a call to an outside platform failed."""

from __future__ import annotations

from collections.abc import Mapping

from pulsepoint.brand.sentences.values import channel_name, day
from pulsepoint.brand.texts import Texts, UnknownText, of_any_row
from pulsepoint.brand.wording import name

LONGEST = {"message": 300, "code": 100}
"""Characters of the names that a platform writes."""
GROUPS = ("pull_failure", "post_failure")
"""The groups of texts that failures are told by: no other text is told as one."""


def pull_failure_text(failure: str, names: Mapping[str, str], platform: str | None, texts: Texts) -> str:
    """A `PullFailure` in one language, as `failure_text` tells it."""
    return failure_text(f"pull_failure.{failure}", names, platform, texts)


def failure_text(text_id: str, names: Mapping[str, str], platform: str | None, texts: Texts) -> str:
    """A `Failure` by its text's id in one language, with what was answered where something was (untrusted, cut).

    Raises `UnknownText` for a failure that has no text.
    """
    if text_id.partition(".")[0] not in GROUPS:
        raise UnknownText(text_id)
    worded = {key: name(text, LONGEST[key]) if key in LONGEST else name(text) for key, text in names.items()}
    values = {"api": channel_name(platform, texts), **worded}
    if "day" in names:
        values["day"] = day(names["day"], texts)
    said = f"{text_id}.said"
    chosen = said if names.get("message") and texts.has(said) else text_id
    return of_any_row(lambda words: words.say(chosen, values), texts)
