"""`…/events`: what happens to a brand, as it happens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Header, HTTPException
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials
from starlette.types import Receive, Scope, Send

from gateway.domain.feed import FeedEntry, shown
from gateway.domain.identity import Person
from gateway.endpoints.access import BEARER, BrandOf, PersonOf, PortsOf, SettingsOf, logged_in
from gateway.endpoints.language import TextsOf
from gateway.endpoints.problems import PROBLEMS
from gateway.identity.tokens import BadToken
from gateway.stream_places import NoPlace, StreamPlaces
from gateway.use_cases.feed import follow
from pulsepoint.brand.texts import Texts
from pulsepoint.errors import PulsepointError

router = APIRouter(prefix="/api/brands/{brand_id}", tags=["live"], responses=PROBLEMS)
LastEventId = Annotated[str | None, Header(max_length=20, description="the id of the last event seen, to go on from")]


@router.get("/events", response_class=StreamingResponse)
async def follow_events(
    brand: BrandOf,
    person: PersonOf,
    ports: PortsOf,
    settings: SettingsOf,
    words: TextsOf,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    last_event_id: LastEventId = None,
) -> StreamingResponse:
    """Server-sent events: `order.recorded`, `alert.opened`, `alert.resolved`, `ads.synced`, from now on or after
    Last-Event-ID. `from` opens the stream; a second one says that events in between are no longer kept: read
    everything anew. The stream ends with the log-in.
    """

    async def still_allowed() -> bool:
        try:
            await logged_in(ports, credentials)
        except BadToken:
            return False
        except PulsepointError:
            return True  # the identity store did not answer now; it is asked again at the next heartbeat
        return True

    async def stream() -> AsyncIterator[bytes]:
        following = follow(
            ports.live,
            person.scope.brand(brand.brand_id),
            int(last_event_id) if last_event_id and last_event_id.isdecimal() else None,
            idle_seconds=settings.feed_heartbeat_seconds,
            still_allowed=still_allowed,
        )
        async with aclosing(following):
            async for news in following:
                yield as_events(news, words)

    _take_place(ports.stream_places, person)
    return PlacedStream(stream(), lambda: ports.stream_places.give_back(person.user_id))


def _take_place(places: StreamPlaces, person: Person) -> None:
    try:
        places.take(person.user_id)
    except NoPlace as error:
        whose = "Pulsepoint has" if error.of_all else "You have"
        detail = f"{whose} {error.most} live streams open, as many as there may be. Close some, or ask again later."
        raise HTTPException(503 if error.of_all else 429, detail, {"Retry-After": "30"}) from None


class PlacedStream(StreamingResponse):
    """A stream that gives its place back when it ends, also where nobody ever read from it."""

    def __init__(self, content: AsyncIterator[bytes], give_back: Callable[[], None]) -> None:
        super().__init__(content, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        self._give_back = give_back

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream to its end."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._give_back()


def as_events(news: list[FeedEntry] | int, words: Texts) -> bytes:
    """The event stream's next piece for what `LiveFeed.follow` yields; a comment where nothing happened."""
    if isinstance(news, int):
        return b"id: %d\nevent: from\ndata: {}\n\n" % news
    return b"".join(as_event(entry, words) for entry in news) or b": nothing new\n\n"


def as_event(entry: FeedEntry, words: Texts) -> bytes:
    """An entry as https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation."""
    data = orjson.dumps({**shown(entry, words), "at": entry.created_at})
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (entry.number, entry.kind.encode(), data)
