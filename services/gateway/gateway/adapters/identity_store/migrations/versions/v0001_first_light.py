"""The ledger's tables, their policies and the grants of its roles.

Every tenant table forces row-level security, so that not even its owner sees rows without a tenant. Two roles
nobody can log in as own the only functions that look across tenants: `ledger_directory` (log-in) and
`ledger_sweeper` (finishing what a crash left).
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

READ_WRITE = ("tenants", "users", "brands", "integrations", "held_messages")
APPEND_ONLY = ("audit_log",)
LATER = ("ai_questions", "ai_answers", "ai_feedback", "ai_token_usage", "observability_events", "exports")
QUEUES = ("documents", "markers", "leftovers", "effects")

TABLES = """
CREATE TABLE ledger.tenants (
  tenant_id uuid PRIMARY KEY, name text NOT NULL,
  status text NOT NULL CHECK (status IN ('active', 'suspended', 'deleted')),
  created_at timestamptz NOT NULL, version bigint NOT NULL);
CREATE TABLE ledger.users (
  tenant_id uuid NOT NULL REFERENCES ledger.tenants, user_id uuid NOT NULL, email text NOT NULL UNIQUE
  CHECK (email = lower(email)), role text NOT NULL CHECK (role IN ('admin', 'manager', 'user', 'operator')),
  password_hash text NOT NULL, created_at timestamptz NOT NULL, disabled_at timestamptz, version bigint NOT NULL,
  PRIMARY KEY (tenant_id, user_id));
CREATE TABLE ledger.brands (
  tenant_id uuid NOT NULL REFERENCES ledger.tenants, brand_id uuid NOT NULL, name text NOT NULL,
  shopify_store text NOT NULL UNIQUE, currency text NOT NULL, timezone text NOT NULL, settings jsonb NOT NULL,
  created_at timestamptz NOT NULL, version bigint NOT NULL, PRIMARY KEY (tenant_id, brand_id));
CREATE TABLE ledger.integrations (
  tenant_id uuid NOT NULL, integration_id text NOT NULL, brand_id uuid NOT NULL,
  platform text NOT NULL CHECK (platform IN ('meta', 'tiktok', 'google', 'shopify')), account_id text NOT NULL,
  status text NOT NULL CHECK (status IN ('connecting', 'connected', 'failed', 'needs_attention', 'disconnected')),
  last_synced_at timestamptz, sync_error_message text, updated_at timestamptz NOT NULL, version bigint NOT NULL,
  PRIMARY KEY (tenant_id, integration_id), FOREIGN KEY (tenant_id, brand_id) REFERENCES ledger.brands);
CREATE TABLE ledger.held_messages (
  tenant_id uuid NOT NULL REFERENCES ledger.tenants, held_id text NOT NULL, brand_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('quarantine', 'dead_letter')), service text NOT NULL,
  subscription text NOT NULL, event_type text NOT NULL, reason text NOT NULL, explanation text NOT NULL, shop text,
  shopify_topic text, size_bytes bigint NOT NULL, attempts integer NOT NULL, held_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL, outcome text CHECK (outcome IN ('replayed', 'expired')), released_at timestamptz,
  version bigint NOT NULL, PRIMARY KEY (tenant_id, held_id));
CREATE TABLE ledger.audit_log (
  tenant_id uuid NOT NULL REFERENCES ledger.tenants, audit_id uuid NOT NULL, brand_id uuid, actor text NOT NULL,
  action text NOT NULL, subject text NOT NULL, detail jsonb NOT NULL, occurred_at timestamptz NOT NULL,
  version bigint NOT NULL, PRIMARY KEY (tenant_id, audit_id));
CREATE TABLE ledger.ai_questions (
  tenant_id uuid NOT NULL REFERENCES ledger.tenants, question_id uuid NOT NULL, brand_id uuid NOT NULL, user_id uuid,
  question text NOT NULL, asked_at timestamptz NOT NULL, model text,
  accuracy_score double precision, PRIMARY KEY (tenant_id, question_id));
CREATE TABLE ledger.ai_answers (
  tenant_id uuid NOT NULL, answer_id uuid NOT NULL, question_id uuid NOT NULL, answer text NOT NULL,
  sources jsonb NOT NULL, tokens_used bigint NOT NULL, generation_time_ms bigint NOT NULL,
  confidence_score double precision, answered_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, answer_id),
  FOREIGN KEY (tenant_id, question_id) REFERENCES ledger.ai_questions);
CREATE TABLE ledger.ai_feedback (
  tenant_id uuid NOT NULL, feedback_id uuid NOT NULL, question_id uuid NOT NULL, user_id uuid NOT NULL,
  user_rating smallint NOT NULL CHECK (user_rating BETWEEN 1 AND 5), was_actionable boolean, accuracy_comment text,
  given_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, feedback_id),
  FOREIGN KEY (tenant_id, question_id) REFERENCES ledger.ai_questions);
CREATE TABLE ledger.ai_token_usage (
  tenant_id uuid NOT NULL REFERENCES ledger.tenants, usage_id uuid NOT NULL, brand_id uuid NOT NULL,
  model text NOT NULL, operation text NOT NULL, input_tokens bigint NOT NULL, output_tokens bigint NOT NULL,
  total_tokens bigint NOT NULL, total_cost_usd numeric(18,9) NOT NULL, recorded_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, usage_id));
CREATE TABLE ledger.observability_events (
  tenant_id uuid NOT NULL REFERENCES ledger.tenants, event_id uuid NOT NULL, request_id text, category text NOT NULL,
  event_type text NOT NULL, severity text NOT NULL, "timestamp" timestamptz NOT NULL, endpoint text,
  tokens_input bigint NOT NULL, tokens_output bigint NOT NULL, cost_usd numeric(18,9) NOT NULL,
  duration_ms double precision, PRIMARY KEY (tenant_id, event_id));
CREATE TABLE ledger.exports (
  tenant_id uuid NOT NULL REFERENCES ledger.tenants, export_id uuid NOT NULL, brand_id uuid NOT NULL,
  requested_by uuid NOT NULL, format text NOT NULL, start_date date NOT NULL, end_date date NOT NULL,
  rows bigint NOT NULL, created_at timestamptz NOT NULL, expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, export_id));
CREATE TABLE ledger.documents (
  tenant_id uuid NOT NULL, brand_id uuid NOT NULL, collection text NOT NULL, id text COLLATE "C" NOT NULL,
  data jsonb NOT NULL, expires_at timestamptz, revision bigint NOT NULL, version bigint NOT NULL,
  PRIMARY KEY (tenant_id, brand_id, collection, id));
CREATE SEQUENCE ledger.revisions;
CREATE TABLE ledger.markers (
  tenant_id uuid NOT NULL, id uuid NOT NULL, expires_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE TABLE ledger.leftovers (
  tenant_id uuid NOT NULL, id uuid NOT NULL, facts bytea NOT NULL, messages bytea NOT NULL,
  committed_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE TABLE ledger.effects (
  tenant_id uuid NOT NULL, brand_id uuid NOT NULL, kind text NOT NULL, key text NOT NULL, running boolean NOT NULL,
  due_at timestamptz NOT NULL, data jsonb NOT NULL, causes jsonb NOT NULL, attempts integer NOT NULL,
  leased_until timestamptz, PRIMARY KEY (tenant_id, brand_id, kind, key, running));
CREATE INDEX held_messages_newest ON ledger.held_messages (tenant_id, kind, held_at DESC);
CREATE INDEX audit_log_newest ON ledger.audit_log (tenant_id, occurred_at DESC);
CREATE INDEX token_usage_by_day ON ledger.ai_token_usage (tenant_id, recorded_at);
CREATE INDEX leftovers_oldest ON ledger.leftovers (committed_at);
CREATE INDEX effects_due ON ledger.effects (due_at);
"""

DIRECTORY = """
CREATE FUNCTION ledger.directory_user_by_email(address text)
RETURNS TABLE (user_id uuid, tenant_id uuid, role text, password_hash text, tenant_status text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT u.user_id, u.tenant_id, u.role, u.password_hash, t.status
  FROM ledger.users u JOIN ledger.tenants t ON t.tenant_id = u.tenant_id
  WHERE u.email = lower(address) AND u.disabled_at IS NULL
$$;
CREATE FUNCTION ledger.directory_is_empty() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT NOT EXISTS (SELECT FROM ledger.users)
$$;
"""

SWEEPER = """
CREATE FUNCTION ledger.sweep_leftovers(before timestamptz, most integer)
RETURNS TABLE (id uuid, facts bytea, messages bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT l.id, l.facts, l.messages FROM ledger.leftovers l WHERE l.committed_at < before
  ORDER BY l.committed_at LIMIT most
$$;
CREATE FUNCTION ledger.sweep_settle(done uuid[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  DELETE FROM ledger.leftovers l WHERE l.id = ANY (done)
$$;
CREATE FUNCTION ledger.sweep_claim_effects(moment timestamptz, closing interval, lease interval, most integer)
RETURNS SETOF ledger.effects
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  UPDATE ledger.effects e SET running = true,
    leased_until = CASE WHEN e.due_at <= moment THEN moment + lease ELSE e.due_at END
  FROM (SELECT d.tenant_id, d.brand_id, d.kind, d.key, d.running FROM ledger.effects d
        WHERE (d.running AND d.leased_until <= moment)
           OR (NOT d.running AND d.due_at <= moment + closing AND NOT EXISTS (
                 SELECT FROM ledger.effects r
                 WHERE (r.tenant_id, r.brand_id, r.kind, r.key) = (d.tenant_id, d.brand_id, d.kind, d.key)
                   AND r.running))
        ORDER BY d.due_at, d.tenant_id, d.brand_id, d.kind, d.key LIMIT most FOR UPDATE SKIP LOCKED) due
  WHERE (e.tenant_id, e.brand_id, e.kind, e.key, e.running)
      = (due.tenant_id, due.brand_id, due.kind, due.key, due.running)
  RETURNING e.*
$$;
CREATE FUNCTION ledger.sweep_expired(moment timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  WITH old_documents AS (DELETE FROM ledger.documents d WHERE d.expires_at <= moment RETURNING 1),
       old_markers AS (DELETE FROM ledger.markers m WHERE m.expires_at <= moment RETURNING 1)
  SELECT (SELECT count(*) FROM old_documents) + (SELECT count(*) FROM old_markers)
$$;
"""


def _statements(script: str, ending: str) -> list[str]:
    return [part.strip() for part in script.split(ending) if part.strip()]


def _secure(table: str) -> None:
    tenant = "tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid"
    op.execute(f"ALTER TABLE ledger.{table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE ledger.{table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own_tenant ON ledger.{table} USING ({tenant}) WITH CHECK ({tenant})")


def _functions_of(role: str, script: str) -> None:
    """Create functions owned by `role`, which may create in the schema only while this runs."""
    op.execute(f"GRANT USAGE, CREATE ON SCHEMA ledger TO {role}")
    op.execute(f"SET ROLE {role}")
    for statement in _statements(script, "$$;\n"):
        name = statement.split("FUNCTION ", 1)[1].split("(", 1)[0]
        op.execute(f"{statement}\n$$")
        op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO ledger_runtime")
    op.execute("RESET ROLE")
    op.execute(f"REVOKE CREATE ON SCHEMA ledger FROM {role}")


def upgrade() -> None:
    """Make the schema."""
    for statement in _statements(TABLES, ";\n"):
        op.execute(statement)
    for table in (*READ_WRITE, *APPEND_ONLY, *LATER, *QUEUES):
        _secure(table)
    op.execute("GRANT USAGE ON SCHEMA ledger TO ledger_runtime")
    op.execute("GRANT USAGE ON SEQUENCE ledger.revisions TO ledger_runtime")
    for table in READ_WRITE:
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON ledger.{table} TO ledger_runtime")
    for table in APPEND_ONLY:
        op.execute(f"GRANT SELECT, INSERT ON ledger.{table} TO ledger_runtime")
    for table in LATER:
        op.execute(f"GRANT SELECT ON ledger.{table} TO ledger_runtime")
    for table in QUEUES:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ledger.{table} TO ledger_runtime")
        op.execute(f"GRANT SELECT, UPDATE, DELETE ON ledger.{table} TO ledger_sweeper")
        op.execute(f"CREATE POLICY swept ON ledger.{table} TO ledger_sweeper USING (true)")
    for table in ("users", "tenants"):
        op.execute(f"GRANT SELECT ON ledger.{table} TO ledger_directory")
        op.execute(f"CREATE POLICY looked_up ON ledger.{table} FOR SELECT TO ledger_directory USING (true)")
    _functions_of("ledger_directory", DIRECTORY)
    _functions_of("ledger_sweeper", SWEEPER)
    # The reserved tenant owns messages nobody is known to own yet.
    op.execute("SELECT set_config('app.tenant_id', '00000000-0000-0000-0000-000000000000', true)")
    op.execute(
        "INSERT INTO ledger.tenants VALUES ('00000000-0000-0000-0000-000000000000', 'Pulsepoint', 'active', now(), 1)"
    )


def downgrade() -> None:
    """Refuse: the ledger is the record of what happened."""
    raise RuntimeError("the first version of the ledger is not undone; restore a backup instead")
