"""An ad platform on its sandbox face, with answers that a test may replace or change, in the platform's own dialect."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

import httpx

from ingest_ads.adapters.exchange import hide
from ingest_ads.bootstrap import ad_platforms
from ingest_ads.domain import Pull
from ingest_ads.ports import AdsPlatform, Connection, OpenAccount
from ingest_ads.pull import pull_account
from ingest_ads.settings import Settings
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.adapters.memory.secret_store import MemorySecretStore
from pulsepoint.brand.vocabulary import Platform
from pulsepoint.ports.document_store import StoredEffect
from sandbox.platforms.ad_days import AdAccount, AdRow, Limits
from sandbox.platforms.ads import create_ads
from tests.builders.ads import NOON, SCOPE, STUB_URL

TOKEN = "EAAB-a-token-nobody-may-see-0123456789"
DAY = date(2026, 3, 9)


class Step(StrEnum):
    """What a request asks for."""

    ACCOUNT = "account"
    CAMPAIGNS = "campaigns"
    TOTALS = "totals"


class Metric(StrEnum):
    """A field of a report's row, whatever its platform calls it."""

    CAMPAIGN = "campaign_id"
    DAY = "day"
    SPEND = "spend_micros"
    IMPRESSIONS = "impressions"
    CLICKS = "clicks"
    PURCHASES = "conversions_micros"
    VALUE = "conversion_value_micros"


REQUIRED = (Metric.CAMPAIGN, Metric.DAY, Metric.SPEND)


class Meaning(StrEnum):
    """What a platform's own error says."""

    BAD_TOKEN = "bad token"
    UNKNOWN_FIELD = "unknown field"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Raw:
    """An HTTP answer as it is."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def raw_json(body: Any, status: int = 200, **headers: str) -> Raw:
    """An answer in JSON; headers by name with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Raw(json.dumps(body).encode(), status, {"content-type": "application/json", **named})


@dataclass(frozen=True, slots=True)
class Throttle:
    """How a platform asks to slow down at `NOON`, and the seconds that means; None: nothing but backing off."""

    name: str
    answer: Raw
    wait: float | None


Change = Callable[[Any], Any]


class AdDialect(ABC):
    """How one platform writes what all of them say.

    `api` is how errors name the API with its version, `fields` the path of each metric in a row, `missing` those that
    a row may lack and what then stands there (`ABSENT`: the field is left out).
    """

    ABSENT: ClassVar[object] = object()
    platform: ClassVar[Platform]
    api: ClassVar[str]
    fields: ClassVar[Mapping[Metric, tuple[str, ...]]]
    missing: ClassVar[Mapping[Metric, Any]]
    throttles: ClassVar[tuple[Throttle, ...]]

    @abstractmethod
    def step(self, request: httpx.Request) -> Step:
        """What a request of the adapter asks for."""

    @abstractmethod
    def rows(self, body: Any) -> list[dict[str, Any]]:
        """The rows of a report; changing the list changes the body."""

    @abstractmethod
    def error(self, meaning: Meaning, message: str) -> Raw:
        """The platform's own error with that message in it."""

    @abstractmethod
    def paging_faults(self) -> Mapping[str, Change]:
        """By name, changes of a report's page that would make a reader count rows twice or go on without end."""

    def recount(self, body: Any) -> Any:
        """The report with the number of its rows told anew, where the platform tells it."""
        return body

    def changing(self, metric: Metric, change: Change) -> Change:
        """A change of that metric in every row of a report; `ABSENT` takes it out."""

        def change_body(body: Any) -> Any:
            for row in self.rows(body):
                *way, last = self.fields[metric]
                holder: Any = row
                for name in way:
                    holder = holder[name]
                if (value := change(holder.pop(last, None))) is not self.ABSENT:
                    holder[last] = value
            return body

        return change_body

    def repeating_a_row(self, body: Any) -> Any:
        """The report with its first row once more."""
        self.rows(body).append(deepcopy(self.rows(body)[0]))
        return self.recount(body)


@dataclass(slots=True)
class ScriptedAds:
    """`AdsSource` of one account over given rows."""

    account: AdAccount
    reported: list[AdRow] = field(default_factory=list)

    def accounts(self) -> tuple[AdAccount, ...]:
        """See `AdsSource.accounts`."""
        return (self.account,)

    def rows(self, account: AdAccount, start: date, end: date) -> list[AdRow]:
        """See `AdsSource.rows`."""
        return [row for row in self.reported if start <= row.day <= end]


class Wire(httpx.AsyncBaseTransport):
    """The face over HTTP.

    Answers are replaced (`answers`) or their JSON is changed (`changes`) by step; `refuse` gives another answer for
    some requests; `headers` come with every answer of the face.
    """

    def __init__(self, dialect: AdDialect, face: httpx.AsyncBaseTransport) -> None:
        self._dialect, self._face = dialect, face
        self.answers: dict[Step, Raw | Exception] = {}
        self.changes: dict[Step, Change] = {}
        self.refuse: Callable[[httpx.Request], Raw | None] = lambda request: None
        self.headers: dict[str, str] = {}
        self.requests: list[tuple[Step, httpx.Request]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One answer."""
        await request.aread()
        step = self._dialect.step(request)
        self.requests.append((step, request))
        answer = self.refuse(request) or self.answers.get(step)
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            return httpx.Response(answer.status, content=answer.body, headers=dict(answer.headers))
        response = await self._face.handle_async_request(request)
        body = await response.aread()
        if step in self.changes:
            body = json.dumps(self.changes[step](json.loads(body))).encode()
        return httpx.Response(response.status_code, content=body, headers=self.headers)

    def count(self, step: Step) -> int:
        """The number of requests for a step."""
        return sum(1 for requested, _ in self.requests if requested is step)


@dataclass(frozen=True, slots=True)
class _PullPorts:
    secrets: MemorySecretStore
    clock: FixedClock
    platforms: Mapping[Platform, AdsPlatform]


@dataclass(frozen=True, slots=True)
class Stage:
    """An adapter before its platform's face."""

    dialect: AdDialect
    source: ScriptedAds
    wire: Wire
    adapter: AdsPlatform
    clock: FixedClock

    @property
    def connection(self) -> Connection:
        """How the account is reached."""
        return Connection(self.source.account.account_id, TOKEN, base_url=STUB_URL)

    async def opened(self) -> OpenAccount:
        """The account, as the adapter reads it."""
        return await self.adapter.account(self.connection)

    async def step(self, step: Step) -> Any:
        """One step of the adapter for `DAY`."""
        if step is Step.ACCOUNT:
            return await self.opened()
        account = await self.opened()
        if step is Step.CAMPAIGNS:
            return (await self.adapter.campaign_days(account, DAY, DAY)).rows
        return await self.adapter.account_days(account, DAY, DAY)

    async def pull(self, start: date | None = None, end: date | None = None) -> Pull:
        """A pull of the account as the service makes it, of those days or of yesterday and today."""
        secrets = MemorySecretStore()
        await secrets.put(SCOPE, "ref", TOKEN.encode())
        order = {
            "platform": self.dialect.platform.value,
            "account_id": self.source.account.account_id,
            "secret_ref": "ref",
            "base_url": STUB_URL,
            "start_day": start,
            "end_day": end,
        }
        ports = _PullPorts(secrets, self.clock, {self.dialect.platform: self.adapter})
        effect = StoredEffect(SCOPE, "ads.pull", "pull", self.clock.now(), order)
        return Pull.model_validate(await pull_account(ports, effect))


@asynccontextmanager
async def playing(
    dialect: AdDialect,
    reported: Iterable[AdRow] = (),
    *,
    currency: str = "GBP",
    timezone: str = "Europe/London",
    page_size: int = 500,
) -> AsyncIterator[Stage]:
    """The platform with one account and those rows; the clock stands at `NOON`."""
    account = AdAccount(dialect.platform, "1234567890", TOKEN, currency, timezone)
    source = ScriptedAds(account, list(reported))
    face = create_ads(source, limits=lambda: Limits(page_size=page_size))
    wire, clock = Wire(dialect, httpx.ASGITransport(face)), FixedClock(NOON)
    async with httpx.AsyncClient(transport=wire) as http:
        adapter = ad_platforms(Settings(), http, now=clock.now)[dialect.platform]
        async with asyncio.timeout(60):
            yield Stage(dialect, source, wire, adapter, clock)


def ad_row(day: date = DAY, campaign: int = 1, *, spend_micros: int = 12_340_000, **fields: Any) -> AdRow:
    """A campaign's day."""
    values = {"impressions": 100 + campaign, "clicks": 9, "purchases_micros": 2_000_000, "value_micros": 59_900_000}
    return AdRow(f"{campaign:04d}", f"campaign {campaign}", day, spend_micros, **{**values, **fields})


def days_from(start: date, count: int) -> list[date]:
    """So many days from `start` on."""
    return [start + timedelta(days=number) for number in range(count)]


def ad_rows(days: Iterable[date], campaigns: int = 2) -> list[AdRow]:
    """Different spend for each campaign and day."""
    return [
        ad_row(day, campaign, spend_micros=(day.toordinal() % 1_000 * 10 + campaign) * 10_000)
        for day in days
        for campaign in range(1, campaigns + 1)
    ]


def leaks(text: str) -> bool:
    """True where the token, or a part of it that tells, is in the text."""
    return hide(text, TOKEN) != text


def moments(start: datetime, hours: int, step: int) -> list[datetime]:
    """Moments from `start` (UTC) on, `step` hours apart."""
    return [start.astimezone(UTC) + timedelta(hours=number) for number in range(0, hours, step)]
