"""Makes the catalog's topics and push subscriptions, for an emulator or a project without Terraform.

Terraform makes the same ones in the cloud (`infra/`). Safe to run again and from several processes at once: what
is there is brought up to date, nothing is removed.
https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from google.api_core.exceptions import AlreadyExists
from google.pubsub_v1.services.publisher import PublisherAsyncClient
from google.pubsub_v1.services.subscriber import SubscriberAsyncClient
from google.pubsub_v1.types import (
    DeadLetterPolicy,
    ExpirationPolicy,
    PushConfig,
    RetryPolicy,
    UpdateSubscriptionRequest,
)
from google.pubsub_v1.types import Subscription as PubSubSubscription

from pulsepoint.adapters.delivery_rules import Route, routes
from pulsepoint.adapters.pubsub.clients import publisher_client, subscriber_client
from pulsepoint.adapters.pubsub.errors import pubsub_errors
from pulsepoint.events.catalog import SUBSCRIPTIONS, TOPICS, Subscription

# Not the filter: Pub/Sub lets nobody change one, and the runtime drops what a subscription does not want. Nor that
# it never expires, which is so from the start and which the emulator cannot change.
# https://cloud.google.com/pubsub/docs/subscription-message-filter
CHANGEABLE = ("push_config", "ack_deadline_seconds", "retry_policy", "dead_letter_policy")


@dataclass(frozen=True, slots=True)
class PushIdentity:
    """Whom pushes are signed as, and for which audience; empty: the push address.

    https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
    """

    service_account: str
    audience: str = ""


async def provision(
    project: str,
    addresses: Mapping[str, str],
    *,
    identity: PushIdentity | None = None,
    subscriptions: Iterable[Subscription] = SUBSCRIPTIONS,
    topics: Iterable[str] = TOPICS,
    backs_off: bool = True,
) -> None:
    """Make the topics, those of the subscriptions and of their dead letters, and the push subscriptions.

    `addresses` maps each service to its base URL; pushes go to `{address}/push/{subscription}`. Without `backs_off`
    a failed push is repeated after a second: with a retry policy the emulator lets minutes pass. Raises
    `EngineUnavailable`, and `MalformedInput` for values that Pub/Sub refuses.
    """
    by_name = routes(subscriptions)
    names = dict.fromkeys([*topics, *(route.topic for route in by_name.values())])
    async with publisher_client() as publisher, subscriber_client() as subscriber:
        with pubsub_errors():
            await asyncio.gather(*(_make_topic(publisher, project, topic) for topic in names))
            made = [_described(project, route, addresses, identity, backs_off=backs_off) for route in by_name.values()]
            await asyncio.gather(*(_make_subscription(subscriber, definition) for definition in made))


def filter_of(types: Iterable[str]) -> str:
    """The filter that lets the event types through, at most 256 bytes.

    https://cloud.google.com/pubsub/docs/subscription-message-filter#filtering_syntax
    """
    return " OR ".join(f'attributes."ce-type"="{type}"' for type in sorted(types))


async def _make_topic(client: PublisherAsyncClient, project: str, topic: str) -> None:
    with suppress(AlreadyExists):
        await client.create_topic(name=f"projects/{project}/topics/{topic}")


async def _make_subscription(client: SubscriberAsyncClient, definition: PubSubSubscription) -> None:
    try:
        await client.create_subscription(request=definition)
    except AlreadyExists:
        changes = UpdateSubscriptionRequest(subscription=definition, update_mask={"paths": CHANGEABLE})
        await client.update_subscription(changes)


def _described(
    project: str, route: Route, addresses: Mapping[str, str], identity: PushIdentity | None, *, backs_off: bool
) -> PubSubSubscription:
    address = addresses[route.name.partition(".")[0]]
    described = PubSubSubscription(
        name=f"projects/{project}/subscriptions/{route.name}",
        topic=f"projects/{project}/topics/{route.topic}",
        push_config=_push_config(f"{address.rstrip('/')}/push/{route.name}", identity),
        ack_deadline_seconds=int(route.ack_deadline),
        retry_policy=_retry_policy(route) if backs_off else None,
        # An empty policy: it never expires, however long nothing comes.
        expiration_policy=ExpirationPolicy(),
        filter=filter_of(route.types or ()),
    )
    if route.dead_letter_topic is not None:
        described.dead_letter_policy = DeadLetterPolicy(
            dead_letter_topic=f"projects/{project}/topics/{route.dead_letter_topic}",
            max_delivery_attempts=route.max_attempts,
        )
    return described


def _retry_policy(route: Route) -> RetryPolicy:
    return RetryPolicy(
        minimum_backoff=timedelta(seconds=route.min_backoff), maximum_backoff=timedelta(seconds=route.max_backoff)
    )


def _push_config(url: str, identity: PushIdentity | None) -> PushConfig:
    if identity is None:
        return PushConfig(push_endpoint=url)
    token = PushConfig.OidcToken(service_account_email=identity.service_account, audience=identity.audience)
    return PushConfig(push_endpoint=url, oidc_token=token)
