"""The sentence that says why a message is in quarantine."""

from __future__ import annotations

from collections.abc import Mapping

from pulsepoint.brand.sentences.failures import failure_text
from pulsepoint.brand.sentences.values import day
from pulsepoint.brand.texts import Texts, UnknownText
from pulsepoint.brand.wording import name

LONGEST = 500
"""Characters of a name."""
AMOUNT, QUANTITY, DAY = "_micros", "_count", "_day"


def quarantine_text(reason: str, names: Mapping[str, str] | None, explanation: str, texts: Texts) -> str:
    """A quarantined message's or dead letter's reason in one language, with its names (untrusted, cut).

    A name that ends with `_micros` is an amount in the name `currency`, one that ends with `_count` a whole number, one
    that ends with `_day` a day; all are told without that ending. `failure` is the id of a sentence of its own, made
    with the same names. `explanation` as it is where `names` is None (an earlier release held it), and for reasons
    without a text, which are faults that developers read.
    """
    if names is None:
        return explanation
    text_id = f"quarantined.{reason}"
    longer = (f"{text_id}.{key}" for key in sorted(names))
    try:
        return texts.say(next(filter(texts.has, longer), text_id), _worded(names, texts))
    except UnknownText:
        return explanation


def _worded(names: Mapping[str, str], texts: Texts) -> dict[str, str]:
    amounts = {key: int(text) for key, text in names.items() if key.endswith(AMOUNT)}
    numbers = {key: int(text) for key, text in names.items() if key.endswith(QUANTITY)}
    worded = {key: name(text, LONGEST) for key, text in names.items() if key not in amounts and key not in numbers}
    worded |= {key.removesuffix(QUANTITY): texts.wording.number(number) for key, number in numbers.items()}
    if "failure" in names:
        worded["failure"] = failure_text(names["failure"], names, names.get("platform"), texts)
    days = {key.removesuffix(DAY): day(text, texts) for key, text in names.items() if key.endswith(DAY)}
    currency = worded.get("currency", "")
    return (
        worded
        | days
        | {key.removesuffix(AMOUNT): texts.wording.money(micros, currency) for key, micros in amounts.items()}
    )
