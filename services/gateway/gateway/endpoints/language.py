"""The language an answer's sentences are in, and the figures they are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import Depends, Header
from pydantic import BaseModel

from pulsepoint.brand.figures import Figures
from pulsepoint.brand.texts import Texts, accepted, texts
from pulsepoint.brand.vocabulary import Unit


class FigureView(BaseModel):
    """A figure of a sentence: `text` as the sentence writes it, `value` in whole units (null: not known)."""

    name: str
    text: str
    value: float | None
    unit: Unit
    currency: str | None
    fact_id: str | None


def texts_of_request(
    accept_language: Annotated[str | None, Header(max_length=500, description="languages of sentences")] = None,
) -> Texts:
    """The texts in the language that is asked for; English where there are none."""
    return texts(accepted(accept_language or ""))


TextsOf = Annotated[Texts, Depends(texts_of_request)]


def figures_view(figures: Figures, words: Texts) -> Iterable[FigureView]:
    """Figures as the API shows them, in their order."""
    for name, figure in figures.items():
        value = None if figure.value is None else figure.value / figure.unit.scale
        text = words.wording.figure(figure)
        yield FigureView(
            name=name, text=text, value=value, unit=figure.unit, currency=figure.currency, fact_id=figure.fact_id
        )
