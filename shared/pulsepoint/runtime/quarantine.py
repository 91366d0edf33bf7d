"""Quarantine and dead letters, encrypted with their service until replayed or expired.

A quarantined message is a document of its service: metadata in the open, body and attributes sealed with AES-256-GCM.
Its metadata is published, so that the gateway can list it; replay is a command.
"""

from __future__ import annotations

import os
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import uuid4, uuid5

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pulsepoint.brand.sentences.quarantine import LONGEST
from pulsepoint.errors import (
    MalformedInput,
    NeedsRelease,
    PermanentError,
    RetryableError,
    TenantSuspended,
    UnknownShop,
)
from pulsepoint.events.catalog import BY_NAME
from pulsepoint.events.commands import ReplayRequested
from pulsepoint.events.envelope import EVENT_NAMESPACE, Event, Message
from pulsepoint.events.observability import MessageQuarantined, MessageReleased
from pulsepoint.ports.document_store import Document, StoredEffect, Write
from pulsepoint.ports.message_bus import Delivery
from pulsepoint.ports.secret_store import SecretStore
from pulsepoint.runtime.outcome import NOTHING, Effect, EffectDefinition, Outcome, Reader
from pulsepoint.runtime.pipeline import Pipeline, Work
from pulsepoint.runtime.redaction import WithoutPerson
from pulsepoint.runtime.search_terms import SearchTerms
from pulsepoint.tenancy import SYSTEM, TenantContext
from pulsepoint.values import JsonObject

KEY_NAME = "held-messages-key"
RELEASED = "released-by-person"
"""Attribute of a message that somebody let count: the reasons it was held for; nobody outside can send it."""
WAIT_FOR_PERSON = frozenset(each.reason for each in NeedsRelease.__subclasses__())
"""Reasons of what can be read and waits for a person."""
UNTIL_RELEASED = timedelta(days=3650)
"""The time to live of what waits for a person: it can be read, and would count."""
PART_BYTES = 600_000
"""Sealed bytes a document: base64 makes four thirds of it, below the 1 MiB a document may have."""
PARTS_PER_COMMIT = 3
"""So that no commit is larger than an engine takes."""
PAGE = 20
REPLAY = "quarantined.replay"
ERASE_QUARANTINED = "quarantined.erase"
SUSPENDED_TTL = timedelta(days=400)
"""How long at least what came for a suspended tenant is kept."""
ERASURE_TOPICS = frozenset({"customers/redact", "shop/redact"})
EFFECTS = "effects"
"""In place of the topic of a message: what is kept is an effect of the service's own."""


def is_released(headers: Mapping[str, str], *reasons: str) -> bool:
    """True where a person let a message count that was held for one of `reasons`, of `WAIT_FOR_PERSON`."""
    return not frozenset(reasons).isdisjoint(headers.get(RELEASED, "").split())


class Cipher:
    """Encrypts bytes with the deployment's key for quarantined messages."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    @classmethod
    async def open(cls, secrets: SecretStore) -> Cipher:
        """With the stored key, made on first use."""
        return cls(await secrets.once(SYSTEM, KEY_NAME, lambda: AESGCM.generate_key(bit_length=256)))

    def encrypt(self, data: bytes, context: str) -> bytes:
        """Compressed and encrypted; only `decrypt` with the same `context` opens it."""
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, zlib.compress(data, 1), context.encode())

    def decrypt(self, encrypted: bytes, context: str) -> bytes:
        """The bytes that `encrypt` was given under the same `context`."""
        return zlib.decompress(self._cipher.decrypt(encrypted[:12], encrypted[12:], context.encode()))


@dataclass(frozen=True, slots=True)
class _Why:
    """Why a message is held, and after how many attempts of which subscription."""

    kind: Literal["quarantine", "dead_letter"]
    subscription: str
    reason: str
    explanation: str
    attempts: int
    names: Mapping[str, str]


def _metadata(held_id: str, message: Message, why: _Why, reader: Reader, expires_at: datetime) -> MessageQuarantined:
    attributes = message.attributes
    return MessageQuarantined(
        held_id=held_id,
        kind=why.kind,
        service=reader.service,
        subscription=why.subscription,
        event_type=attributes.get("ce-type", "unknown")[:200],
        reason=why.reason,
        explanation=why.explanation[:1000],
        names={name: text[:LONGEST] for name, text in why.names.items()},
        shop=attributes.get("shop"),
        shopify_topic=attributes.get("shopify-topic"),
        size_bytes=len(message.data),
        attempts=why.attempts,
        held_at=reader.now(),
        expires_at=expires_at,
    )


class QuarantineStore:
    """Holds and releases the messages of one service."""

    def __init__(self, pipeline: Pipeline, encrypt: Cipher, ttl: timedelta, without_person: WithoutPerson) -> None:
        self._pipeline = pipeline
        self._encryption = encrypt
        self._ttl = ttl
        self._without_person = without_person

    async def quarantine(
        self, delivery: Delivery, error: PermanentError, scope: TenantContext, work: Work | None = None
    ) -> None:
        """Keep a message that can never succeed as it is; its sender is told nothing.

        `work` is what failed. It is tried again in the transaction that holds the message: a brand made meanwhile is
        seen there, and one made later finds the message held. Raises `RetryableError` when it would succeed now.
        """
        source = delivery.subscription
        why = _Why("quarantine", source, error.reason, str(error), delivery.attempt, error.names)
        redacted = self._redacted(delivery.message) if error.of_erased else None
        await self._hold(redacted or delivery.message, why, scope, work)

    async def dead_letter(self, delivery: Delivery, scope: TenantContext) -> None:
        """Keep a message whose attempts ran out."""
        attributes = delivery.message.attributes
        attempts = int(attributes.get("CloudPubSubDeadLetterSourceDeliveryCount", delivery.attempt))
        source = attributes.get("CloudPubSubDeadLetterSourceSubscription", delivery.subscription).rsplit("/", 1)[-1]
        explanation = f"given up after {attempts} attempts; see the service's log, then replay it"
        names = {"attempts": str(attempts)}
        why = _Why("dead_letter", source, "attempts_exhausted", explanation, attempts, names)
        await self._hold(delivery.message, why, scope)

    async def dead_effect(
        self, effect: StoredEffect, attempts: int, error: Exception, failure: Mapping[str, str]
    ) -> None:
        """Keep an effect whose attempts ran out as a dead letter, and finish it in the same transaction.

        `failure` is what people are told of the last error, as `Failure.names_of`; without it they are led to the log.
        """
        identity = {"ce-id": f"{effect.kind}/{effect.key}", "ce-type": effect.kind}
        message = Message(EFFECTS, orjson.dumps({"key": effect.key, "data": effect.data}), identity)
        subscription = f"{self._pipeline.service}.{EFFECTS}"
        explanation = f"given up after {attempts} attempts: {error}"
        names = {**failure, "attempts": str(attempts)}
        why = _Why("dead_letter", subscription, "attempts_exhausted", explanation, attempts, names)
        await self._hold(message, why, effect.scope, finished_effect=effect)

    async def _hold(
        self,
        message: Message,
        why: _Why,
        scope: TenantContext,
        failed: Work | None = None,
        finished_effect: StoredEffect | None = None,
    ) -> None:
        routing = [message.attributes.get(name, "") for name in ("shop", "shopify-topic", "ce-id")]
        identity = f"{self._pipeline.service}/{why.subscription}/{routing if any(routing) else message.data!r}"
        held_id = str(uuid5(EVENT_NAMESPACE, identity))
        ttl = self._ttl_of(why)
        encrypted = self._encrypted(held_id, message)
        # Each holding has parts of its own, and the metadata come last: nobody sees parts that do not belong together.
        parts = _named(held_id, encrypted)
        names = [name for name, _ in parts]
        for start in range(0, len(parts), PARTS_PER_COMMIT):
            await self._store_parts(parts[start : start + PARTS_PER_COMMIT], scope, ttl)

        async def work(reader: Reader) -> Outcome:
            if failed is not None:
                await _fails_still(failed, reader)
            metadata = _metadata(held_id, message, why, reader, reader.now() + ttl)
            before = await reader.get("held", held_id)
            version = (before.version if before else 0) + 1
            event = reader.event(metadata, entity=held_id, version=version, time=metadata.held_at)
            data = {**metadata.model_dump(mode="json"), "shop": metadata.shop or "", "parts": names}
            replaced = [Write("held_parts", name, None) for name in before.data["parts"]] if before else []
            writes = [Write("held", held_id, data, expires_at=metadata.expires_at), *replaced]
            return Outcome(writes=writes, events=[event])

        await self._pipeline.execute(scope, work, dedup_key=uuid4(), finished_effect=finished_effect)

    def _encrypted(self, held_id: str, message: Message) -> list[bytes]:
        whole = orjson.dumps({"topic": message.topic, "attributes": message.attributes}) + b"\n" + message.data
        encrypted = self._encryption.encrypt(whole, held_id)
        return [encrypted[start : start + PART_BYTES] for start in range(0, len(encrypted), PART_BYTES)]

    def _ttl_of(self, why: _Why) -> timedelta:
        if why.reason in WAIT_FOR_PERSON:
            return UNTIL_RELEASED
        return max(self._ttl, SUSPENDED_TTL) if why.reason == TenantSuspended.reason else self._ttl

    async def _store_parts(self, parts: Sequence[tuple[str, bytes]], scope: TenantContext, ttl: timedelta) -> None:
        async def work(reader: Reader) -> Outcome:
            expires = reader.now() + ttl
            return Outcome(writes=_part_writes(parts, expires))

        await self._pipeline.execute(scope, work, dedup_key=uuid4())

    async def replay_requested(self, reader: Reader, event: Event[ReplayRequested]) -> Outcome:
        """Handler of `replay.requested`: deliver one kept message of this service again, or run its effect again."""
        command = event.payload
        if command.service != reader.service:
            return NOTHING
        document = await reader.get("held", command.held_id)
        return await self._release(reader, [document], by_person=True) if document is not None else NOTHING

    def effects(self) -> dict[str, EffectDefinition]:
        """The effect kinds every service has."""
        return {
            REPLAY: EffectDefinition(on_success=self._replay_waiting, goes_on_suspended=True),
            ERASE_QUARANTINED: EffectDefinition(on_success=self._erase, goes_on_suspended=True),
        }

    async def _erase(self, reader: Reader, effect: StoredEffect, result: object) -> Outcome:
        """Take a person out of the messages of the next page whose body tells of them, and go on after it.

        A message that cannot be read without them goes: nothing of it could count.
        """
        data, last = effect.data, ""
        terms = SearchTerms.from_json(data)
        documents = await reader.find("held", limit=PAGE, after=str(data["after"]))
        writes: list[Write] = []
        events: list[Event] = []
        for document in documents:
            last = document.id
            if document.data["shop"] != data.get("of_shop", document.data["shop"]):
                continue
            message = await self._opened(reader, document)
            # A request for an erasure names the person too; effects hold ids alone.
            expected = message.topic == EFFECTS or message.attributes.get("shopify-topic") in ERASURE_TOPICS
            of_shop = document.data["shop"] == data.get("shop")
            if not of_shop and (expected or not terms.are_in(message.data)):
                continue
            if not of_shop and (anew := self._redacted(message)) is not None:
                writes += self._replaced(document, anew)
            else:
                writes += _dropped(document)
                events.append(_released(reader, document, "expired"))
            if sum(write.collection == "held_parts" and write.data is not None for write in writes) >= PARTS_PER_COMMIT:
                break
        if not documents or (len(documents) < PAGE and last == documents[-1].id):
            return Outcome(writes=writes, events=events)
        return Outcome(writes=writes, events=events, effects=[_erasure(data, effect.key, last)])

    def _redacted(self, message: Message) -> Message | None:
        try:
            return self._without_person(message)
        except MalformedInput:
            return None

    def _replaced(self, document: Document, message: Message) -> list[Write]:
        """The writes that keep another message in the place of a kept one, as long as that."""
        expires = datetime.fromisoformat(document.data["expires_at"])
        parts = _named(document.id, self._encrypted(document.id, message))
        data = {**document.data, "parts": [name for name, _ in parts], "size_bytes": len(message.data)}
        gone = [Write("held_parts", name, None) for name in document.data["parts"]]
        return [Write("held", document.id, data, expires_at=expires), *_part_writes(parts, expires), *gone]

    async def _replay_waiting(self, reader: Reader, effect: StoredEffect, result: object) -> Outcome:
        """Deliver again the next page of what waited for a shop's owner (`shop`), or for a tenant to be back.

        Each once: what waits again by then is not met twice.
        """
        data = effect.data
        reason, after = data.get("reason", UnknownShop.reason), str(data.get("after", ""))
        where = {"reason": reason, **({"shop": str(data["shop"])} if "shop" in data else {})}
        documents = await reader.find("held", where, limit=PAGE, after=after)
        outcome = await self._release(reader, documents)
        if len(documents) == PAGE:
            rest = {**data, "reason": reason, "after": documents[-1].id}
        elif reason != TenantSuspended.reason:
            rest = {**data, "reason": TenantSuspended.reason, "after": ""}
        else:
            return outcome
        return replace(outcome, effects=[*outcome.effects, _draining(rest)])

    async def _release(self, reader: Reader, documents: Sequence[Document], *, by_person: bool = False) -> Outcome:
        writes: list[Write] = []
        events: list[Event] = []
        messages: list[Message] = []
        effects: list[Effect] = []
        for document in documents:
            message = await self._opened(reader, document)
            if message.topic == EFFECTS:
                kept = orjson.loads(message.data)
                effects.append(Effect(message.attributes["ce-type"], kept["key"], kept["data"]))
            else:
                attributes = dict(message.attributes)
                # Who replays what was wrong otherwise has seen neither amount nor quantity nor date.
                if by_person and document.data["reason"] in WAIT_FOR_PERSON:
                    attributes[RELEASED] = f"{attributes.get(RELEASED, '')} {document.data['reason']}".strip()
                messages.append(Message(self._home_topic(document, message.topic), message.data, attributes))
            writes += _dropped(document)
            events.append(_released(reader, document, "replayed"))
        return Outcome(writes=writes, events=events, messages=messages, effects=effects)

    async def _opened(self, reader: Reader, document: Document) -> Message:
        """A kept message as it was."""
        parts = await reader.get_many([("held_parts", name) for name in document.data["parts"]])
        encrypted = b"".join(b64decode(part.data["sealed"]) for part in parts if part is not None)
        head, _, body = self._encryption.decrypt(encrypted, document.id).partition(b"\n")
        envelope = orjson.loads(head)
        return Message(envelope["topic"], body, envelope["attributes"])

    @staticmethod
    def _home_topic(document: Document, topic: str) -> str:
        subscription = BY_NAME.get(str(document.data["subscription"]))
        return subscription.topic if subscription is not None else topic


def erases_quarantined(values: Iterable[str | None], key: str, *, of_shop: str | None = None) -> Effect:
    """The effect that takes a person out of the messages a service holds, in the scope it is asked for.

    They are told by values in the body, those of `SearchTerms`; `key` names the request; with `of_shop` another
    shop's messages stay.
    """
    within = {} if of_shop is None else {"of_shop": of_shop}
    return _erasure({**SearchTerms.of(values).as_json(), **within}, key, "")


def erases_quarantined_of(shop: str, key: str) -> Effect:
    """The effect that drops all messages of a shop that a service holds in the scope it is asked for."""
    return _erasure({**SearchTerms.of(()).as_json(), "shop": shop}, key, "")


def _erasure(data: JsonObject, key: str, after: str) -> Effect:
    # The key differs from page to page: the effect under way still holds its own.
    own = f"{key.partition('/')[0]}/{after}" if after else key
    return Effect(ERASE_QUARANTINED, own, {**data, "after": after})


def _named(held_id: str, encrypted: Sequence[bytes]) -> list[tuple[str, bytes]]:
    """The parts under names that no other holding of the message has."""
    holding = uuid4().hex
    return [(f"{held_id}:{holding}:{number}", part) for number, part in enumerate(encrypted)]


def _part_writes(parts: Sequence[tuple[str, bytes]], expires_at: datetime) -> list[Write]:
    return [
        Write("held_parts", name, {"sealed": b64encode(part).decode()}, expires_at=expires_at) for name, part in parts
    ]


def _dropped(document: Document) -> list[Write]:
    return [Write("held", document.id, None), *(Write("held_parts", name, None) for name in document.data["parts"])]


def _released(reader: Reader, document: Document, outcome: Literal["replayed", "expired"]) -> Event:
    released = MessageReleased(held_id=document.id, service=reader.service, outcome=outcome, released_at=reader.now())
    return reader.event(released, entity=document.id, version=document.version + 1, time=reader.now())


def drains_suspended(scope: TenantContext) -> Effect:
    """The effect that delivers again what a service kept of a brand while its tenant was suspended."""
    return replace(_draining({}), scope=scope)


def _draining(data: JsonObject) -> Effect:
    key = f"shop:{data['shop']}" if "shop" in data else "suspended"
    # The key differs from page to page: the effect under way still holds its own.
    return Effect(REPLAY, f"{key}:{data['reason']}:{data['after']}" if "reason" in data else key, data)


async def _fails_still(work: Work, reader: Reader) -> None:
    try:
        await work(reader)
    except PermanentError:
        return
    raise RetryableError("what was wrong with the message is right by now: it is to be delivered again")
