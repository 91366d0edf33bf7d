"""From an order's evidence to its touches: each visit once, saying which fields it was made from.

A touch has its own time. `landing_site` and `referring_site` describe the last visit before checkout: it has the
order's `created_at`, unless it is the same visit as a journey moment, which has a time. A note attribute has a time
only where one stands in it (Meta's `_fbc` cookie); evidence without a time counts as no later than any that has one.
Once there are moments the journey is known, so a landing site that says nothing (a bare path, no outside referrer) adds
no visit of its own. What discount codes mean is the brand's to say (`attribution.domain.codes`).
Fields: https://shopify.dev/docs/api/admin-rest/latest/resources/order and
https://shopify.dev/docs/api/admin-graphql/latest/objects/CustomerVisit
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from attribution.domain.addresses import Address, clean, filled, read_address, site_name
from attribution.domain.channels import (
    Tracks,
    classify,
    family_of_clicks,
    family_of_source,
    is_own_site,
    social_family,
)
from attribution.domain.sites import page_name
from attribution.domain.sources import AD_TOOLS, CLICK_IDS, MARKS
from pulsepoint.brand.vocabulary import Channel, Evidence
from pulsepoint.events.attributions import Touch
from pulsepoint.events.touches import JourneyMoment, TrackingData

RULES_VERSION = 5
"""Raised when the rules that make touches or credits change, so that a number names the rules it came from."""

MAX_TOUCHES = 200
MAX_NOTES = 200

_NOTES, _MOMENT, _LANDING = range(3)
_SAME_SENDER = 1
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_NOT_SET = frozenset({"(not set)", "(not provided)", "null", "undefined", "n/a", "nan", "%s", "[object object]"})
_TAGS = ("source", "medium", "campaign", "content", "term")
# Campaign ids where no name was sent: Google Analytics' own, what Google Ads adds beside a click id, those of tools.
_CAMPAIGN_IDS = ("utm_id", "gad_campaignid", "hsa_cam", "tw_campaign")
_NOTE_ADDRESSES = ("landing_page", "landing_site", "landing_url", "full_url", "original_url", "page_url", "entry_url")
_NOTE_REFERRERS = ("referrer", "referer", "referring_site", "original_referrer")


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit as one or more fields describe it, not yet classified.

    `at` is its own time, None where none is known; `host` is the outside referrer or ""; `nearness` ranks visits of
    one moment by how near the order they must be: notes, moments, the landing.
    """

    at: datetime | None
    tags: tuple[str | None, ...] = (None,) * len(_TAGS)
    click_ids: tuple[tuple[str, str], ...] = ()
    marks: tuple[str, ...] = ()
    host: str = ""
    evidence: tuple[str, ...] = ()
    nearness: int = 0

    @property
    def tracks(self) -> Tracks:
        """Its click ids, marks and referrer."""
        return Tracks(tuple(key for key, _ in self.click_ids), self.marks, self.host)

    @property
    def is_bare(self) -> bool:
        """Nothing but, perhaps, a referrer."""
        return not any(self.tags) and not self.click_ids and not self.marks

    @property
    def family(self) -> str | None:
        """The family of its sender by tag, click id or social site; None where nothing names one."""
        source = self.tags[0]
        return (family_of_source(source) if source else family_of_clicks(self.tracks)) or social_family(self.host)


def touches_of(evidence: TrackingData, created_at: datetime) -> tuple[Touch, ...]:
    """The touches of an order created at `created_at` (UTC), earliest first; never raises, whatever the text.

    At most 200, the latest ones. Nothing said at all gives none. Of two touches at one moment the one nearer the order
    comes later: evidence without a time, then notes, moments, the landing; of two moments the one that says more.
    """
    own = _own_hosts(evidence)
    created_at = _instant(created_at)
    visits: list[Visit] = []
    moments = [_moment_visit(moment, own) for moment in evidence.moments]
    # Spelled out to the last field: which of two moments comes first must not decide what they fuse to.
    for visit in sorted(moments, key=lambda visit: (visit.at or _EARLIEST, repr(visit)))[-MAX_TOUCHES:]:
        _add_moment(visits, visit)
    landing = _landing_visit(evidence, own)
    if landing is not None:
        _add(visits, landing, created_at, has_journey=bool(evidence.moments))
    notes = _note_visit(evidence.note_attributes, own)
    if notes is not None:
        _add(visits, notes, created_at, has_journey=bool(evidence.moments))
    earliest = min([created_at, *(visit.at for visit in visits if visit.at is not None)])
    ordered = sorted(visits, key=lambda visit: _order(visit, _touch(visit, earliest)))
    return tuple(_touch(visit, earliest) for visit in ordered[-MAX_TOUCHES:])


def _order(visit: Visit, touch: Touch) -> tuple[datetime, bool, int, bool, bool, bool, int]:
    filled_fields = sum(getattr(touch, tag) is not None for tag in (*_TAGS, "click_id"))
    says_more = touch.channel != Channel.DIRECT, touch.paid, touch.campaign is not None, filled_fields
    return touch.occurred_at, visit.at is not None, visit.nearness, *says_more


def _instant(timestamp: datetime) -> datetime:
    """An aware moment; one without a zone is read as UTC, as Shopify's own clock is."""
    return timestamp if timestamp.tzinfo is not None else timestamp.replace(tzinfo=UTC)


def _own_hosts(evidence: TrackingData) -> frozenset[str]:
    pages = [evidence.landing_site, *(moment.landing_page for moment in evidence.moments)]
    landed = {page.host for page in map(read_address, pages) if page is not None and page.host}
    return frozenset(landed | {site_name(host) for host in evidence.own_hosts})


def _moment_visit(moment: JourneyMoment, own: frozenset[str]) -> Visit:
    tags = {f"utm_{key.casefold().removeprefix('utm_')}": value for key, value in moment.utm}
    page, referrer = read_address(moment.landing_page), read_address(moment.referrer)
    visit = _visit(_sources(page, referrer, own, first=tags), _outside(referrer, own))
    at = None if moment.occurred_at is None else _instant(moment.occurred_at)
    return replace(visit, at=at, evidence=(Evidence.JOURNEY_MOMENT,), nearness=_MOMENT)


def _landing_visit(evidence: TrackingData, own: frozenset[str]) -> Visit | None:
    page, referrer = read_address(evidence.landing_site), read_address(evidence.referring_site)
    if page is None and referrer is None:
        return None
    seen = ((Evidence.LANDING_SITE, page), (Evidence.REFERRING_SITE, referrer))
    visit = _visit(_sources(page, referrer, own), _outside(referrer, own))
    evidenced = tuple(name for name, address in seen if address is not None)
    return replace(visit, evidence=evidenced, nearness=_LANDING)


def _note_visit(notes: Sequence[tuple[str, str]], own: frozenset[str]) -> Visit | None:
    values: dict[str, str] = {}
    for raw_name, raw_value in notes[:MAX_NOTES]:
        name = re.sub(r"[^a-z0-9]+", "_", clean(raw_name, 64).casefold()).strip("_")
        value = clean(raw_value, 16_384)
        if value:
            values.setdefault(re.sub(r"^utm_?(?=[a-z])", "utm_", name), value)
    page = next((read_address(values[name]) for name in _NOTE_ADDRESSES if name in values), None)
    referrer = next((read_address(values[name]) for name in _NOTE_REFERRERS if name in values), None)
    # Meta's _fbc cookie is "fb.1.<milliseconds>.<fbclid>": https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/fbp-and-fbc
    cookie = values.pop("fbc", "").split(".", 3)
    clicked_at = None
    if len(cookie) == 4 and "fbclid" not in values:
        values["fbclid"] = cookie[3]
        clicked_at = _milliseconds(cookie[2])
    visit = _visit(_sources(page, referrer, own, first=values), _outside(referrer, own))
    if visit.is_bare and not visit.host:
        return None
    return replace(visit, at=clicked_at, evidence=(Evidence.NOTE_ATTRIBUTES,))


def _milliseconds(text: str) -> datetime | None:
    """The instant of a cookie's clock; None for what is no time between 2010 and 2100."""
    if not re.fullmatch(r"[0-9]{13}", text, re.ASCII):
        return None
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(text))
    return instant if 2010 <= instant.year < 2100 else None


def _sources(
    page: Address | None, referrer: Address | None, own: frozenset[str], *, first: Mapping[str, str] | None = None
) -> list[Mapping[str, str]]:
    """Where parameters of the visit may stand, best first: another site's own parameters are about visits to it."""
    sources: list[Mapping[str, str]] = [first or {}]
    if page is not None:
        sources += [page.parameters, page.nested]
    if referrer is not None:
        sources += (
            [referrer.parameters, referrer.nested]
            if not referrer.host or is_own_site(referrer.host, own)
            else [referrer.nested]
        )
    return sources


def _visit(sources: Iterable[Mapping[str, str]], host: str) -> Visit:
    """The visit of the first source that names who sent it; tags of different sources are never mixed."""
    candidates = [source for source in sources if source]
    tagged = next((each for each in candidates if _tag(each, "source") or _tag(each, "medium")), None)
    if tagged is None:
        tagged = next((each for each in candidates if _tag(each, "campaign")), {})
    tags: list[str | None] = [_tag(tagged, tag) or None for tag in _TAGS]
    click_ids = tuple((key, value) for key in CLICK_IDS if (value := _first(candidates, key)))
    marks = tuple(key for key in MARKS if _first(candidates, key))
    tool = next((key for key in AD_TOOLS if _first(candidates, key)), None)
    if tool is not None and not tags[0] and not tags[1]:
        tags[0], marks = _first(candidates, tool), (*marks, tool)
    if tags[2] is None and (click_ids or marks or any(tags)):
        tags[2] = next((value for key in _CAMPAIGN_IDS if (value := _first(candidates, key))), None)
    return Visit(None, tuple(tags), click_ids, marks, host)


def _tag(parameters: Mapping[str, str], tag: str) -> str:
    value = filled(parameters.get(f"utm_{tag}", ""))
    plain = value.casefold()
    # A template's own example stands for nothing, and a medium "none" says that the visit was direct.
    unsaid = plain in _NOT_SET or plain == f"utm_{tag}" or (plain == "none" and tag != "medium")
    return "" if unsaid else value


def _first(candidates: Iterable[Mapping[str, str]], key: str) -> str:
    """The first value of a parameter that is no unfilled macro; "" without one."""
    return next((value for each in candidates if key in each and (value := filled(each[key]))), "")


def _outside(referrer: Address | None, own: frozenset[str]) -> str:
    if referrer is None or not referrer.host or is_own_site(referrer.host, own):
        return ""
    return page_name(site_name(referrer.host), referrer.path)


def _add_moment(visits: list[Visit], visit: Visit) -> None:
    for index, existing in enumerate(visits):
        if existing.at == visit.at and _agreement(existing, visit):
            visits[index] = _fuse(existing, visit)
            return
    visits.append(visit)


def _add(visits: list[Visit], visit: Visit, created_at: datetime, *, has_journey: bool) -> None:
    """Add the landing or the notes: into the latest visit that is surely the same, else as a visit of their own.

    Notes may be of any visit: one sender alone makes them no visit that is known already.
    """
    is_landing = visit.nearness == _LANDING
    agreeing = [
        (agreement, existing.at or _EARLIEST, index)
        for index, existing in enumerate(visits)
        if (agreement := _agreement(existing, visit)) and (existing.at or _EARLIEST) <= created_at
        if is_landing or agreement > _SAME_SENDER
    ]
    if agreeing:
        index = max(agreeing)[2]
        visits[index] = _fuse(visits[index], visit)
    elif not (has_journey and visit.is_bare and not visit.host):
        visits.append(replace(visit, at=created_at) if is_landing else visit)


def _agreement(first: Visit, other: Visit) -> int:
    """The certainty that two descriptions are of one visit: 0 is none, an equal click id outweighs all tags.

    1 (`_SAME_SENDER`) is one sender and nothing else in common.
    """
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
        return 2 if first.host == other.host else 0
    return _SAME_SENDER if first.family is not None and first.family == other.family else 0


def _same_tag(tag: str, first: str, other: str) -> bool:
    if first.casefold() == other.casefold():
        return True
    family = family_of_source(first) if tag == "source" else None
    return family is not None and family == family_of_source(other)


def _fuse(existing: Visit, other: Visit) -> Visit:
    return Visit(
        at=existing.at or other.at,
        tags=tuple(a or b for a, b in zip(existing.tags, other.tags, strict=True)),
        click_ids=tuple({**dict(other.click_ids), **dict(existing.click_ids)}.items()),
        marks=tuple(dict.fromkeys((*existing.marks, *other.marks))),
        host=existing.host or other.host,
        evidence=tuple(dict.fromkeys((*existing.evidence, *other.evidence))),
        nearness=max(existing.nearness, other.nearness),
    )


def _touch(visit: Visit, earliest: datetime) -> Touch:
    source, medium, campaign, content, term = visit.tags
    classification = classify(source, medium, campaign, visit.tracks)
    return Touch(
        occurred_at=visit.at or earliest,
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
    named = [value for key, value in ranked if family_of_clicks(Tracks((key,))) == visit.family]
    return next(iter([*named, *(value for _, value in ranked)]), None)
