"""What the code declares, Terraform makes: topics, subscriptions, rights, tables, indexes. Nothing is written twice."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from deploy.local import routes
from deploy.release import infra_catalog
from pulsepoint.adapters.bigquery import datasets
from pulsepoint.adapters.bigquery.statements import APPENDED_AT
from pulsepoint.adapters.firestore.indexes import FIELDS, INDEXES
from pulsepoint.adapters.pubsub.provision import filter_of
from pulsepoint.brand.vocabulary import AlertType
from pulsepoint.events.catalog import (
    ANY_SERVICE,
    BY_NAME,
    BY_TYPE,
    DEAD_LETTER_TOPICS,
    EVENTS,
    RAW_TOPIC,
    SERVICES,
    SUBSCRIPTIONS,
    TOPICS,
    Subscription,
)
from pulsepoint.runtime.settings import ServiceSettings
from pulsepoint.warehouse.schema import shared_tables
from tests.builders.terraform import Resource, each, evaluate, expanded, of_type, sole

pytestmark = [
    pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed"),
    pytest.mark.slow,
]
EVENT = "google_pubsub_subscription.event"


def dynamic(resource: Resource, name: str) -> dict[str, list[Any]]:
    """What a dynamic block directly in a resource is made for, by instance."""
    made = {key.strip('"'): block for nested in resource.body["dynamic"] for key, block in nested.items()}
    return dict(evaluate({"asked": each(resource, made[name]["for_each"])})["asked"])


def test_every_topic_of_the_catalog_is_made_and_no_other() -> None:
    assert set(expanded(sole("google_pubsub_topic.event"), "name").values()) == set(TOPICS)
    assert set(expanded(sole("google_pubsub_topic.dead_letter"), "name").values()) == set(DEAD_LETTER_TOPICS)
    assert {topic.name for topic in of_type("google_pubsub_topic")} == {"event", "dead_letter"}


def test_every_subscription_pushes_what_it_wants_to_its_own_service() -> None:
    assert expanded(sole(EVENT), "topic") == {
        s.name: f"ref:google_pubsub_topic.event[{s.topic}].id" for s in SUBSCRIPTIONS
    }
    assert expanded(sole(EVENT), "push_config", "push_endpoint") == {
        s.name: f"ref:google_cloud_run_v2_service.service[{s.service}].uri/push/{s.name}" for s in SUBSCRIPTIONS
    }
    for name, expression in expanded(sole(EVENT), "filter").items():
        assert expression == filter_of(BY_NAME[name].types)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("ack_deadline_seconds",), lambda s: int(s.ack_deadline)),
        (("retry_policy", "minimum_backoff"), lambda s: f"{s.min_backoff:g}s"),
        (("retry_policy", "maximum_backoff"), lambda s: f"{s.max_backoff:g}s"),
        (("dead_letter_policy", "max_delivery_attempts"), lambda s: s.max_attempts),
        (
            ("dead_letter_policy", "dead_letter_topic"),
            lambda s: f"ref:google_pubsub_topic.dead_letter[{s.dead_letter_topic}].id",
        ),
        (("expiration_policy", "ttl"), lambda s: ""),
    ],
)
def test_every_subscription_retries_and_gives_up_as_the_catalog_says(path: tuple[str, ...], expected: Any) -> None:
    assert expanded(sole(EVENT), *path) == {s.name: expected(s) for s in SUBSCRIPTIONS}


def test_the_catalog_asks_nothing_that_pubsub_refuses() -> None:
    for entry in SUBSCRIPTIONS:
        assert len(infra_catalog.subscription_filter(entry).encode()) <= infra_catalog.MAX_FILTER_BYTES
        assert 5 <= entry.max_attempts <= 100 and 10 <= entry.ack_deadline <= 600
        assert 0 <= entry.min_backoff <= entry.max_backoff <= 600


def test_a_filter_over_the_limit_is_refused_before_a_cloud_sees_it() -> None:
    with pytest.raises(ValueError, match="over 256 bytes"):
        infra_catalog.subscription_filter(
            Subscription("orders", "gateway", frozenset(f"order.{number}" for number in range(20)))
        )


def test_tokens_of_pushes_and_tasks_name_one_service_and_one_account() -> None:
    audiences = evaluate({"audience": "local.push_audience", "environments": "local.environments"})
    assert len(set(audiences["audience"].values())) == len(SERVICES)
    environments = audiences["environments"]
    for name in SERVICES:
        assert environments[name]["PULSEPOINT_PUSH_AUDIENCE"] == audiences["audience"][name]
        assert environments[name]["PULSEPOINT_PUSH_SERVICE_ACCOUNT"] == "ref:google_service_account.delivery.email"
    pushes = [sole(EVENT), sole("google_pubsub_subscription.dead_letter"), sole("google_cloud_scheduler_job.task")]
    for resource in pushes:
        outer = "http_target" if "http_target" in resource.body else "push_config"
        address = expanded(resource, outer, "uri" if outer == "http_target" else "push_endpoint")
        accounts = expanded(resource, outer, "oidc_token", "service_account_email")
        assert set(accounts.values()) == {"ref:google_service_account.delivery.email"}
        for key, audience in expanded(resource, outer, "oidc_token", "audience").items():
            service = address[key].partition("[")[2].partition("]")[0]
            assert audience == audiences["audience"][service]


@pytest.mark.rule("SEC-10")
def test_each_service_receives_its_own_dead_letters() -> None:
    topics = expanded(sole("google_pubsub_subscription.dead_letter"), "topic")
    assert topics == {
        f"{name}.dead-letters": f"ref:google_pubsub_topic.dead_letter[dead-letters.{name}].id" for name in SERVICES
    }


@pytest.mark.parametrize("kind", ["google_pubsub_topic.dead_letter", "google_pubsub_subscription.dead_letter"])
@pytest.mark.parametrize("chosen", [None, 3, 90])
def test_a_dead_letter_is_kept_as_long_as_a_quarantined_body(kind: str, chosen: int | None) -> None:
    days = chosen or ServiceSettings.model_fields["quarantine_ttl_days"].default
    kept = expanded(sole(kind), "message_retention_duration", quarantine_days=chosen)
    assert set(kept.values()) == {f"{min(days, 31) * 24 * 3600}s"}


def test_pubsub_itself_may_forward_every_dead_letter() -> None:
    publisher = sole("google_pubsub_topic_iam_member.dead_letter_agent")
    subscriber = sole("google_pubsub_subscription_iam_member.dead_letter_agent")
    agent = "serviceAccount:service-ref:data.google_project.this.number@gcp-sa-pubsub.iam.gserviceaccount.com"
    assert expanded(publisher, "member") == dict.fromkeys(DEAD_LETTER_TOPICS, agent)
    assert set(expanded(publisher, "role").values()) == {"roles/pubsub.publisher"}
    assert expanded(subscriber, "member") == dict.fromkeys(BY_NAME, agent)
    assert set(expanded(subscriber, "role").values()) == {"roles/pubsub.subscriber"}


def test_a_service_may_publish_its_own_events_and_replays_and_nothing_else() -> None:
    granted = expanded(sole("google_pubsub_topic_iam_member.publisher"), "topic")
    may = {name: {key.partition("/")[2] for key in granted if key.startswith(f"{name}/")} for name in SERVICES}
    for name in SERVICES:
        own = {entry.topic for entry in EVENTS if entry.publisher in (name, ANY_SERVICE)}
        replays = {entry.topic for entry in SUBSCRIPTIONS if entry.service == name}
        uploads = {RAW_TOPIC} if name == "gateway" else set()
        assert may[name] == own | replays | uploads
    assert expanded(sole("google_pubsub_topic_iam_member.publisher"), "member")["alerting/alerts"] == (
        "ref:google_service_account.service[alerting].member"
    )


def test_observability_events_reach_bigquery_by_a_subscription_of_their_own() -> None:
    archive = sole("google_pubsub_subscription.observability_archive")
    assert expanded(archive, "topic")[""] == "ref:google_pubsub_topic.event[observability].id"
    assert expanded(archive, "bigquery_config", "write_metadata")[""] is True
    assert BY_TYPE["hops.recorded"].topic == "observability"


def test_the_shared_tables_are_made_as_the_adapter_makes_them() -> None:
    table = sole("google_bigquery_table.shared")
    tables = evaluate({"tables": "local.catalog.shared_tables"})["tables"]
    for declared in shared_tables():
        made = [field.to_api_repr() for field in datasets._fields(declared)]
        names = {"INT64": "INTEGER", "BOOL": "BOOLEAN"}
        assert tables[declared.name] == [
            {"name": field["name"], "type": names.get(field["type"], field["type"]), "mode": field["mode"]}
            for field in made
        ]
    assert set(tables) == {declared.name for declared in shared_tables()}
    assert expanded(table, "time_partitioning", "field") == dict.fromkeys(tables, APPENDED_AT)
    assert expanded(table, "clustering") == {key: list(datasets.CLUSTERED_BY) for key in tables}


def test_every_index_and_time_to_live_of_firestore_is_made() -> None:
    index, field = sole("google_firestore_index.documents"), sole("google_firestore_field.documents")
    made = evaluate({"indexes": "local.catalog.indexes", "fields": "local.catalog.fields"})
    assert {(i["collection"], i["scope"], *i["fields"]) for i in made["indexes"].values()} == {
        (i.collection, i.scope, *i.fields) for i in INDEXES
    }
    expiring = {(f["collection"], f["field"]) for f in made["fields"].values() if f["expires"]}
    assert expiring == {(f.collection, f.field) for f in FIELDS if f.expires}
    assert len(made["fields"]) == len(FIELDS) and expiring
    assert expanded(index, "query_scope").keys() == made["indexes"].keys()
    assert expanded(field, "field") == {key: f["field"] for key, f in made["fields"].items()}
    assert dynamic(index, "fields") == {key: i["fields"] for key, i in made["indexes"].items()}
    assert {key for key, blocks in dynamic(field, "ttl_config").items() if blocks} == {
        key for key, f in made["fields"].items() if f["expires"]
    }


def test_only_services_that_keep_documents_may_touch_firestore() -> None:
    members = expanded(sole("google_project_iam_member.documents"), "member")
    assert set(members) == {name for name in SERVICES if infra_catalog.keeps_documents(name)}
    assert "gateway" not in members and len(members) == 6


def test_the_load_balancer_routes_as_every_other_front_does() -> None:
    rule = expanded(sole("google_compute_url_map.public"), "path_matcher", "path_rule")[""][0]
    assert {path.removesuffix("/*").removesuffix(".js") for path in rule["paths"]} == set(routes.INGRESS)
    assert rule["service"] == "ref:google_compute_backend_service.public[ingest-shopify].id"
    default = expanded(sole("google_compute_url_map.public"), "default_service")[""]
    assert default == "ref:google_compute_backend_service.public[gateway].id"


def test_the_edge_refuses_what_no_front_lets_through() -> None:
    first = expanded(sole("google_compute_security_policy.edge"), "rule")[""][0]
    assert first["action"] == "deny(403)"
    expression = first["match"][0]["expr"][0]["expression"]
    assert all(f"request.path.startsWith('{path}')" in expression for path in routes.HIDDEN)


def test_an_alert_policy_exists_for_each_kind_the_product_opens() -> None:
    queries = [entry["query"] for entry in evaluate({"alerts": "local.alerts"})["alerts"].values()]
    for kind in AlertType:
        assert sum(f'kind="{kind}"' in query for query in queries) == 1
