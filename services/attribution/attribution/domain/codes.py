"""Touches that an order's discount codes make under the brand's mapping of codes to campaigns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from pulsepoint.brand.discount_codes import MappedCode, mapped_code
from pulsepoint.brand.settings import BrandChoices
from pulsepoint.brand.vocabulary import Evidence
from pulsepoint.events.attributions import Touch


def with_codes(
    touches: Sequence[Touch], codes: Iterable[str], created_at: datetime, settings: BrandChoices
) -> tuple[Touch, ...]:
    """The touches of an order created at `created_at`, earliest first, with those that its mapped codes make.

    A code has no time: it stands at the earliest touch of the lookback window and before it, so it outranks nothing
    that has one, undated notes neither. Where a touch is of the same channel and of the same campaign, or names none,
    the code is more evidence of that touch.
    """
    made = list(touches)
    for mapped in _mapped(codes, created_at, settings):
        place = _place_of_same(made, mapped)
        if place is None:
            _insert(made, mapped, created_at, settings)
        else:
            made[place] = _confirmed(made[place], mapped)
    return tuple(made)


def _mapped(codes: Iterable[str], created_at: datetime, settings: BrandChoices) -> list[MappedCode]:
    if not settings.discount_codes:
        return []
    day = created_at.astimezone(ZoneInfo(settings.timezone)).date()
    entries = (mapped_code(settings.discount_codes, code, day) for code in codes)
    return list({(each.channel, each.campaign): each for each in entries if each is not None}.values())


def _place_of_same(touches: Sequence[Touch], mapped: MappedCode) -> int | None:
    """The place of the latest touch that is of the mapped campaign, else of the latest that may be."""
    places = [place for place, touch in enumerate(touches) if touch.channel is mapped.channel]
    certain = [place for place in places if _key(touches[place].campaign) == _key(mapped.campaign)]
    possible = [place for place in places if not touches[place].campaign or not mapped.campaign]
    return max(certain or possible, default=None)


def _key(campaign: str | None) -> str:
    """A campaign's name in lower case, with runs of spaces, punctuation and symbols alike."""
    return re.sub(r"[\W_]+", " ", (campaign or "").casefold()).strip()


def _confirmed(touch: Touch, mapped: MappedCode) -> Touch:
    evidence = tuple(dict.fromkeys((*touch.evidence, Evidence.DISCOUNT_CODE)))
    return touch.model_copy(update={"campaign": touch.campaign or mapped.campaign, "evidence": evidence})


def _insert(touches: list[Touch], mapped: MappedCode, created_at: datetime, settings: BrandChoices) -> None:
    opened = created_at - settings.lookback
    at = min((touch.occurred_at for touch in touches if opened <= touch.occurred_at <= created_at), default=created_at)
    place = sum(touch.occurred_at < at for touch in touches)
    while place < len(touches) and touches[place].evidence == (Evidence.DISCOUNT_CODE,):
        place += 1
    touches.insert(
        place,
        Touch(
            occurred_at=at,
            channel=mapped.channel,
            paid=mapped.paid,
            campaign=mapped.campaign,
            evidence=(Evidence.DISCOUNT_CODE,),
        ),
    )
