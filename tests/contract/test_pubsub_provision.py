from __future__ import annotations

import pytest
from google.pubsub_v1.types import Subscription as PubSubSubscription

from pulsepoint.adapters.delivery_rules import routes
from pulsepoint.adapters.pubsub.clients import publisher_client, subscriber_client
from pulsepoint.adapters.pubsub.provision import PushIdentity, filter_of, provision
from pulsepoint.events.catalog import DEAD_LETTER_TOPICS, SERVICES, SUBSCRIPTIONS, TOPICS, Subscription
from tests.builders.pubsub import fresh_project

ADDRESSES = {service: f"http://127.0.0.1:1/{service}" for service in SERVICES}


async def made_in(project: str) -> tuple[set[str], dict[str, PubSubSubscription]]:
    async with publisher_client() as publisher, subscriber_client() as subscriber:
        topics = [topic.name async for topic in await publisher.list_topics(project=f"projects/{project}")]
        listed = await subscriber.list_subscriptions(project=f"projects/{project}")
        made = {each.name.rsplit("/", 1)[-1]: each async for each in listed}
    return {name.rsplit("/", 1)[-1] for name in topics}, made


async def test_the_catalogue_is_made_and_making_it_again_changes_nothing(pubsub_emulator: str) -> None:
    project = fresh_project()
    await provision(project, ADDRESSES)
    first = await made_in(project)
    await provision(project, ADDRESSES)
    topics, made = await made_in(project)
    assert (topics, made) == first
    assert topics == {*TOPICS, *DEAD_LETTER_TOPICS}
    assert set(made) == set(routes(SUBSCRIPTIONS))
    for entry in SUBSCRIPTIONS:
        subscription = made[entry.name]
        assert subscription.topic == f"projects/{project}/topics/{entry.topic}"
        assert subscription.push_config.push_endpoint == f"http://127.0.0.1:1/{entry.service}/push/{entry.name}"
        assert subscription.ack_deadline_seconds == entry.ack_deadline
        assert subscription.retry_policy.minimum_backoff.total_seconds() == entry.min_backoff
        assert subscription.retry_policy.maximum_backoff.total_seconds() == entry.max_backoff
        assert (
            subscription.dead_letter_policy.dead_letter_topic == f"projects/{project}/topics/{entry.dead_letter_topic}"
        )
        assert subscription.dead_letter_policy.max_delivery_attempts == entry.max_attempts
        assert subscription.filter == filter_of(entry.types)
    for service in SERVICES:
        dead = made[f"{service}.dead-letters"]
        assert dead.topic == f"projects/{project}/topics/dead-letters.{service}"
        assert not dead.dead_letter_policy.dead_letter_topic
        assert not dead.filter


async def test_a_service_that_moved_gets_its_pushes_signed_at_its_new_address(pubsub_emulator: str) -> None:
    project = fresh_project()
    subscriptions = SUBSCRIPTIONS[:1]
    await provision(project, ADDRESSES, subscriptions=subscriptions, topics=())
    identity = PushIdentity("push@project.iam.gserviceaccount.com", "https://pulsepoint")
    await provision(
        project, dict.fromkeys(SERVICES, "http://new/"), identity=identity, subscriptions=subscriptions, topics=()
    )
    _, made = await made_in(project)
    config = made[subscriptions[0].name].push_config
    assert config.push_endpoint == f"http://new/push/{subscriptions[0].name}"
    assert config.oidc_token.service_account_email == identity.service_account
    assert config.oidc_token.audience == identity.audience


@pytest.mark.parametrize("entry", SUBSCRIPTIONS, ids=lambda entry: entry.name)
def test_the_catalogue_keeps_within_what_pub_sub_allows(entry: Subscription) -> None:
    """https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions"""
    assert len(filter_of(entry.types).encode()) <= 256
    assert 10 <= entry.ack_deadline <= 600
    assert entry.ack_deadline == int(entry.ack_deadline)
    assert 5 <= entry.max_attempts <= 100
    assert 0 <= entry.min_backoff <= entry.max_backoff <= 600
