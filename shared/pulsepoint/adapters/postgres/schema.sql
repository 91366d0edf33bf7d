-- Engine tables of the one-machine profile: documents, markers, leftovers, effects, the queue and secrets.
-- Applied at every start under an advisory lock; each statement may run again.
CREATE SCHEMA IF NOT EXISTS kernel;

CREATE SEQUENCE IF NOT EXISTS kernel.revision CACHE 64;

-- `revision` never repeats: a document deleted and made anew is told from the one read before.
CREATE TABLE IF NOT EXISTS kernel.documents (
    service text COLLATE "C" NOT NULL,
    tenant uuid NOT NULL,
    brand uuid NOT NULL,
    collection text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    revision bigint NOT NULL DEFAULT nextval('kernel.revision'),
    data jsonb NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (service, tenant, brand, collection, id)
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX IF NOT EXISTS documents_expiry ON kernel.documents (expires_at) WHERE expires_at IS NOT NULL;

-- Markers arrive in the order they expire, so a block range index finds the old ones at no cost to a commit.
CREATE TABLE IF NOT EXISTS kernel.markers (
    service text COLLATE "C" NOT NULL,
    tenant uuid NOT NULL,
    id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (service, tenant, id)
);
CREATE INDEX IF NOT EXISTS markers_expiry ON kernel.markers USING brin (expires_at) WITH (pages_per_range = 32);

CREATE TABLE IF NOT EXISTS kernel.leftovers (
    service text COLLATE "C" NOT NULL,
    tenant uuid NOT NULL,
    id uuid NOT NULL,
    facts bytea NOT NULL,
    messages bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (service, id, tenant)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

-- Sums of digests of the rows recorded (pulsepoint.warehouse.checksums), by the hour they were recorded in and the day they
-- were added on: what was added on a day that is over is never written again, so that a chain may close it.
CREATE TABLE IF NOT EXISTS kernel.checksums (
    tenant uuid NOT NULL,
    brand uuid NOT NULL,
    hour timestamptz NOT NULL,
    fact_table text COLLATE "C" NOT NULL,
    added_on date NOT NULL,
    rows bigint NOT NULL,
    total numeric NOT NULL,
    PRIMARY KEY (tenant, brand, hour, fact_table, added_on)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- Rows recorded before this moment, by releases without checksums, are not in them.
CREATE TABLE IF NOT EXISTS kernel.checksums_began (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    at timestamptz NOT NULL
);
INSERT INTO kernel.checksums_began (at) VALUES (clock_timestamp()) ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS kernel.checksum_heads (
    tenant uuid NOT NULL,
    brand uuid NOT NULL,
    day date NOT NULL,
    head text NOT NULL,
    PRIMARY KEY (tenant, brand, day)
);

-- Rows that an erasure changed (`erased` says how they stand) or dropped; `recorded` is their digest as recorded.
CREATE TABLE IF NOT EXISTS kernel.tombstones (
    tenant uuid NOT NULL,
    brand uuid NOT NULL,
    fact_id text COLLATE "C" NOT NULL,
    hour timestamptz NOT NULL,
    fact_table text COLLATE "C" NOT NULL,
    recorded numeric NOT NULL,
    erased numeric,
    PRIMARY KEY (tenant, brand, fact_id)
);

-- Forget outbox records and add the checksums of those that were still there: of two who relayed one, the first.
-- In one order of keys, so that services never wait for each other in a circle.
CREATE OR REPLACE FUNCTION kernel.mark_dispatched(
    p_service text, p_ids uuid[], p_added_on date,
    sum_ids uuid[], sum_tenants uuid[], sum_brands uuid[], sum_hours timestamptz[], sum_tables text[],
    sum_rows bigint[], sum_totals text[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    forgotten uuid[];
    modulus CONSTANT numeric := 115792089237316195423570985008687907853269984665640564039457584007913129639936;  -- 2^256
BEGIN
    WITH gone AS (DELETE FROM kernel.leftovers WHERE service = p_service AND id = ANY(p_ids) RETURNING id)
    SELECT array_agg(id) INTO forgotten FROM gone;
    INSERT INTO kernel.checksums AS kept (tenant, brand, hour, fact_table, added_on, rows, total)
    SELECT s.tenant, s.brand, s.hour, s.fact_table, p_added_on, sum(s.rows), mod(sum(s.total::numeric), modulus)
    FROM unnest(sum_ids, sum_tenants, sum_brands, sum_hours, sum_tables, sum_rows, sum_totals)
        AS s(id, tenant, brand, hour, fact_table, rows, total)
    WHERE s.id = ANY(forgotten)
    GROUP BY s.tenant, s.brand, s.hour, s.fact_table
    ORDER BY s.tenant, s.brand, s.hour, s.fact_table
    ON CONFLICT (tenant, brand, hour, fact_table, added_on) DO UPDATE
    SET rows = kept.rows + excluded.rows, total = mod(kept.total + excluded.total, modulus);
END
$$;

-- One pending and one running row a key: what is asked for while a run is under way waits for the next run.
CREATE TABLE IF NOT EXISTS kernel.effects (
    service text COLLATE "C" NOT NULL,
    tenant uuid NOT NULL,
    brand uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    running boolean NOT NULL DEFAULT false,
    due_at timestamptz NOT NULL,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    data text NOT NULL,
    causes text[] NOT NULL,
    PRIMARY KEY (service, tenant, brand, kind, key, running)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX IF NOT EXISTS effects_due ON kernel.effects (service, due_at);

-- One row a subscription and message, never updated but to wait again. Bodies stay in the row, uncompressed:
-- moving 6 kB aside costs more than writing it once.
CREATE TABLE IF NOT EXISTS kernel.queue (
    subscription text COLLATE "C" NOT NULL,
    due_at timestamptz NOT NULL DEFAULT now(),
    id bigint GENERATED ALWAYS AS IDENTITY (CACHE 64),
    published_at timestamptz NOT NULL DEFAULT now(),
    attributes text NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (subscription, due_at, id)
) WITH (
    toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_insert_threshold = -1, autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_threshold = 1000000
);
ALTER TABLE kernel.queue ALTER COLUMN data SET STORAGE EXTERNAL;
ALTER TABLE kernel.queue ALTER COLUMN attributes SET STORAGE MAIN;

-- Who is delivering what, and how often it was tried. A lease counts while `until` lies ahead.
CREATE TABLE IF NOT EXISTS kernel.leases (
    id bigint PRIMARY KEY,
    subscription text COLLATE "C" NOT NULL,
    owner integer NOT NULL,
    until timestamptz NOT NULL,
    attempts integer NOT NULL
) WITH (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0
);

CREATE TABLE IF NOT EXISTS kernel.secrets (
    tenant uuid NOT NULL,
    brand uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    nonce bytea NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (tenant, brand, name)
);

-- One commit, in one round trip. Returns `conflict` (nothing written), `duplicate` (with the leftover still
-- there, if any) or `committed` with the positions (from 1) of the effects stored.
-- Every key read or written has an advisory lock, shared or exclusive, taken in ascending order: that guards
-- absent documents too, and a settings document everyone reads is neither written nor queued for.
CREATE OR REPLACE FUNCTION kernel.commit(
    p_service text, p_tenant uuid, p_marker uuid, p_now timestamptz, p_marker_expires timestamptz,
    p_locks integer[], p_exclusive boolean[],
    seen_tenants uuid[], seen_brands uuid[], seen_collections text[], seen_ids text[], seen_revisions bigint[],
    write_tenants uuid[], write_brands uuid[], write_collections text[], write_ids text[], write_data text[],
    write_expires timestamptz[],
    p_leftover uuid, p_facts bytea, p_messages bytea,
    effect_tenants uuid[], effect_brands uuid[], effect_kinds text[], effect_keys text[],
    effect_due timestamptz[], effect_data text[], effect_causes text[],
    finished_tenant uuid, finished_brand uuid, finished_kind text, finished_key text, finished_due timestamptz,
    OUT outcome text, OUT facts bytea, OUT messages bytea, OUT stored integer[]
) LANGUAGE plpgsql AS $$
DECLARE
    i integer;
BEGIN
    IF cardinality(p_locks) > 0 THEN
        PERFORM CASE WHEN locks.exclusive THEN pg_advisory_xact_lock(1347375696, locks.bucket)
                     ELSE pg_advisory_xact_lock_shared(1347375696, locks.bucket) END
        FROM unnest(p_locks, p_exclusive) AS locks(bucket, exclusive);
    END IF;
    IF cardinality(seen_ids) > 0 AND EXISTS (
        SELECT FROM unnest(seen_tenants, seen_brands, seen_collections, seen_ids, seen_revisions)
            AS seen(tenant, brand, collection, id, revision)
        WHERE seen.revision <> coalesce((
            SELECT d.revision FROM kernel.documents AS d
            WHERE d.service = p_service AND d.tenant = seen.tenant AND d.brand = seen.brand
                AND d.collection = seen.collection AND d.id = seen.id), 0)
    ) THEN
        outcome := 'conflict';
        RETURN;
    END IF;
    IF p_marker IS NOT NULL THEN
        INSERT INTO kernel.markers VALUES (p_service, p_tenant, p_marker, p_marker_expires) ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            outcome := 'duplicate';
        END IF;
    END IF;
    IF finished_key IS NOT NULL THEN
        DELETE FROM kernel.effects AS e
        WHERE e.service = p_service AND e.tenant = finished_tenant AND e.brand = finished_brand
            AND e.kind = finished_kind AND e.key = finished_key AND e.running;
        IF NOT FOUND THEN
            DELETE FROM kernel.effects AS e
            WHERE e.service = p_service AND e.tenant = finished_tenant AND e.brand = finished_brand
                AND e.kind = finished_kind AND e.key = finished_key AND NOT e.running AND e.due_at = finished_due;
        END IF;
    END IF;
    IF outcome = 'duplicate' THEN
        SELECT l.facts, l.messages INTO facts, messages FROM kernel.leftovers AS l
        WHERE l.service = p_service AND l.tenant = p_tenant AND l.id = p_marker;
        RETURN;
    END IF;
    outcome := 'committed';
    FOR i IN 1 .. cardinality(write_ids) LOOP
        CONTINUE WHEN write_data[i] IS NOT NULL;
        DELETE FROM kernel.documents AS d
        WHERE d.service = p_service AND d.tenant = write_tenants[i] AND d.brand = write_brands[i]
            AND d.collection = write_collections[i] AND d.id = write_ids[i];
    END LOOP;
    IF cardinality(write_ids) > 0 THEN
        INSERT INTO kernel.documents AS d (service, tenant, brand, collection, id, version, data, expires_at)
        SELECT p_service, w.tenant, w.brand, w.collection, w.id, 1, w.data::jsonb, w.expires_at
        FROM unnest(write_tenants, write_brands, write_collections, write_ids, write_data, write_expires)
            AS w(tenant, brand, collection, id, data, expires_at)
        WHERE w.data IS NOT NULL
        ON CONFLICT (service, tenant, brand, collection, id) DO UPDATE
        SET version = d.version + 1, revision = nextval('kernel.revision'),
            data = excluded.data, expires_at = excluded.expires_at;
    END IF;
    IF p_leftover IS NOT NULL THEN
        INSERT INTO kernel.leftovers (service, tenant, id, facts, messages, created_at)
        VALUES (p_service, p_tenant, p_leftover, p_facts, p_messages, p_now);
    END IF;
    FOR i IN 1 .. cardinality(effect_keys) LOOP
        INSERT INTO kernel.effects (service, tenant, brand, kind, key, due_at, data, causes)
        VALUES (p_service, effect_tenants[i], effect_brands[i], effect_kinds[i], effect_keys[i],
                effect_due[i], effect_data[i], ARRAY(SELECT json_array_elements_text(effect_causes[i]::json)))
        ON CONFLICT DO NOTHING;
        IF FOUND THEN
            stored := stored || i;
        ELSE
            -- The waiting one keeps the first eight causes: never more, so that no commit queues for its row.
            UPDATE kernel.effects AS e
            SET causes = e.causes || ARRAY(
                SELECT cause FROM json_array_elements_text(effect_causes[i]::json) AS added(cause)
                WHERE cause <> ALL (e.causes))
            WHERE e.ctid = (
                SELECT w.ctid FROM kernel.effects AS w
                WHERE w.service = p_service AND w.tenant = effect_tenants[i] AND w.brand = effect_brands[i]
                    AND w.kind = effect_kinds[i] AND w.key = effect_keys[i] AND NOT w.running
                    AND cardinality(w.causes) < 8
                FOR UPDATE SKIP LOCKED);
        END IF;
    END LOOP;
END
$$;

-- Due effects, leased. Those due within two seconds are closed as well (running, but leased only until they are
-- due): a commit that finds its effect pending is then over, its facts appended, before the effect's run reads.
CREATE OR REPLACE FUNCTION kernel.claim_effects(p_service text, p_now timestamptz, p_until timestamptz, p_limit integer)
RETURNS SETOF kernel.effects LANGUAGE sql AS $$
    WITH due AS (
        SELECT e.ctid FROM kernel.effects AS e
        WHERE e.service = p_service AND e.due_at <= p_now + interval '2 seconds'
            AND CASE WHEN e.running THEN e.lease_until <= p_now
                ELSE NOT EXISTS (
                    SELECT FROM kernel.effects AS r
                    WHERE r.service = e.service AND r.tenant = e.tenant AND r.brand = e.brand
                        AND r.kind = e.kind AND r.key = e.key AND r.running)
                END
        ORDER BY e.due_at, e.tenant, e.brand, e.kind, e.key
        LIMIT p_limit
        FOR UPDATE OF e SKIP LOCKED
    ), claimed AS (
        UPDATE kernel.effects AS e
        SET running = true, lease_until = CASE WHEN e.due_at <= p_now THEN p_until ELSE e.due_at END
        FROM due WHERE e.ctid = due.ctid
        RETURNING e.*
    )
    SELECT * FROM claimed WHERE due_at <= p_now
$$;

-- A failed run waits again; what was asked for meanwhile joins it, with the newer data.
CREATE OR REPLACE FUNCTION kernel.postpone_effect(
    p_service text, p_tenant uuid, p_brand uuid, p_kind text, p_key text, p_due timestamptz, p_attempts integer,
    p_data text, p_causes text[]
) RETURNS void LANGUAGE sql AS $$
    DELETE FROM kernel.effects
    WHERE service = p_service AND tenant = p_tenant AND brand = p_brand AND kind = p_kind AND key = p_key AND running;
    INSERT INTO kernel.effects AS e (service, tenant, brand, kind, key, due_at, attempts, data, causes)
    VALUES (p_service, p_tenant, p_brand, p_kind, p_key, p_due, p_attempts, p_data, p_causes)
    ON CONFLICT (service, tenant, brand, kind, key, running) DO UPDATE
    SET due_at = excluded.due_at, attempts = excluded.attempts
$$;

-- Up to `p_limit` due messages of a subscription, leased to `p_owner`. `p_floor` skips the dead index entries of
-- what was delivered before; the caller passes it, and now and then does without. The lease row decides between
-- rivals; losing a claim in a crash of the server only means another delivery, so it need not reach the disk.
CREATE OR REPLACE FUNCTION kernel.claim_messages(
    p_subscription text, p_floor timestamptz, p_owner integer, p_lease interval, p_limit integer
) RETURNS TABLE (id bigint, due_at timestamptz, published_at timestamptz, attempt integer, attributes text, data bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    RETURN QUERY
    WITH due AS MATERIALIZED (
        SELECT q.id, q.due_at, q.published_at, q.attributes, q.data FROM kernel.queue AS q
        WHERE q.subscription = p_subscription AND q.due_at >= p_floor AND q.due_at <= clock_timestamp()
            AND NOT coalesce((SELECT l.until > clock_timestamp() FROM kernel.leases AS l WHERE l.id = q.id), false)
        ORDER BY q.due_at, q.id
        LIMIT p_limit
        FOR UPDATE OF q SKIP LOCKED
    ), leased AS (
        INSERT INTO kernel.leases AS l (id, subscription, owner, until, attempts)
        SELECT due.id, p_subscription, p_owner, clock_timestamp() + p_lease, 1 FROM due
        ON CONFLICT (id) DO UPDATE
        SET owner = excluded.owner, until = excluded.until, attempts = l.attempts + 1
        WHERE l.until <= clock_timestamp()
        RETURNING l.id, l.attempts
    )
    SELECT due.id, due.due_at, due.published_at, leased.attempts, due.attributes, due.data
    FROM leased JOIN due ON due.id = leased.id;
END
$$;

-- Forget acknowledged messages, in one round trip for all subscriptions. One row at a time: a join could be
-- planned while the queue was empty and then read all of it.
CREATE OR REPLACE FUNCTION kernel.acknowledge(p_subscriptions text[], p_due timestamptz[], p_ids bigint[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    FOR i IN 1 .. cardinality(p_ids) LOOP
        DELETE FROM kernel.queue AS q
        WHERE q.subscription = p_subscriptions[i] AND q.due_at = p_due[i] AND q.id = p_ids[i];
        DELETE FROM kernel.leases AS l WHERE l.id = p_ids[i];
    END LOOP;
END
$$;

-- Let failed messages wait `p_pauses` seconds. `p_uncounted`: the engine stopped, the attempt does not count.
CREATE OR REPLACE FUNCTION kernel.deliver_later(
    p_subscriptions text[], p_due timestamptz[], p_ids bigint[], p_pauses double precision[], p_uncounted boolean
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. cardinality(p_ids) LOOP
        IF NOT p_uncounted THEN
            UPDATE kernel.queue AS q SET due_at = clock_timestamp() + make_interval(secs => p_pauses[i])
            WHERE q.subscription = p_subscriptions[i] AND q.due_at = p_due[i] AND q.id = p_ids[i];
        END IF;
        UPDATE kernel.leases AS l SET until = '-infinity', attempts = l.attempts - p_uncounted::integer
        WHERE l.id = p_ids[i];
    END LOOP;
END
$$;

-- Which of these subscriptions have a message to deliver now.
CREATE OR REPLACE FUNCTION kernel.subscriptions_due(p_subscriptions text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
    SELECT subscriptions.name FROM unnest(p_subscriptions) AS subscriptions(name)
    WHERE EXISTS (
        SELECT FROM kernel.queue AS q
        WHERE q.subscription = subscriptions.name AND q.due_at <= clock_timestamp()
            AND NOT coalesce((SELECT l.until > clock_timestamp() FROM kernel.leases AS l WHERE l.id = q.id), false)
    );
END
$$;

-- Who serves may read and write rows; the tables stay the superuser's, who alone applies this file.
DO $$
BEGIN
    CREATE ROLE kernel_runtime LOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END
$$;
GRANT USAGE ON SCHEMA kernel TO kernel_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA kernel TO kernel_runtime;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA kernel TO kernel_runtime;
