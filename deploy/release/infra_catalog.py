"""`infra/catalog.json`, the part of the code that Terraform builds on: `python -m deploy.release.infra_catalog`.

Topics, subscriptions, who may publish what, the shared dataset's tables and Firestore's indexes are declared once, in
the kernel; `infra/*.tf` reads this file with `jsondecode`. `--check` exits with 1 when the file is not what the code
says now.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path

from pulsepoint.adapters.bigquery.access import PERMISSIONS, ROLES, SHARED_RIGHTS, TENANT_RIGHTS, account_of, asks
from pulsepoint.adapters.bigquery.datasets import CLUSTERED_BY, SHARED_DATASET
from pulsepoint.adapters.bigquery.statements import APPENDED_AT
from pulsepoint.adapters.firestore.indexes import FIELDS, INDEXES, CompositeIndex, FieldConfiguration
from pulsepoint.adapters.pubsub.provision import filter_of
from pulsepoint.events.catalog import (
    ANY_SERVICE,
    EVENTS,
    RAW_TOPIC,
    SERVICES,
    SUBSCRIPTIONS,
    TOPICS,
    Subscription,
    subscriptions_of,
)
from pulsepoint.runtime.claims import PAYLOAD_LIFE
from pulsepoint.runtime.settings import ServiceSettings
from pulsepoint.tenancy import SYSTEM_TENANT_ID
from pulsepoint.warehouse.schema import Table, shared_tables

FILE = Path(__file__).resolve().parents[2] / "infra" / "catalog.json"
MAX_FILTER_BYTES = 256
MAX_RETENTION_DAYS = 31
"""https://cloud.google.com/pubsub/quotas#resource_limits"""
RAW_PUBLISHERS = ("ingest-shopify", "gateway")
"""Files of past orders that people drop on the page enter as deliveries do, through the gateway."""
BIGQUERY_TYPES = {"INT64": "INTEGER", "BOOL": "BOOLEAN"}
"""BigQuery's API answers with the older names, and Terraform compares with its answer."""


def catalog() -> dict[str, object]:
    """The file as a JSON object: services, topics, subscriptions, tables, indexes."""
    return {
        "services": {name: _service(name) for name in SERVICES},
        "topics": list(TOPICS),
        "subscriptions": {entry.name: _subscription(entry) for entry in SUBSCRIPTIONS},
        "dead_letters": {
            f"{name}.dead-letters": {"service": name, "topic": f"dead-letters.{name}"} for name in SERVICES
        },
        "quarantine_days": int(ServiceSettings.model_fields["quarantine_ttl_days"].default),
        "most_retention_days": MAX_RETENTION_DAYS,
        "system_tenant": str(SYSTEM_TENANT_ID),
        "shared_dataset": SHARED_DATASET,
        "shared_rights": {
            f"{name}/{right}": {"service": name, "role": ROLES[right]}
            for name, rights in SHARED_RIGHTS.items()
            for right in rights
        },
        "fact_roles": {ROLES[right]: list(permissions) for right, permissions in PERMISSIONS.items()},
        "shared_tables": {table.name: _schema(table) for table in shared_tables()},
        "payload_days": PAYLOAD_LIFE.days,
        "partitioned_by": APPENDED_AT,
        "clustered_by": list(CLUSTERED_BY),
        "indexes": {_index_name(index): _index(index) for index in INDEXES},
        "fields": {f"{field.collection}.{field.field}": _field(field) for field in FIELDS},
    }


def _service(name: str) -> dict[str, object]:
    return {
        "account": account_of(name),
        "publishes": published_by(name),
        "documents": keeps_documents(name),
        "asks": asks(name),
        "makes_datasets": name in TENANT_RIGHTS,
        "tasks": tasks_of(name),
    }


def tasks_of(service: str) -> list[str]:
    """Tasks that Cloud Scheduler may ask of a service below `/tasks/`, sorted: the runtime's sweep and its own."""
    declared = getattr(import_module(f"{service.replace('-', '_')}.main").SERVICE, "tasks", {})
    return sorted({"sweep", *declared})


def published_by(service: str) -> list[str]:
    """Topics a service publishes to, sorted: its events', and those it subscribes to, for replayed messages."""
    own = {entry.topic for entry in EVENTS if entry.publisher in (service, ANY_SERVICE) and entry.topic != RAW_TOPIC}
    replayed = {entry.topic for entry in subscriptions_of(service)}
    raw = {RAW_TOPIC} if service in RAW_PUBLISHERS else set()
    return sorted(own | replayed | raw)


def keeps_documents(service: str) -> bool:
    """True where a service keeps documents in Firestore, as it says itself."""
    return bool(import_module(f"{service.replace('-', '_')}.main").SERVICE.documents)


def subscription_filter(entry: Subscription) -> str:
    """The filter the adapter gives the emulator too; raises `ValueError` over Pub/Sub's limit."""
    expression = filter_of(entry.types)
    if len(expression.encode()) > MAX_FILTER_BYTES:
        raise ValueError(f"the filter of {entry.name} is over {MAX_FILTER_BYTES} bytes: {expression}")
    return expression


def _subscription(entry: Subscription) -> dict[str, object]:
    return {
        "service": entry.service,
        "topic": entry.topic,
        "filter": subscription_filter(entry),
        "ack_deadline_seconds": int(entry.ack_deadline),
        "minimum_backoff": f"{entry.min_backoff:g}s",
        "maximum_backoff": f"{entry.max_backoff:g}s",
        "max_delivery_attempts": entry.max_attempts,
        "dead_letter_topic": entry.dead_letter_topic,
    }


def _schema(table: Table) -> list[dict[str, str]]:
    columns = [
        {
            "name": column.name,
            "type": BIGQUERY_TYPES.get(column.type, column.type),
            "mode": "REQUIRED" if column.required else "NULLABLE",
        }
        for column in table.columns
    ]
    return [*columns, {"name": APPENDED_AT, "type": "TIMESTAMP", "mode": "REQUIRED"}]


def _index_name(index: CompositeIndex) -> str:
    return ".".join((index.collection, *index.fields))


def _index(index: CompositeIndex) -> dict[str, object]:
    return {"collection": index.collection, "scope": index.scope, "fields": list(index.fields)}


def _field(field: FieldConfiguration) -> dict[str, object]:
    return {
        "collection": field.collection,
        "field": field.field,
        "ascending": [field.ascending] if field.ascending else [],
        "expires": field.expires,
    }


def text() -> str:
    """The file's text: indented JSON."""
    return json.dumps(catalog(), indent=2) + "\n"


def main() -> int:
    """Writes the file, or compares it with `--check`: exit code 1 where it is stale."""
    if "--check" not in sys.argv[1:]:
        FILE.write_text(text(), encoding="utf-8")
        return 0
    if FILE.read_text(encoding="utf-8") == text():
        return 0
    print(f"{FILE.name} is not what the code says: run python -m deploy.release.infra_catalog", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
