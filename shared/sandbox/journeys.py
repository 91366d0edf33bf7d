"""A buyer's way to an order: first contact, ads met on the way, the visits in between, the wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sandbox.campaigns import CampaignDay, contact_ppm
from sandbox.draws import Draws, Table
from sandbox.records import CauseKind
from sandbox.settings import PPM, PromotionSettings

Channel = Literal["campaign", "organic", "direct", "email"]

HOUR, DAY = 3_600, 86_400
_LAGS = Table((62, 20, 10, 5, 3))
_LAG_BOUNDS = ((180, 3_000), (HOUR, 12 * HOUR), (1, 3), (3, 7), (7, 14))
"""The wait from first contact to order: two ranges in seconds, then three in days."""

_REPEAT_LAGS = Table((30, 30, 20, 20))
_REPEAT_BOUNDS = ((10, 30), (31, 60), (61, 120), (121, 240))

_DARK: tuple[Channel, ...] = ("organic", "direct")
_RETURNING: tuple[Channel, ...] = ("email", "direct", "organic")
_RETURNING_TABLE = Table((45, 30, 25))
_CLOSING: tuple[Channel, ...] = ("direct", "organic", "email")
_CLOSING_TABLE = Table((55, 25, 20))


@dataclass(frozen=True, slots=True)
class Step:
    """One visit: when, and through what."""

    at: int
    channel: Channel
    campaign_id: str | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """An ad seen or clicked, as its platform knows it."""

    at: int
    campaign_id: str
    kind: Literal["click", "view"]


@dataclass(frozen=True, slots=True)
class Lift:
    """A cause beyond the first: it made `lift_ppm` more of such visitors buy. No campaign: a promotion."""

    campaign_id: str | None
    lift_ppm: int
    at: int


@dataclass(frozen=True, slots=True)
class Intent:
    """Somebody who will order at `due_at` if the shelf is not empty; moments in seconds since 1970.

    `stream` names their draws, `customer` is set for those who bought before, `acquired_by` the campaign that
    won them.
    """

    stream: str
    kind: CauseKind
    campaign_id: str | None
    started_at: int
    due_at: int
    steps: tuple[Step, ...]
    contacts: tuple[Contact, ...]
    lifts: tuple[Lift, ...]
    customer: int | None = None
    acquired_by: str | None = None


def wait(draws: Draws) -> int:
    """Seconds from the first contact to the order."""
    drawn = draws.pick(_LAGS)
    low, high = _LAG_BOUNDS[drawn]
    span = draws.between(low, high)
    # After a night people come back at about the same hour.
    return span if drawn < 2 else span * DAY + draws.between(-2 * HOUR, 2 * HOUR)


def repeat_wait(draws: Draws) -> int:
    """Days until a buyer comes back."""
    return draws.between(*_REPEAT_BOUNDS[draws.pick(_REPEAT_LAGS)])


def still_waiting_ppm(days: int) -> int:
    """The share of returning buyers who have not come back after `days` days."""
    waiting = 0
    for (low, high), start, end in zip(_REPEAT_BOUNDS, (0, *_REPEAT_LAGS.sums), _REPEAT_LAGS.sums, strict=False):
        later = max(0, min(high - low + 1, high - days))
        waiting += (end - start) * PPM * later // (high - low + 1)
    return waiting // _REPEAT_LAGS.total


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of an intent: a kind of cause, and its campaign's day if an ad made it."""

    kind: CauseKind
    day: CampaignDay | None = None

    @property
    def campaign_id(self) -> str | None:
        """The campaign's id, if any."""
        return self.day.campaign.campaign_id if self.day else None


def _first_step(origin: Origin, at: int, draws: Draws) -> tuple[Step, Contact | None]:
    if origin.day is not None:
        campaign = origin.day.campaign.campaign_id
        if draws.chance(origin.day.click_ppm):
            return Step(at, "campaign", campaign), Contact(at, campaign, "click")
        # Seen, not clicked: they come by themselves a little later.
        return Step(at, _DARK[draws.below(2)]), Contact(at - draws.between(600, 4 * HOUR), campaign, "view")
    if origin.kind == "repeat":
        return Step(at, _RETURNING[draws.pick(_RETURNING_TABLE)]), None
    channels: dict[CauseKind, Channel] = {"organic": "organic", "direct": "direct", "email": "email"}
    return Step(at, channels[origin.kind]), None


class _Path:
    """A journey in the making."""

    def __init__(self, origin: Origin, started_at: int, due_at: int, draws: Draws) -> None:
        self.origin, self.started_at, self.due_at, self.draws = origin, started_at, due_at, draws
        first, contact = _first_step(origin, started_at, draws)
        self.steps = [first]
        self.contacts = [] if contact is None else [contact]
        self.lifts: list[Lift] = []

    def meet(self, day: CampaignDay) -> None:
        """Let the buyer meet a campaign's ad on the way, perhaps."""
        campaign = day.campaign
        returning = self.origin.kind == "repeat"
        # Someone who comes back anyway clicks just as often; it changes nothing.
        if day.reach_ppm and self.draws.chance(day.reach_ppm if returning else contact_ppm(day)):
            at = self.started_at
            if campaign.kind == "retargeting":
                at += self.draws.below(self.due_at - self.started_at)
                self.steps.append(Step(at, "campaign", campaign.campaign_id))
            elif self.steps[0].channel == "campaign":
                # Back in a minute or two, looking for what they just saw; nobody orders in under three.
                at += self.draws.between(40, 160)
                self.steps.append(Step(at, "campaign", campaign.campaign_id))
            else:
                # The searcher clicks the ad above the result they wanted: the visit they would have made is gone.
                self.steps[0] = Step(at, "campaign", campaign.campaign_id)
            self.contacts.append(Contact(at, campaign.campaign_id, "click"))
            if not returning:
                self.lifts.append(Lift(campaign.campaign_id, campaign.lift_ppm, at))
        if day.view_ppm and self.draws.chance(day.view_ppm):
            seen = self.due_at - self.draws.between(300, DAY - 300)
            self.contacts.append(Contact(seen, campaign.campaign_id, "view"))

    def close(self) -> None:
        """Whoever waited comes back to buy."""
        if self.due_at - self.started_at > 2 * HOUR:
            channel = _CLOSING[self.draws.pick(_CLOSING_TABLE)]
            self.steps.append(Step(self.due_at - self.draws.between(120, 1_200), channel))
        self.steps.sort(key=lambda step: step.at)
        self.contacts.sort(key=lambda contact: contact.at)


def make_intent(
    stream: str,
    draws: Draws,
    origin: Origin,
    started_at: int,
    days: tuple[CampaignDay, ...],
    promotion: PromotionSettings | None = None,
    *,
    customer: int | None = None,
    acquired_by: str | None = None,
) -> Intent:
    """The journey of one who will buy, from their first contact at `started_at` (seconds since 1970)."""
    due_at = started_at + wait(draws)
    path = _Path(origin, started_at, due_at, draws)
    for day in days:
        if day.campaign.campaign_id != origin.campaign_id:
            path.meet(day)
    path.close()
    if promotion is not None and origin.kind != "repeat":
        more = (PPM + promotion.lift_ppm) * promotion.traffic_ppm // PPM - PPM
        if more > 0:
            path.lifts.append(Lift(None, more, started_at))
    return Intent(
        stream, origin.kind, origin.campaign_id, started_at, due_at, tuple(path.steps), tuple(path.contacts),
        tuple(path.lifts), customer, acquired_by,
    )  # fmt: skip
