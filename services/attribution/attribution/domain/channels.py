"""From what a visit says of itself to its channel: an explicit tag, else a click id, else the referrer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from attribution.domain.sites import Kind, Origin, is_same_site, origin_of_site
from attribution.domain.sources import (
    AD_TOOLS,
    MARKS,
    MICROSOFT,
    channel_of_medium,
    is_ads,
    is_paid,
    origin_of_click,
    origin_of_source,
)
from pulsepoint.brand.vocabulary import Channel, Platform

_UNPAID: Mapping[Kind, Channel] = {
    Kind.SEARCH: Channel.ORGANIC_SEARCH,
    Kind.SOCIAL: Channel.ORGANIC_SOCIAL,
    Kind.ASSISTANT: Channel.AI_ASSISTANT,
    Kind.EMAIL: Channel.EMAIL,
    Kind.SMS: Channel.SMS,
    Kind.PUSH: Channel.PUSH,
    Kind.AFFILIATE: Channel.AFFILIATE,
    Kind.DIRECT: Channel.DIRECT,
    Kind.CHECKOUT: Channel.DIRECT,
    Kind.REFERRAL: Channel.REFERRAL,
}
_PAID: Mapping[str, Channel] = {each.platform.value: each for each in Channel if each.platform is not None}
_SHOWN: Mapping[str, str] = {Platform.META: "facebook", MICROSOFT: "bing"}
"""The source to show for a click of an owner whose links are tagged by another name."""
_NO_MEDIUM = frozenset({"(none)", "none", "direct"})


@dataclass(frozen=True, slots=True)
class Tracks:
    """A visit's marks beside its tags: keys of click ids and marks, and the outside referrer ("" for none)."""

    clicks: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    host: str = ""


@dataclass(frozen=True, slots=True)
class Classification:
    """The channel of a visit, whether it was bought, and the source to show where no tag names one."""

    channel: Channel
    paid: bool
    source: str | None = None


def family_of_source(source: str) -> str | None:
    """The sender a utm_source means, one name for all its spellings; None for a name nobody knows."""
    origin = origin_of_source(source)
    return None if origin is None else origin.family


def family_of_clicks(tracks: Tracks) -> str | None:
    """The sender whose click id or mark proves most; None without any."""
    origin = _bought(tracks) or origin_of_click(tracks.clicks, hinting=True)
    return None if origin is None else origin.family


def social_family(host: str) -> str | None:
    """The operator of a social site (`l.instagram.com` → meta); None for other hosts."""
    origin = origin_of_site(host) if host else None
    return origin.family if origin is not None and origin.kind is Kind.SOCIAL else None


def is_own_site(host: str, own: Iterable[str]) -> bool:
    """True for the shop's sites `own`, for its platform, and for payment and log-in hosts on the way to thank-you."""
    origin = origin_of_site(host)
    return (origin is not None and origin.kind is Kind.CHECKOUT) or any(is_same_site(host, each) for each in own)


def classify(source: str | None, medium: str | None, campaign: str | None, tracks: Tracks) -> Classification:
    """The channel of a visit.

    An explicit source or medium decides before a click id, a click id before the referrer, and the referrer before an
    id that organic links carry too. A campaign alone says that a link was followed and not whose: such a visit is not
    direct.
    """
    if source or medium:
        return _by_tag(source or "", (medium or "").casefold(), tracks)
    origin = _bought(tracks)
    if origin is not None:
        return _by_click(origin)
    classification = _by_referrer(tracks.host)
    if classification.channel is not Channel.DIRECT:
        return classification
    hint = origin_of_click(tracks.clicks, hinting=True)
    if hint is not None:
        return Classification(_UNPAID[hint.kind], False, _shown(hint))
    return Classification(Channel.REFERRAL, False) if campaign else classification


def _by_tag(source: str, medium: str, tracks: Tracks) -> Classification:
    origin = origin_of_source(source) if source else None
    if is_paid(medium):
        # A tag that names nobody we know does not contradict the click id.
        return Classification(_paid_channel(origin or _bought(tracks) or _seller(tracks)), True)
    named = channel_of_medium(medium)
    if named is not None:
        return Classification(named, False)
    if origin is None and not source:
        origin = _bought(tracks) or origin_of_click(tracks.clicks, hinting=True)
        if origin is None and medium in _NO_MEDIUM:
            return Classification(Channel.DIRECT, False)
    if origin is not None and (_is_of_ads(origin, source, tracks) or _is_proved(origin, tracks)):
        return Classification(_paid_channel(origin), True)
    if medium == "organic" and (origin is None or origin.kind not in (Kind.SOCIAL, Kind.ASSISTANT)):
        return Classification(Channel.ORGANIC_SEARCH, False)
    return Classification(Channel.REFERRAL, False) if origin is None else _of(origin)


def _is_of_ads(origin: Origin, source: str, tracks: Tracks) -> bool:
    """True where the source, or the tool that named it, means ads of a search engine or a network."""
    sells = origin.kind in (Kind.SEARCH, Kind.SOCIAL, Kind.PAID)
    return sells and (is_ads(source) or not frozenset(AD_TOOLS).isdisjoint(tracks.marks))


def _is_proved(origin: Origin, tracks: Tracks) -> bool:
    proof = _bought(tracks)
    return proof is not None and proof.kind is Kind.PAID and bool(origin.owner) and proof.owner == origin.owner


def _bought(tracks: Tracks) -> Origin | None:
    """The origin that a click id or a mark proves."""
    return origin_of_click(tracks.clicks, hinting=False) or next(
        (MARKS[mark] for mark in tracks.marks if mark in MARKS), None
    )


def _seller(tracks: Tracks) -> Origin | None:
    """The origin that a click id of organic links or the referrer names, where the medium says that it was paid."""
    hint = origin_of_click(tracks.clicks, hinting=True)
    site = origin_of_site(tracks.host) if tracks.host else None
    return hint or (site if site is not None and site.kind in (Kind.SEARCH, Kind.SOCIAL, Kind.PAID) else None)


def _by_click(origin: Origin) -> Classification:
    bought = _of(origin)
    return Classification(bought.channel, bought.paid, _shown(origin))


def _shown(origin: Origin) -> str | None:
    return _SHOWN.get(origin.owner, origin.owner) or None


def _by_referrer(host: str) -> Classification:
    if not host:
        return Classification(Channel.DIRECT, False)
    origin = origin_of_site(host)
    if origin is None:
        return Classification(Channel.REFERRAL, False, host)
    site = _of(origin)
    return site if site.channel is Channel.DIRECT else Classification(site.channel, site.paid, host)


def _of(origin: Origin) -> Classification:
    if origin.kind is Kind.PAID:
        return Classification(_paid_channel(origin), True)
    return Classification(_UNPAID[origin.kind], False)


def _paid_channel(origin: Origin | None) -> Channel:
    return _PAID.get(origin.owner, Channel.OTHER_PAID) if origin is not None else Channel.OTHER_PAID
