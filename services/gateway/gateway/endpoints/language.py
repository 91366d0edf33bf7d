"""The language of an answer's sentences, and the figures they are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import Depends, Header
from pydantic import BaseModel

from gateway.domain.dashboard import readable
from gateway.endpoints.access import PersonOf
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
    person: PersonOf,
    accept_language: Annotated[str | None, Header(max_length=500, description="languages of sentences")] = None,
) -> Texts:
    """The texts in the language that is asked for, else in the person's own; English where neither is there."""
    return texts(accepted(languages_of(accept_language, person.locale)))


def languages_of(requested: str | None, own: str | None) -> str:
    """An Accept-Language header that asks for the person's own language last."""
    return ",".join(part for part in (requested, f"{own};q=0.001" if own else None) if part)


TextsOf = Annotated[Texts, Depends(texts_of_request)]


def figures_view(figures: Figures, words: Texts) -> Iterable[FigureView]:
    """Figures as the API shows them, in their order."""
    for name, figure in figures.items():
        yield FigureView(
            name=name,
            text=words.wording.figure(figure),
            value=readable(figure),
            unit=figure.unit,
            currency=figure.currency,
            fact_id=figure.fact_id,
        )
