"""From an order's evidence to its touches: each visit once, saying which fields it was made from.

`landing_site` and `referring_site` describe one visit and carry no time, nor do note attributes: such a visit gets the
order's own `created_at`, unless it is the same visit as a journey moment, which has a time. Once there are moments
the journey is known, so a landing site that says nothing (a bare path, no outside referrer) adds no visit of its own.
Discount codes are evidence for people and for later mapping to campaigns; they make no touch.
Fields: https://shopify.dev/docs/api/admin-rest/latest/resources/order and
https://shopify.dev/docs/api/admin-graphql/latest/objects/CustomerVisit
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from attribution.domain.addresses import Address, clean, read_address, site_name
from attribution.domain.channels import (
    CLICK_IDS,
    classify,
    family_of_click,
    family_of_source,
    is_own_site,
    social_family,
)
from pulsepoint.brand.vocabulary import Channel
from pulsepoint.events.attributions import Touch
from pulsepoint.events.touches import JourneyMoment, TrackingData

LANDING_SITE, REFERRING_SITE = "landing_site", "referring_site"
NOTE_ATTRIBUTES, JOURNEY_MOMENT = "note_attributes", "journey_moment"
MAX_TOUCHES = 200
MAX_NOTES = 200

_TAGS = ("source", "medium", "campaign", "content", "term")
# Campaign ids where no name was sent: Google Analytics' own, then what Google Ads adds beside a click id.
_CAMPAIGN_IDS = ("utm_id", "gad_campaignid")
_NOTE_ADDRESSES = ("landing_page", "landing_site", "landing_url", "full_url", "original_url", "page_url", "entry_url")
_NOTE_REFERRERS = ("referrer", "referer", "referring_site", "original_referrer")


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit as one or more fields describe it, not yet classified; `host` is the outside referrer or ""."""

    at: datetime | None
    tags: tuple[str | None, ...] = (None,) * len(_TAGS)
    click_ids: tuple[tuple[str, str], ...] = ()
    host: str = ""
    evidence: tuple[str, ...] = ()

    @property
    def is_bare(self) -> bool:
        """Nothing but, perhaps, a referrer."""
        return not any(self.tags) and not self.click_ids

    @property
    def family(self) -> str | None:
        """The family of its sender by tag, click id or social site; None where nothing names one."""
        source = self.tags[0]
        return (family_of_source(source) if source else family_of_click(self.click_ids)) or social_family(self.host)


def touches_of(evidence: TrackingData, created_at: datetime) -> tuple[Touch, ...]:
    """The touches of an order created at `created_at` (UTC), earliest first; never raises, whatever the text.

    At most 200, the latest ones. Nothing said at all gives none.
    """
    own = _own_hosts(evidence)
    created_at = _instant(created_at)
    visits: list[Visit] = []
    moments = [_moment_visit(timestamp, own, created_at) for timestamp in evidence.moments]
    # Spelled out to the last field: which of two moments comes first must not decide what they fuse to.
    for visit in sorted(moments, key=lambda visit: (visit.at or created_at, repr(visit)))[-MAX_TOUCHES:]:
        _add_moment(visits, visit)
    for untimed in (_landing_visit(evidence, own), _note_visit(evidence.note_attributes, own)):
        if untimed is not None:
            _add_untimed(visits, untimed, created_at, has_journey=bool(evidence.moments))
    return tuple(sorted((_touch(visit, created_at) for visit in visits), key=touch_order)[-MAX_TOUCHES:])


def touch_order(touch: Touch) -> tuple[datetime, bool, bool, bool, int]:
    """The order of touches; of two at the same moment the one that says more comes last.

    Where even that is alike, moments stay in the order of their text, then the landing site, then note attributes.
    """
    filled = sum(getattr(touch, tag) is not None for tag in (*_TAGS, "click_id"))
    return touch.occurred_at, touch.channel != Channel.DIRECT, touch.paid, touch.campaign is not None, filled


def _instant(timestamp: datetime) -> datetime:
    """An aware moment; one without a zone is read as UTC, as Shopify's own clock is."""
    return timestamp if timestamp.tzinfo is not None else timestamp.replace(tzinfo=UTC)


def _own_hosts(evidence: TrackingData) -> frozenset[str]:
    pages = [evidence.landing_site, *(timestamp.landing_page for timestamp in evidence.moments)]
    return frozenset(page.host for page in map(read_address, pages) if page is not None and page.host)


def _moment_visit(timestamp: JourneyMoment, own: frozenset[str], created_at: datetime) -> Visit:
    tags = {f"utm_{key.casefold().removeprefix('utm_')}": clean(value) for key, value in timestamp.utm if clean(value)}
    page, referrer = read_address(timestamp.landing_page), read_address(timestamp.referrer)
    visit = _visit(_sources(page, referrer, own, first=tags), _outside(referrer, own))
    return replace(visit, at=_instant(timestamp.occurred_at or created_at), evidence=(JOURNEY_MOMENT,))


def _landing_visit(evidence: TrackingData, own: frozenset[str]) -> Visit | None:
    page, referrer = read_address(evidence.landing_site), read_address(evidence.referring_site)
    if page is None and referrer is None:
        return None
    seen = ((LANDING_SITE, page), (REFERRING_SITE, referrer))
    visit = _visit(_sources(page, referrer, own), _outside(referrer, own))
    return replace(visit, evidence=tuple(name for name, address in seen if address is not None))


def _note_visit(notes: Sequence[tuple[str, str]], own: frozenset[str]) -> Visit | None:
    values: dict[str, str] = {}
    for raw_name, raw_value in notes[:MAX_NOTES]:
        name = re.sub(r"[^a-z0-9]+", "_", clean(raw_name, 64).casefold()).strip("_")
        value = clean(raw_value, 16_384)
        if value:
            values.setdefault(re.sub(r"^utm_?(?=[a-z])", "utm_", name), value)
    page = next((read_address(values[name]) for name in _NOTE_ADDRESSES if name in values), None)
    referrer = next((read_address(values[name]) for name in _NOTE_REFERRERS if name in values), None)
    # Meta's _fbc cookie is "fb.1.<time>.<fbclid>": https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/fbp-and-fbc
    cookie = values.pop("fbc", "").split(".", 3)
    if len(cookie) == 4:
        values.setdefault("fbclid", cookie[3])
    visit = _visit(_sources(page, referrer, own, first=values), _outside(referrer, own))
    return None if visit.is_bare and not visit.host else replace(visit, evidence=(NOTE_ATTRIBUTES,))


def _sources(
    page: Address | None, referrer: Address | None, own: frozenset[str], *, first: Mapping[str, str] | None = None
) -> list[Mapping[str, str]]:
    """Where parameters of the visit may stand, best first: another site's own parameters are about visits to it."""
    sources: list[Mapping[str, str]] = [first or {}]
    if page is not None:
        sources += [page.parameters, page.nested]
    if referrer is not None:
        sources += [referrer.parameters, referrer.nested] if _is_own(referrer.host, own) else [referrer.nested]
    return sources


def _visit(sources: Iterable[Mapping[str, str]], host: str) -> Visit:
    """The visit of the first source that names who sent it; tags of different sources are never mixed."""
    candidates = list(sources)
    tagged = next(
        (parameters for parameters in candidates if parameters.get("utm_source") or parameters.get("utm_medium")), None
    )
    if tagged is None:
        tagged = next((parameters for parameters in candidates if parameters.get("utm_campaign")), {})
    tags: list[str | None] = [clean(tagged.get(f"utm_{tag}", "")) or None for tag in _TAGS]
    click_ids = []
    for key in CLICK_IDS:
        value = next((clean(parameters[key]) for parameters in candidates if parameters.get(key)), "")
        if value:
            click_ids.append((key, value))
    if tags[2] is None and (click_ids or any(tags)):
        tags[2] = next(
            (clean(parameters[key]) for key in _CAMPAIGN_IDS for parameters in candidates if parameters.get(key)), None
        )
    return Visit(None, tuple(tags), tuple(click_ids), host)


def _is_own(host: str, own: frozenset[str]) -> bool:
    return not host or host in own or is_own_site(host)


def _outside(referrer: Address | None, own: frozenset[str]) -> str:
    if referrer is None or _is_own(referrer.host, own):
        return ""
    return site_name(referrer.host)


def _add_moment(visits: list[Visit], visit: Visit) -> None:
    for index, existing in enumerate(visits):
        if existing.at == visit.at and _agreement(existing, visit):
            visits[index] = _fuse(existing, visit)
            return
    visits.append(visit)


def _add_untimed(visits: list[Visit], visit: Visit, created_at: datetime, *, has_journey: bool) -> None:
    agreeing = [
        (agreement, existing.at or created_at, index)
        for index, existing in enumerate(visits)
        if (agreement := _agreement(existing, visit)) and (existing.at or created_at) <= created_at
    ]
    if agreeing:
        index = max(agreeing)[2]
        visits[index] = _fuse(visits[index], visit)
    elif not (has_journey and visit.is_bare and not visit.host):
        visits.append(replace(visit, at=created_at))


def _agreement(first: Visit, other: Visit) -> int:
    """The certainty that two descriptions are of one visit: 0 is none, an equal click id outweighs all tags."""
    clicks, other_clicks = dict(first.click_ids), dict(other.click_ids)
    common = clicks.keys() & other_clicks.keys()
    if any(clicks[key] != other_clicks[key] for key in common):
        return 0
    if any(a and b and not _same_tag(tag, a, b) for tag, a, b in zip(_TAGS, first.tags, other.tags, strict=True)):
        return 0
    if (
        first.host
        and other.host
        and first.host != other.host
        and social_family(first.host) != social_family(other.host)
    ):
        return 0
    same_tags = sum(bool(a and b) for a, b in zip(first.tags, other.tags, strict=True))
    if common or same_tags:
        return 16 * len(common) + 2 * same_tags
    if first.is_bare and other.is_bare:
        return 1 if first.host == other.host else 0
    return 1 if first.family is not None and first.family == other.family else 0


def _same_tag(tag: str, first: str, other: str) -> bool:
    if first.casefold() == other.casefold():
        return True
    family = family_of_source(first) if tag == "source" else None
    return family is not None and family == family_of_source(other)


def _fuse(existing: Visit, other: Visit) -> Visit:
    return Visit(
        at=existing.at,
        tags=tuple(a or b for a, b in zip(existing.tags, other.tags, strict=True)),
        click_ids=tuple({**dict(other.click_ids), **dict(existing.click_ids)}.items()),
        host=existing.host or other.host,
        evidence=tuple(dict.fromkeys((*existing.evidence, *other.evidence))),
    )


def _touch(visit: Visit, created_at: datetime) -> Touch:
    source, medium, campaign, content, term = visit.tags
    classification = classify(source, medium, campaign, visit.click_ids, visit.host)
    return Touch(
        occurred_at=visit.at or created_at,
        channel=classification.channel,
        paid=classification.paid,
        source=source or classification.source,
        medium=medium,
        campaign=campaign,
        content=content,
        term=term,
        click_id=_click_id(visit),
        evidence=visit.evidence,
    )


def _click_id(visit: Visit) -> str | None:
    """The click id of whom the tags name, else the one that proves most."""
    ranked = sorted(visit.click_ids, key=lambda pair: CLICK_IDS.index(pair[0]))
    named = [value for key, value in ranked if family_of_click(((key, value),)) == visit.family]
    return next(iter([*named, *(value for _, value in ranked)]), None)
