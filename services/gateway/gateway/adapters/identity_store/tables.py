"""The identity store's tables as SQLAlchemy sees them; the migrations make them, a test holds the two together.

Every table has `tenant_id` and a policy on it. `COLLECTIONS` are those a handler reads and writes through the
store's transaction: keyed by one column, versioned, one row a document.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP

SCHEMA = "ledger"
metadata = MetaData(schema=SCHEMA)
Instant = TIMESTAMP(timezone=True)


def _tenant() -> Column[object]:
    return Column("tenant_id", Uuid, primary_key=True, nullable=False)


def _version() -> Column[object]:
    return Column("version", BigInteger, nullable=False)


tenants = Table(
    "tenants",
    metadata,
    _tenant(),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    _version(),
)

users = Table(
    "users",
    metadata,
    _tenant(),
    Column("user_id", Uuid, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    Column("brand_ids", ARRAY(Uuid)),
    Column("locale", Text),
    _version(),
)

brands = Table(
    "brands",
    metadata,
    _tenant(),
    Column("brand_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("shopify_store", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("settings", JSONB, nullable=False),
    Column("created_at", Instant, nullable=False),
    _version(),
    UniqueConstraint("tenant_id", "shopify_store", name="brands_shopify_store_key"),
)

integrations = Table(
    "integrations",
    metadata,
    _tenant(),
    Column("integration_id", Text, primary_key=True),
    Column("brand_id", Uuid, nullable=False),
    Column("platform", Text, nullable=False),
    Column("account_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("last_synced_at", Instant),
    Column("sync_error_message", Text),
    Column("sync_failure", JSONB),
    Column("updated_at", Instant, nullable=False),
    _version(),
)

quarantined_messages = Table(
    "held_messages",
    metadata,
    _tenant(),
    Column("held_id", Text, primary_key=True),
    Column("brand_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("subscription", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("explanation", Text, nullable=False),
    Column("names", JSONB),
    Column("shop", Text),
    Column("shopify_topic", Text),
    Column("size_bytes", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("held_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("outcome", Text),
    Column("released_at", Instant),
    _version(),
)

audit_log = Table(
    "audit_log",
    metadata,
    _tenant(),
    Column("audit_id", Uuid, primary_key=True),
    Column("brand_id", Uuid),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
    Column("occurred_at", Instant, nullable=False),
    _version(),
)

ai_questions = Table(
    "ai_questions",
    metadata,
    _tenant(),
    Column("question_id", Uuid, primary_key=True),
    Column("brand_id", Uuid, nullable=False),
    Column("user_id", Uuid),
    Column("question", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("model", Text),
    Column("accuracy_score", Double),
)

ai_answers = Table(
    "ai_answers",
    metadata,
    _tenant(),
    Column("answer_id", Uuid, primary_key=True),
    Column("question_id", Uuid, nullable=False),
    Column("answer", Text, nullable=False),
    Column("sources", JSONB, nullable=False),
    Column("tokens_used", BigInteger, nullable=False),
    Column("generation_time_ms", BigInteger, nullable=False),
    Column("confidence_score", Double),
    Column("answered_at", Instant, nullable=False),
)

ai_feedback = Table(
    "ai_feedback",
    metadata,
    _tenant(),
    Column("feedback_id", Uuid, primary_key=True),
    Column("question_id", Uuid, nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("user_rating", SmallInteger, nullable=False),
    Column("was_actionable", Boolean),
    Column("accuracy_comment", Text),
    Column("given_at", Instant, nullable=False),
)

ai_token_usage = Table(
    "ai_token_usage",
    metadata,
    _tenant(),
    Column("usage_id", Uuid, primary_key=True),
    Column("brand_id", Uuid, nullable=False),
    Column("model", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("total_tokens", BigInteger, nullable=False),
    Column("total_cost_usd", Numeric(18, 9), nullable=False),
    Column("recorded_at", Instant, nullable=False),
)

observability_events = Table(
    "observability_events",
    metadata,
    _tenant(),
    Column("event_id", Uuid, primary_key=True),
    Column("request_id", Text),
    Column("category", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("timestamp", Instant, nullable=False),
    Column("endpoint", Text),
    Column("tokens_input", BigInteger, nullable=False),
    Column("tokens_output", BigInteger, nullable=False),
    Column("cost_usd", Numeric(18, 9), nullable=False),
    Column("duration_ms", Double),
)

exports = Table(
    "exports",
    metadata,
    _tenant(),
    Column("export_id", Uuid, primary_key=True),
    Column("brand_id", Uuid, nullable=False),
    Column("requested_by", Uuid, nullable=False),
    Column("format", Text, nullable=False),
    Column("start_date", Date, nullable=False),
    Column("end_date", Date, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

documents = Table(
    "documents",
    metadata,
    _tenant(),
    Column("brand_id", Uuid, primary_key=True),
    Column("collection", Text, primary_key=True),
    Column("id", Text(collation="C"), primary_key=True),
    Column("data", JSONB, nullable=False),
    Column("expires_at", Instant),
    Column("revision", BigInteger, nullable=False),
    _version(),
)

dedup_keys = Table(
    "markers",
    metadata,
    _tenant(),
    Column("id", Uuid, primary_key=True),
    Column("expires_at", Instant, nullable=False),
)

outbox_records = Table(
    "leftovers",
    metadata,
    _tenant(),
    Column("id", Uuid, primary_key=True),
    Column("facts", LargeBinary, nullable=False),
    Column("messages", LargeBinary, nullable=False),
    Column("committed_at", Instant, nullable=False),
)

effects = Table(
    "effects",
    metadata,
    _tenant(),
    Column("brand_id", Uuid, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("running", Boolean, primary_key=True),
    Column("due_at", Instant, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("causes", JSONB, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("leased_until", Instant),
)

feed = Table(
    "feed",
    metadata,
    _tenant(),
    Column("brand_id", Uuid, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("created_at", Instant, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Collection:
    """A table that handlers read and write as documents keyed by `key`."""

    table: Table
    key: str


COLLECTIONS: dict[str, Collection] = {
    collection.table.name: collection
    for collection in (
        Collection(tenants, "tenant_id"),
        Collection(users, "user_id"),
        Collection(brands, "brand_id"),
        Collection(integrations, "integration_id"),
        Collection(quarantined_messages, "held_id"),
        Collection(audit_log, "audit_id"),
    )
}
