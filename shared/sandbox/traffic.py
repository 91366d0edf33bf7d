"""The visitors of a day: visits by source, and the few among them who will buy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sandbox.campaigns import CampaignDay, lifted_ppm
from sandbox.draws import Draws
from sandbox.journeys import Intent, Origin, make_intent, still_waiting_ppm
from sandbox.seasons import HOURS, day_factor
from sandbox.settings import PPM, PromotionSettings, WorldSettings


@dataclass(frozen=True, slots=True)
class Crowd:
    """A day's visits by source and its buyers to be; `clicks` of campaigns, their own visitors and others'."""

    visits: dict[str, int]
    clicks: dict[str, int]
    intents: tuple[Intent, ...]


@dataclass(frozen=True, slots=True)
class OpenDay:
    """The frame of a day: its number from the first, its first and last second, the campaigns' power."""

    day: date
    number: int
    starts_at: int
    ends_at: int
    campaigns: tuple[CampaignDay, ...]
    promotion: PromotionSettings | None


def _timestamp(today: OpenDay, draws: Draws) -> int:
    timestamp = today.starts_at + draws.pick(HOURS) * 3_600 + draws.below(3_600)
    # The day that loses an hour to summer time.
    return timestamp if timestamp < today.ends_at else timestamp - 3_600


class Traffic:
    """Draws each day's crowd.

    Poisson visits of which a share buys are two independent Poisson counts, and are drawn as such.
    """

    def __init__(self, settings: WorldSettings) -> None:
        self._settings = settings
        # As if each campaign worked as planned: the conversion rate of the settings already has its lifts in it.
        planned = tuple(CampaignDay(campaign, max(1, campaign.budget_cents), PPM) for campaign in settings.campaigns)
        self._planned: dict[str | None, int] = {None: lifted_ppm(planned, None)}
        for campaign in settings.campaigns:
            self._planned[campaign.campaign_id] = lifted_ppm(planned, campaign.campaign_id)

    def crowd(self, today: OpenDay) -> Crowd:
        """The crowd of a day."""
        visits: dict[str, int] = {}
        own_clicks: dict[str, int] = {}
        intents: list[Intent] = []
        for origin, share_ppm in self._origins(today):
            source = origin.campaign_id or origin.kind
            buyers, others = self._source(today, origin, source, share_ppm)
            intents.extend(buyers)
            visits[source] = len(buyers) + others
            if origin.day is not None:
                clicked = sum(_clicked(intent, source) for intent in buyers)
                own_clicks[source] = clicked + others * origin.day.click_ppm // PPM
        intents.extend(self._earlier_customers(today))
        clicks = {day.campaign.campaign_id: _clicks(day, visits, own_clicks, intents) for day in today.campaigns}
        return Crowd(visits, clicks, tuple(intents))

    def _origins(self, today: OpenDay) -> Iterator[tuple[Origin, int]]:
        demand = self._settings.demand
        yield Origin("organic"), demand.organic_ppm
        yield Origin("direct"), demand.direct_ppm
        yield Origin("email"), demand.email_ppm
        for day in today.campaigns:
            yield Origin("campaign", day), day.share_ppm

    def _source(self, today: OpenDay, origin: Origin, source: str, share_ppm: int) -> tuple[list[Intent], int]:
        """The buyers of one source, and how many more visit."""
        demand, promotion = self._settings.demand, today.promotion
        first_orders = demand.orders_per_day * (PPM - demand.repeat_ppm) * share_ppm // PPM
        first_orders = first_orders * day_factor(today.day, demand.season_ppm) // PPM
        if promotion is not None:
            first_orders = first_orders * promotion.traffic_ppm // PPM
        visits = first_orders * PPM // demand.conversion_ppm
        lift = lifted_ppm(today.campaigns, origin.campaign_id)
        buying = first_orders * lift // self._planned[origin.campaign_id]
        if promotion is not None:
            buying = buying * (PPM + promotion.lift_ppm) // PPM
        buying = min(visits, buying)
        draws = Draws(self._settings.seed, "visits", today.day.isoformat(), source)
        intents = [
            self._intent(today, origin, f"{today.day.isoformat()}/{source}/{number}")
            for number in range(draws.poisson(buying))
        ]
        return intents, draws.poisson(visits - buying)

    def _intent(self, today: OpenDay, origin: Origin, stream: str) -> Intent:
        draws = Draws(self._settings.seed, "journey", stream)
        return make_intent(stream, draws, origin, _timestamp(today, draws), today.campaigns, today.promotion)

    def _earlier_customers(self, today: OpenDay) -> Iterator[Intent]:
        """Those who bought before the world's first day and come back: a shop does not start from nothing."""
        demand = self._settings.demand
        mean = demand.orders_per_day * demand.repeat_ppm * still_waiting_ppm(today.number) // PPM
        if mean:
            draws = Draws(self._settings.seed, "known", today.day.isoformat())
            for number in range(draws.poisson(mean)):
                yield self._intent(today, Origin("repeat"), f"{today.day.isoformat()}/known/{number}")

    def returning(self, today: OpenDay, stream: str, customer: int, acquired_by: str | None) -> Intent:
        """The intent of one who bought before and comes back today; `acquired_by` None: no campaign won them."""
        draws = Draws(self._settings.seed, "journey", stream)
        return make_intent(
            stream, draws, Origin("repeat"), _timestamp(today, draws), today.campaigns, None,
            customer=customer, acquired_by=acquired_by,
        )  # fmt: skip

    def visits_of_returning(self, stream: str) -> int:
        """The count of visits of one who comes back, with the one that buys: as the conversion rate asks."""
        draws = Draws(self._settings.seed, "looking around", stream)
        return 1 + draws.poisson(PPM * PPM // self._settings.demand.conversion_ppm - PPM)


def _clicked(intent: Intent, campaign_id: str) -> bool:
    return any(contact.campaign_id == campaign_id and contact.kind == "click" for contact in intent.contacts)


def _clicks(day: CampaignDay, visits: dict[str, int], own: dict[str, int], intents: list[Intent]) -> int:
    """A campaign's clicks: its own visitors, its share of everybody else's, and the buyers it met on their way."""
    own_id = day.campaign.campaign_id
    others = sum(count for source, count in visits.items() if source != own_id)
    met = sum(_clicked(intent, own_id) for intent in intents if intent.campaign_id != own_id)
    return own.get(own_id, 0) + others * day.reach_ppm // PPM + met
