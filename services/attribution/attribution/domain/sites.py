"""Web sites by what they are: a maintained public list, and dated rows of our own for what no list has (`data/`)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files

_DATA = files("attribution") / "data"
# The list names no owner.
_OWNER_LABELS = {"google": "google", "bing": "microsoft"}
# Subdomains of a search engine that are the engine itself; others (docs, news, mail) are another service of a portal.
_SEARCH_LABEL = re.compile(
    r"[a-z]{2}|search|suche|recherche|start|home|web|wap|mobile|m|r|lite|html|images?|lens|cse|int|safe|nortonsafe|encrypted"
)
# Hosts where people read mail, and those of links in mail, whatever site they belong to.
_MAIL_LABEL = re.compile(r"(web|e)?mail\d?")
_ANY_COUNTRY = "{}"
# Second-level suffixes of countries: `shop.co.uk` is a site, `co.uk` is none.
_SECOND_LEVEL = frozenset({"ac", "co", "com", "edu", "go", "gob", "gov", "it", "ne", "net", "nom", "or", "org"})


class Kind(StrEnum):
    """The role of a site or a named source for a shop; `checkout` is where nobody comes from."""

    SEARCH = "search"
    SOCIAL = "social"
    ASSISTANT = "assistant"
    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    AFFILIATE = "affiliate"
    PAID = "paid"
    CHECKOUT = "checkout"
    DIRECT = "direct"
    REFERRAL = "referral"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a visit may come from; `owner` names the ad seller that runs it ("" for all others)."""

    kind: Kind
    owner: str = ""

    @property
    def family(self) -> str:
        """The part that two names of one sender share."""
        return self.owner or self.kind.value


@lru_cache(maxsize=8192)
def origin_of_site(host: str) -> Origin | None:
    """The origin of a host in lower case without `www.`, of a page or an app's id; None for a site no list knows.

    A listed site stands for its subdomains; a search engine only for those that are the engine too.
    """
    labels = host.split(".")
    for start in range(max(len(labels) - 1, 1)):
        origin = _listed_as(labels[start:])
        if origin is None:
            continue
        if origin.kind is Kind.SEARCH and not all(_SEARCH_LABEL.fullmatch(label) for label in labels[:start]):
            break
        return origin
    return Origin(Kind.EMAIL) if len(labels) > 2 and _MAIL_LABEL.fullmatch(labels[0]) else None


def _listed_as(labels: Sequence[str]) -> Origin | None:
    """The origin of a site with these labels, also where the list has it once for all countries."""
    table = _sites()
    end = len(labels) - _suffix_labels(labels)
    names = (labels, (*labels[:end], _ANY_COUNTRY), (_ANY_COUNTRY, *labels[1:]) if len(labels[0]) == 2 else ())
    return next((origin for name in names if (origin := table.get(".".join(name)))), None)


def page_name(host: str, path: str) -> str:
    """The host, with the first one or two parts of the path where a list knows that page of it by itself:
    `bing.com/chat`.
    """
    labels, parts = host.split("."), path.casefold().strip("/").split("/")
    for length in (2, 1):
        for start in range(len(labels) - 1):
            page = "/".join((".".join(labels[start:]), *parts[:length]))
            if parts[0] and page in _sites():
                return page
    return host


def is_same_site(host: str, other: str) -> bool:
    """True where two hosts belong to one site: `checkout.brand.example` and `www.brand.example`."""
    return bool(host) and registered_site(host) == registered_site(other)


def registered_site(host: str) -> str:
    """The part of a host that somebody registered: `brand.co.uk` of `www.brand.co.uk`."""
    labels = host.split(".")
    return ".".join(labels[-1 - _suffix_labels(labels) :])


def _suffix_labels(labels: Sequence[str]) -> int:
    country = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return 2 if country else 1


@cache
def _sites() -> Mapping[str, Origin]:
    own = {row["site"]: Origin(Kind(row["kind"]), row["owner"]) for row in _rows("sites.csv")}
    public = {row["site"]: _listed(row["site"], Kind(row["kind"]), own) for row in _rows("referrers.csv")}
    return {**public, **own}


def _rows(name: str) -> Iterator[dict[str, str]]:
    yield from csv.DictReader((_DATA / name).read_text(encoding="utf-8").splitlines())


def _listed(site: str, kind: Kind, own: Mapping[str, Origin]) -> Origin:
    """The origin of a row of the public list, whose owner is that of the site above it among our own rows."""
    labels = site.split(".")
    above = (own.get(".".join(labels[start:])) for start in range(1, len(labels) - 1))
    owner = next((origin.owner for origin in above if origin is not None and origin.kind is kind), "")
    return Origin(kind, owner or next((_OWNER_LABELS[label] for label in labels if label in _OWNER_LABELS), ""))
