"""Every choice the product knows, once: platforms, channels, models, policies, alert types, severities.

Members are API.md's names. A place that has to know each member (an adapter, a rule, a label, a page) is found by the
test that walks the enum, so a new member shows what is still missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pulsepoint.brand.words import Word, sql_list


@dataclass(frozen=True, slots=True)
class Clicks:
    """The marks of a platform's ads in a link.

    `proving` are the click ids that only a bought click carries, `hinting` those that organic links carry too;
    `marks` are parameters that stand beside a bought click and identify none; `sources` are values of utm_source that
    mean its ads even without a medium. Keys in lower case; values of ids keep their case.
    """

    proving: tuple[str, ...]
    hinting: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


class Platform(Word):
    """Where ads are bought and imported from; each is also a channel."""

    META = "meta"
    TIKTOK = "tiktok"
    GOOGLE = "google"

    @property
    def clicks(self) -> Clicks:
        """The marks of its ads in a link; none for a member nobody described, which the tests refuse."""
        return _CLICKS.get(self, Clicks(()))

    @property
    def sells_search(self) -> bool:
        """True where ads beside search results are bought too; raises `KeyError` for a member nobody described."""
        return _SELLS_SEARCH[self]


# https://support.google.com/google-ads/answer/1752125 (gclid; gbraid and wbraid are its kin; gad_source and
# gad_campaignid stand beside them or alone), https://support.google.com/campaignmanager/answer/9182069 (dclid),
# https://ads.tiktok.com/help/article/tiktok-click-id (ttclid),
# https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/fbp-and-fbc (fbclid, on organic links
# too).
_CLICKS: Mapping[Platform, Clicks] = {
    Platform.META: Clicks(proving=(), hinting=("fbclid",), sources=("meta", "fbads", "igads")),
    Platform.TIKTOK: Clicks(proving=("ttclid",), sources=("tiktokads",)),
    Platform.GOOGLE: Clicks(
        proving=("gclid", "gbraid", "wbraid", "dclid"),
        marks=("gad_source", "gad_campaignid"),
        sources=("adwords", "googleads", "googleadwords", "gads", "dv360"),
    ),
}

# Who searches for a brand's name was on the way to it: campaigns that buy it are judged apart.
_SELLS_SEARCH: Mapping[Platform, bool] = {Platform.META: False, Platform.TIKTOK: False, Platform.GOOGLE: True}


class Channel(Word):
    """Where a buyer came from; `unattributed` is what no touch earned."""

    META = "meta"
    TIKTOK = "tiktok"
    GOOGLE = "google"
    OTHER_PAID = "other_paid"
    ORGANIC_SEARCH = "organic_search"
    ORGANIC_SOCIAL = "organic_social"
    AI_ASSISTANT = "ai_assistant"
    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    AFFILIATE = "affiliate"
    REFERRAL = "referral"
    DIRECT = "direct"
    UNATTRIBUTED = "unattributed"

    @property
    def is_tagged(self) -> bool:
        """True where buyers are known by a tagged link alone: once tags are lost, they seem to come another way."""
        return self in _TAGGED or self.platform is not None

    @property
    def platform(self) -> Platform | None:
        """The ad platform it is; None for a channel whose spend is not imported."""
        return Platform(self.value) if self.value in set(Platform) else None


class Evidence(Word):
    """The field of an order that a touch was made from."""

    LANDING_SITE = "landing_site"
    REFERRING_SITE = "referring_site"
    NOTE_ATTRIBUTES = "note_attributes"
    JOURNEY_MOMENT = "journey_moment"
    DISCOUNT_CODE = "discount_code"


_TAGGED = (Channel.OTHER_PAID, Channel.EMAIL, Channel.SMS, Channel.PUSH, Channel.AFFILIATE)


class CodeMatch(Word):
    """The comparison of a mapped discount code with that of an order: as a whole, or as its start."""

    EXACT = "exact"
    PREFIX = "prefix"


class AttributionModel(Word):
    """Which touches share the credit of an order; the pure functions stand in attribution's registry."""

    LAST_TOUCH = "last_touch"
    LAST_NON_DIRECT = "last_non_direct"


class EntryKind(Word):
    """The kind of an entry of net revenue: sold, changed by an edit, given back, or taken back by a cancellation."""

    SALE = "sale"
    EDIT = "edit"
    REFUND = "refund"
    CANCELLATION = "cancellation"


class DateBasis(Word):
    """On which day money counts: each entry on its own day, or everything on the day of its order."""

    OCCURRED = "occurred"
    ORDERED = "ordered"


class CancelledOrders(Word):
    """The meaning of a cancelled order for revenue.

    `return`: what was not refunded goes back on the day of the cancellation. `exclude`: as if never sold, its refunds
    neither. `keep`: it stays sold. `counts` and `sql` are the same rule, in Python and in SQL; the rest follows.
    """

    RETURN = "return"
    EXCLUDE = "exclude"
    KEEP = "keep"

    def counts(self, kind: EntryKind, *, cancelled: bool) -> bool:
        """True where an entry of that kind, of an order that is or is not cancelled, is part of net revenue."""
        match self:
            case CancelledOrders.RETURN:
                return True
            case CancelledOrders.EXCLUDE:
                return not cancelled
            case CancelledOrders.KEEP:
                return kind is not EntryKind.CANCELLATION

    @property
    def drops_order(self) -> bool:
        """True where nothing of a cancelled order counts, as if it had never been."""
        return not any(self.counts(kind, cancelled=True) for kind in EntryKind)

    @property
    def sql(self) -> str:
        """The same as a condition on `kind` and `cancelled_at` of an entry."""
        match self:
            case CancelledOrders.RETURN:
                return "TRUE"
            case CancelledOrders.EXCLUDE:
                return "cancelled_at IS NULL"
            case CancelledOrders.KEEP:
                return f"kind <> '{EntryKind.CANCELLATION.value}'"

    @classmethod
    def predicate(cls, *, kinds: bool = True, column: str = "cancelled_at") -> str:
        """All policies as one SQL condition on `@cancelled_orders`; without `kinds` for rows that are only sales.

        `column` is the name of `cancelled_at` where the rows are aliased.
        """
        conditions = (
            f"(@cancelled_orders = '{policy.value}' AND {policy._condition(kinds, column)})" for policy in cls
        )
        return f"({' OR '.join(conditions)})"

    @classmethod
    def dropping(cls) -> str:
        """The policies that drop a cancelled order, as one SQL condition on `@cancelled_orders`."""
        return f"@cancelled_orders IN ({sql_list(policy for policy in cls if policy.drops_order)})"

    def _condition(self, kinds: bool, column: str) -> str:
        if kinds:
            return self.sql.replace("cancelled_at", column)
        return "TRUE" if self.counts(EntryKind.SALE, cancelled=True) else f"{column} IS NULL"


class StockState(Word):
    """The state of a variant's stock, worst first; `untracked` is what the shop does not count."""

    OUT_OF_STOCK = "out_of_stock"
    CRITICAL = "critical"
    LOW = "low"
    OVERSTOCKED = "overstocked"
    HEALTHY = "healthy"
    UNTRACKED = "untracked"

    @property
    def is_gone(self) -> bool:
        """True where it is out or covered for less than half its lead time."""
        return self in (StockState.OUT_OF_STOCK, StockState.CRITICAL)

    @property
    def runs_out(self) -> bool:
        """True where it is covered for less than its lead time."""
        return self.is_gone or self is StockState.LOW

    @property
    def rank(self) -> int:
        """Its place, worst first, from 0."""
        return list(StockState).index(self)


class Cause(Word):
    """Why an alert or a recommendation stands, where its type leaves that open; it chooses the sentences."""

    OUT_OF_STOCK = "out_of_stock"
    RUNNING_OUT = "running_out"
    BACKORDERED = "backordered"
    ROAS = "roas"
    FAILED = "failed"
    REFUSED = "refused"
    LINKS = "links"
    PIXEL = "pixel"
    CLAIMS = "claims"


class NoteKind(Word):
    """Something to know about numbers beside their values."""

    OTHER_TIMEZONE = "other_timezone"
    DAYS_LEFT_OUT = "days_left_out"
    CUSTOMERS_GUESSED = "customers_guessed"
    VARIANTS_MISSING = "variants_missing"
    VARIANTS_UNSAID = "variants_unsaid"
    UNMATCHED_REFUNDS = "unmatched_refunds"
    DOUBTFUL_ORDERS = "doubtful_orders"


class OmissionKind(Word):
    """The reason that rows of an uploaded file became nothing."""

    UNREADABLE = "unreadable"
    PRICE_NOT_ABOVE_ZERO = "price_not_above_zero"
    QUANTITY_ZERO = "quantity_zero"
    AMOUNT_TOO_LARGE = "amount_too_large"
    NO_NUMBER = "no_number"
    BELOW_ZERO = "below_zero"
    NO_COUNT = "no_count"
    NO_TIME = "no_time"
    IMPOSSIBLE_YEAR = "impossible_year"
    IN_THE_FUTURE = "in_the_future"
    UNDATED = "undated"
    OTHER_CURRENCY = "other_currency"
    REPEATED = "repeated"
    ABOVE_ITS_LINES = "above_its_lines"


class AlertType(Word):
    """The subject of an alert."""

    STOCKOUT_RISK = "stockout_risk"
    ROAS_DROP = "roas_drop"
    SYNC_FAILURE = "sync_failure"
    AD_DAYS_MISMATCH = "ad_days_mismatch"
    BROKEN_TRACKING = "broken_tracking"

    @classmethod
    def earlier(cls) -> Mapping[str, str]:
        """Stored before 2026-12."""
        return {"stock_out_risk": "stockout_risk"}

    @property
    def causes(self) -> tuple[Cause | None, ...]:
        """The causes it opens for; None alone where its type says it all."""
        match self:
            case AlertType.STOCKOUT_RISK:
                return (Cause.OUT_OF_STOCK, Cause.RUNNING_OUT)
            case AlertType.SYNC_FAILURE:
                return (Cause.FAILED, Cause.REFUSED)
            case AlertType.BROKEN_TRACKING:
                return (Cause.LINKS, Cause.PIXEL, Cause.CLAIMS)
            case _:
                return (None,)


class Severity(Word):
    """The urgency of an alert, most urgent first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @classmethod
    def earlier(cls) -> Mapping[str, str]:
        """Stored before 2026-12."""
        return {"warning": "high", "info": "low"}

    @property
    def rank(self) -> int:
        """Its place, most urgent first, from 0."""
        return list(Severity).index(self)


class RecommendationType(Word):
    """The kind of a recommendation, in the order in which equal priorities are shown."""

    PAUSE_CAMPAIGN = "pause_campaign"
    REDUCE_SPEND = "reduce_spend"
    REORDER = "reorder"
    RAISE_SPEND = "raise_spend"

    @property
    def rank(self) -> int:
        """Its place among equals, from 0."""
        return list(RecommendationType).index(self)

    @property
    def causes(self) -> tuple[Cause, ...]:
        """The causes it is given for; raises `KeyError` for a member nobody described."""
        return _ADVISED_FOR[self.value]


_GONE = (Cause.OUT_OF_STOCK, Cause.RUNNING_OUT)
_ADVISED_FOR: Mapping[str, tuple[Cause, ...]] = {
    "pause_campaign": _GONE,
    "reduce_spend": (*_GONE, Cause.ROAS),
    "reorder": (*_GONE, Cause.BACKORDERED),
    "raise_spend": (Cause.ROAS,),
}


class Priority(Word):
    """The time to act, soonest first."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """Its place, soonest first, from 0."""
        return list(Priority).index(self)


class Unit(Word):
    """The unit of an integer: `money` micros of a currency; `count` and `percent` whole ones; the others millionths."""

    MONEY = "money"
    COUNT = "count"
    MICRO_COUNT = "micro_count"
    RATIO = "ratio"
    DAYS = "days"
    PERCENT = "percent"

    @property
    def scale(self) -> int:
        """The count of integer units that make one of what people read."""
        return 1 if self in (Unit.COUNT, Unit.PERCENT) else 1_000_000
