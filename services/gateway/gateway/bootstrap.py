"""The gateway's composition root."""

from __future__ import annotations

import secrets as randomness
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from gateway.domain.identity import check_signing_key
from gateway.identity.tokens import Tokens
from gateway.live import LiveFeed, closed_by_sigterm
from gateway.ports import Directory, IdentityStore
from gateway.scrubbing import Scrub
from gateway.settings import Settings
from gateway.stream_places import StreamPlaces
from gateway.use_cases.login import bootstrap_admin
from pulsepoint.adapters.cached_warehouse import CachedWarehouse
from pulsepoint.adapters.single_flight_warehouse import SingleFlightWarehouse
from pulsepoint.errors import EngineUnavailable
from pulsepoint.metrics.access import Metrics
from pulsepoint.ports.clock import Clock
from pulsepoint.ports.document_store import DocumentStore
from pulsepoint.ports.secret_store import SecretStore
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.runtime.engines import Engines
from pulsepoint.runtime.ports import ServicePorts, engine_ports
from pulsepoint.tenancy import SYSTEM

log = structlog.get_logger(__name__)
KEY_NAME = "gateway-token-key"
ANSWER_SECONDS = 60.0
"""How old an answer can be where the cache missed that facts came; else it ends with the next fact."""


@dataclass(frozen=True, slots=True)
class Ports(ServicePorts):
    """The ports of the gateway; `store` is the identity store, `scrub` None where no engine is of this machine."""

    metrics: Metrics
    identity_store: IdentityStore
    directory: Directory
    tokens: Tokens
    live: LiveFeed
    stream_places: StreamPlaces
    scrub: Scrub | None


@asynccontextmanager
async def build(settings: Settings, engines: Engines) -> AsyncIterator[Ports]:
    """Open the identity store at its newest version, with somebody who can log in.

    Raises `WeakKey`, and `EngineUnavailable` when no identity store is configured.
    """
    from gateway.adapters.identity_store.directory import PostgresDirectory
    from gateway.adapters.identity_store.engine import open_engine
    from gateway.adapters.identity_store.feed import PostgresFeed
    from gateway.adapters.identity_store.reading import PostgresIdentityReader
    from gateway.adapters.identity_store.store import IdentityDocumentStore

    tokens = Tokens(
        await _signing_key(settings, engines.secrets),
        settings.token_issuer,
        settings.token_audience,
        timedelta(minutes=settings.token_minutes),
    )
    engine = open_engine(await _runtime_dsn(settings, engines))
    try:
        store = IdentityDocumentStore(engine, engines.clock)
        directory = PostgresDirectory(engine)
        await _first_admin(settings, directory, store, engines.clock)
        live = LiveFeed(PostgresFeed(engine), poll_seconds=settings.feed_poll_seconds)
        shared = replace(engines, warehouse=SingleFlightWarehouse(engines.warehouse))
        ports = Ports(
            **engine_ports(shared, store),
            metrics=Metrics(_with_answers(settings, shared), engines.secrets, recomputing=shared.warehouse),
            identity_store=PostgresIdentityReader(engine),
            directory=directory,
            tokens=tokens,
            live=live,
            stream_places=StreamPlaces(settings.feed_streams, settings.feed_streams_per_person),
            scrub=engines.scrub,
        )
        with closing(live), closed_by_sigterm(live.close):
            yield ports
    finally:
        await engine.dispose()


def _with_answers(settings: Settings, engines: Engines) -> Warehouse:
    """The warehouse that metrics ask; verification and recomputed numbers ask the one below, which keeps nothing."""
    seconds = settings.answer_seconds
    if seconds is None:
        seconds = ANSWER_SECONDS if engines.answers_pay else 0.0
    if not seconds:
        return engines.warehouse
    return CachedWarehouse(engines.warehouse, engines.cache, engines.clock, seconds=seconds)


async def _signing_key(settings: Settings, secrets: SecretStore) -> bytes:
    if settings.secret_key is not None:
        return check_signing_key(settings.secret_key.get_secret_value())
    return await secrets.once(SYSTEM, KEY_NAME, lambda: randomness.token_hex(32).encode())


async def _runtime_dsn(settings: Settings, engines: Engines) -> str:
    """The identity store's DSN as `ledger_runtime`; an embedded server's roles get new passwords at every start."""
    given, owner_url = settings.database_url, settings.identity_store_owner_url
    if given is not None and owner_url is None:
        return given.get_secret_value()  # a release has migrated it: alembic, a tenth of a cold start, stays out

    from gateway.adapters.identity_store.provision import provision, upgrade

    if given is not None and owner_url is not None:
        await upgrade(owner_url.get_secret_value())
        return given.get_secret_value()
    if engines.identity_store_dsn is None:
        raise EngineUnavailable("the gateway needs an identity store: set DATABASE_URL, or PULSEPOINT_PROFILE=embedded")
    owner, runtime = await provision(
        engines.identity_store_dsn,
        owner_password=randomness.token_urlsafe(24),
        runtime_password=randomness.token_urlsafe(24),
    )
    await upgrade(owner)
    return runtime


async def _first_admin(settings: Settings, directory: Directory, store: DocumentStore, clock: Clock) -> None:
    given = settings.admin_password.get_secret_value() if settings.admin_password else None
    first = await bootstrap_admin(directory, store, clock, settings.admin_email, given)
    if first is not None and given is None:
        # Shown once, on the console of whoever installs: there is no other way to hand it over.
        print(f"Log in as {first.email} with password {first.password}", flush=True)
