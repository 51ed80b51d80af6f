/** Everything that the projector writes; the registries of assets and reasons are not derived from the journal alone. */
export const READ_MODEL_TABLES = [
  'projection',
  'assets',
  'adopted_assets',
  'books',
  'adopted_books',
  'accounts',
  'account_balances',
  'account_changes',
  'transactions',
  'transfers',
  'postings',
  'transaction_progress',
  'entries',
  'entry_pages',
  'displaced_days',
  'refusals',
  'refusal_days',
  'payment_events',
  'payment_intents',
  'provider_references',
  'payment_states',
  'merchants',
  'customers',
  'payment_methods',
  'api_keys',
  'payment_links',
  'told_events',
  'webhook_endpoints',
  'webhook_deliveries',
  'webhook_attempts',
] as const;

/** One rebuild a server at a time. */
export const TRY_LOCK = `SELECT pg_try_advisory_lock(hashtext('florin rebuild')) AS locked`;

/** Leftovers of a rebuild that was cut short; of the shadow nobody but a rebuild ever reads. */
export const DROP_SHADOW = 'DROP SCHEMA IF EXISTS florin_next CASCADE';

export const DROP_OLD = `DROP TABLE IF EXISTS ${READ_MODEL_TABLES.map((table) => `florin_old.${table}`).join(', ')}`;

/**
 * The shadow has the very constraints, indexes and storage of the tables in use, under the same names, since later
 * migrations speak of them by name.
 */
export const CREATE_SHADOW = `
DO $$
DECLARE
  original record;
  part record;
BEGIN
  PERFORM set_config('search_path', 'pg_catalog', true);
  CREATE SCHEMA florin_next;
  CREATE SCHEMA IF NOT EXISTS florin_old;
  FOR original IN
    SELECT c.oid, c.relname, c.reloptions FROM pg_class AS c
    WHERE c.relnamespace = 'florin'::regnamespace AND c.relname = ANY ('{${READ_MODEL_TABLES.join(',')}}')
  LOOP
    EXECUTE format('CREATE TABLE florin_next.%I (LIKE florin.%I INCLUDING ALL EXCLUDING INDEXES)', original.relname, original.relname);
    EXECUTE format('COMMENT ON TABLE florin_next.%I IS %L', original.relname, obj_description(original.oid, 'pg_class'));
    IF original.reloptions IS NOT NULL THEN
      EXECUTE format('ALTER TABLE florin_next.%I SET (%s)', original.relname, array_to_string(original.reloptions, ', '));
    END IF;
    FOR part IN SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
      WHERE conrelid = original.oid AND contype IN ('p', 'u')
    LOOP
      EXECUTE format('ALTER TABLE florin_next.%I ADD CONSTRAINT %I %s', original.relname, part.conname, part.definition);
    END LOOP;
    FOR part IN SELECT pg_get_indexdef(i.indexrelid) AS definition FROM pg_index AS i
      WHERE i.indrelid = original.oid AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u'))
    LOOP
      EXECUTE replace(part.definition, ' ON florin.', ' ON florin_next.');
    END LOOP;
  END LOOP;
  FOR part IN SELECT child.relname AS child, parent.relname AS parent FROM pg_inherits AS i
    JOIN pg_class AS child ON child.oid = i.inhrelid JOIN pg_class AS parent ON parent.oid = i.inhparent
    WHERE child.relnamespace = 'florin'::regnamespace AND child.relname = ANY ('{${READ_MODEL_TABLES.join(',')}}')
  LOOP
    EXECUTE format('ALTER TABLE florin_next.%I INHERIT florin_next.%I', part.child, part.parent);
  END LOOP;
  INSERT INTO florin_next.assets SELECT * FROM florin.assets WHERE iso_4217;
END $$`;

export const ANALYZE_SHADOW = `ANALYZE ${READ_MODEL_TABLES.map((table) => `florin_next.${table}`).join(', ')}`;

/** Waits for every reader that has begun, and holds up the projector and new readers until the swap is committed. */
export const LOCK_TABLES = `LOCK TABLE ${READ_MODEL_TABLES.map((table) => `florin.${table}`).join(', ')} IN ACCESS EXCLUSIVE MODE`;

/** Holds up the projector, and nobody else. */
export const LOCK_WATERMARKS = 'LOCK TABLE florin.projection IN EXCLUSIVE MODE';

export const LIVE_HEIGHTS = 'SELECT shard, height FROM florin.projection';

/**
 * Views hold tables by identity and not by name, so each is defined once more, by the text that it had. Functions look
 * names up when they run.
 */
export const SWAP = `
DO $$
DECLARE
  view record;
  name text;
BEGIN
  PERFORM set_config('search_path', 'pg_catalog', true);
  CREATE TEMPORARY TABLE views_before ON COMMIT DROP AS
    SELECT format('%I.%I', n.nspname, c.relname) AS name, pg_get_viewdef(c.oid) AS definition
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('books', 'florin') AND c.relkind = 'v';
  FOREACH name IN ARRAY '{${READ_MODEL_TABLES.join(',')}}'::text[] LOOP
    EXECUTE format('ALTER TABLE florin.%I SET SCHEMA florin_old', name);
    EXECUTE format('ALTER TABLE florin_next.%I SET SCHEMA florin', name);
  END LOOP;
  FOR view IN SELECT * FROM pg_temp.views_before LOOP
    EXECUTE format('CREATE OR REPLACE VIEW %s AS %s', view.name, view.definition);
  END LOOP;
  PERFORM florin.declare_references();
END $$`;
