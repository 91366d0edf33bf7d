"""The engines behind the ports, opened once a process.

The only place that chooses among profiles; a service's `bootstrap.build` takes what it needs from here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pulsepoint.events.observability import SpanRecord
from pulsepoint.faults import Faults
from pulsepoint.ports.cache import Cache
from pulsepoint.ports.checksums import ChecksumStore
from pulsepoint.ports.clock import Clock
from pulsepoint.ports.document_store import DocumentStore
from pulsepoint.ports.erasure_log import ErasureLog
from pulsepoint.ports.message_bus import MessageBus, PushEngine
from pulsepoint.ports.object_store import ObjectStore
from pulsepoint.ports.secret_store import SecretStore
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.runtime.settings import ServiceSettings

if TYPE_CHECKING:
    from pulsepoint.adapters.duckdb.healing import HealingWarehouse
    from pulsepoint.adapters.postgres.checksums import PostgresChecksums

SendSpans = Callable[[Sequence[SpanRecord]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Engines:
    """Open engines; `store(service)` gives a service its documents, `identity_store_dsn` locates an embedded one.

    `faults` says what is wrong with them. `payloads` is None where no bucket is named, `checksums` where
    the stores keep none, `erasure_log` where backups are not ours to put back. `answers_pay` says whether to keep the
    warehouse's answers in the cache: where every question is billed, and all who append share that cache. `scrub` frees
    embedded engines' files of what they keep of erased values.
    """

    bus: MessageBus
    warehouse: Warehouse
    secrets: SecretStore
    cache: Cache
    clock: Clock
    store: Callable[[str], DocumentStore]
    faults: Faults
    push_engine: PushEngine | None = None
    identity_store_dsn: str | None = None
    payloads: ObjectStore | None = None
    checksums: ChecksumStore | None = None
    answers_pay: bool = False
    scrub: Callable[[], Awaitable[None]] | None = None
    erasure_log: ErasureLog | None = None


@asynccontextmanager
async def open_engines(
    settings: ServiceSettings, *, documents: bool = True, service: str | None = None
) -> AsyncIterator[Engines]:
    """The engines of the settings' profile, closed on exit; without `documents` a cloud service opens no Firestore.

    In the cloud `service` says whose rights are to be kept to.
    """
    async with AsyncExitStack() as stack:
        if settings.profile == "embedded":
            yield await _embedded(settings, stack)
        elif settings.profile == "cloud":
            yield await _cloud(settings, stack, documents=documents, service=service)
        else:
            yield await _memory(stack)


@asynccontextmanager
async def open_traces(settings: ServiceSettings, service: str) -> AsyncIterator[SendSpans | None]:
    """A sender of finished spans to an OTLP collector beside the identity store, or None; closed on exit."""
    if not settings.otlp_endpoint:
        yield None
        return
    from pulsepoint.adapters.otlp import open_otlp

    async with open_otlp(settings.otlp_endpoint, service=service, project=settings.gcp_project_id) as traces:
        yield traces.send


async def _memory(stack: AsyncExitStack) -> Engines:
    from pulsepoint.adapters.duckdb.warehouse import open_duckdb
    from pulsepoint.adapters.memory.cache import MemoryCache
    from pulsepoint.adapters.memory.document_store import MemoryDocumentStore
    from pulsepoint.adapters.memory.message_bus import MemoryMessageBus
    from pulsepoint.adapters.memory.object_store import MemoryObjectStore
    from pulsepoint.adapters.memory.secret_store import MemorySecretStore
    from pulsepoint.adapters.system_clock import SystemClock

    clock = SystemClock()
    bus = MemoryMessageBus(clock)
    stores: dict[str, DocumentStore] = {}
    return Engines(
        bus=bus,
        warehouse=await stack.enter_async_context(open_duckdb(":memory:")),
        secrets=MemorySecretStore(),
        cache=MemoryCache(clock),
        clock=clock,
        store=lambda service: stores.setdefault(service, MemoryDocumentStore(service, clock)),
        faults=Faults(clock),
        push_engine=bus,
        payloads=MemoryObjectStore(clock),
    )


async def _embedded(settings: ServiceSettings, stack: AsyncExitStack) -> Engines:
    from pulsepoint.adapters.erasure_file import NAME, ErasureFile
    from pulsepoint.adapters.local_objects import open_local_objects
    from pulsepoint.adapters.local_secrets import LocalSecretStore
    from pulsepoint.adapters.memory.cache import MemoryCache
    from pulsepoint.adapters.postgres.checksums import PostgresChecksums
    from pulsepoint.adapters.postgres.document_store import PostgresDocumentStore
    from pulsepoint.adapters.postgres.message_bus import PostgresMessageBus
    from pulsepoint.adapters.postgres.pool import open_pool, prepare
    from pulsepoint.adapters.postgres.supervision import supervised_server
    from pulsepoint.adapters.private_home import make_private
    from pulsepoint.adapters.system_clock import SystemClock

    clock = SystemClock()
    make_private(settings.home)
    faults = Faults(clock)
    server = supervised_server(settings.home / "postgres", faults, elsewhere=settings.postgres_folder)
    dsn = await stack.enter_async_context(server)
    pool = await stack.enter_async_context(open_pool(await prepare(dsn)))
    bus = PostgresMessageBus(pool, clock, faults=faults)
    secrets = LocalSecretStore(pool, settings.home / "secrets.key")
    checksums = PostgresChecksums(pool)
    payloads = open_local_objects(settings.home / "payloads", secrets, clock, public_url=settings.public_url)
    warehouse = await _healing(settings, faults, checksums, stack)
    return Engines(
        bus=bus,
        warehouse=warehouse,
        secrets=secrets,
        cache=MemoryCache(clock),
        clock=clock,
        store=lambda service: PostgresDocumentStore(pool, service, clock),
        faults=faults,
        push_engine=bus,
        identity_store_dsn=dsn,
        checksums=checksums,
        payloads=await stack.enter_async_context(payloads),
        scrub=partial(_scrub, warehouse, dsn),
        erasure_log=ErasureFile(settings.home / NAME),
    )


async def _healing(
    settings: ServiceSettings, faults: Faults, checksums: PostgresChecksums, stack: AsyncExitStack
) -> HealingWarehouse:
    from pulsepoint.adapters.duckdb.healing import open_healing_warehouse

    files = settings.home / "warehouse.duckdb", settings.home / "archive"
    return await stack.enter_async_context(open_healing_warehouse(*files, faults, checksums.recorded))


async def _scrub(warehouse: HealingWarehouse, dsn: str) -> None:
    from pulsepoint.adapters.postgres.scrub import scrub_database

    warehouse.rewrite()
    await scrub_database(dsn)


async def _cloud(settings: ServiceSettings, stack: AsyncExitStack, *, documents: bool, service: str | None) -> Engines:
    from pulsepoint.adapters.bigquery.warehouse import open_bigquery
    from pulsepoint.adapters.pubsub import open_pubsub
    from pulsepoint.adapters.secret_manager import open_secret_manager
    from pulsepoint.adapters.system_clock import SystemClock

    clock = SystemClock()
    project, region = settings.gcp_project_id, settings.gcp_region
    store = await _firestore(project, clock, stack) if documents else _no_documents
    return Engines(
        bus=await stack.enter_async_context(open_pubsub(settings.pubsub_project_id or project)),
        warehouse=await stack.enter_async_context(
            open_bigquery(
                settings.bigquery_project_id or project,
                region=region,
                endpoint=settings.bigquery_endpoint,
                clock=clock,
                kms_key=settings.kms_key,
                service=service,
                accounts_project=project,
            )
        ),
        secrets=await stack.enter_async_context(
            open_secret_manager(
                project, region=region, endpoint=settings.secret_manager_endpoint, kms_key=settings.kms_key
            )
        ),
        cache=await _shared_cache(settings, clock, stack),
        clock=clock,
        store=store,
        faults=Faults(clock),
        payloads=await _cloud_payloads(settings, stack),
        answers_pay=settings.redis_url is not None,
    )


async def _firestore(project: str, clock: Clock, stack: AsyncExitStack) -> Callable[[str], DocumentStore]:
    from pulsepoint.adapters.firestore.document_store import open_firestore

    return await stack.enter_async_context(open_firestore(project, clock))


def _no_documents(service: str) -> DocumentStore:
    raise AssertionError(f"{service} said that it keeps no documents")


async def _shared_cache(settings: ServiceSettings, clock: Clock, stack: AsyncExitStack) -> Cache:
    if settings.redis_url is None:
        from pulsepoint.adapters.memory.cache import MemoryCache

        return MemoryCache(clock)
    from pulsepoint.adapters.redis import open_redis

    return await stack.enter_async_context(open_redis(settings.redis_url.get_secret_value(), clock=clock))


async def _cloud_payloads(settings: ServiceSettings, stack: AsyncExitStack) -> ObjectStore | None:
    if not settings.payload_bucket:
        return None
    from pulsepoint.adapters.cloud_storage import open_cloud_storage

    bucket = open_cloud_storage(settings.payload_bucket, endpoint=settings.storage_endpoint)
    return await stack.enter_async_context(bucket)
