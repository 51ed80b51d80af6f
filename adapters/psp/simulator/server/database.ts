import { DatabaseSync } from 'node:sqlite';

/** What a version has beyond the one before, from the first on. */
const STEPS = [
  `
CREATE TABLE payments (
  reference TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  behaviour TEXT NOT NULL,
  brand TEXT NOT NULL,
  last4 TEXT NOT NULL CHECK (length(last4) = 4),
  currency TEXT NOT NULL,
  asked INTEGER NOT NULL CHECK (asked > 0),
  authorized INTEGER NOT NULL CHECK (authorized >= 0),
  captured INTEGER NOT NULL CHECK (captured >= 0),
  released INTEGER NOT NULL CHECK (released >= 0 AND captured + released <= authorized),
  refunded INTEGER NOT NULL CHECK (refunded >= 0 AND refunded <= captured),
  is_sale INTEGER NOT NULL,
  merchant_payment TEXT NOT NULL,
  statement_descriptor TEXT NOT NULL,
  return_url TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE operations (
  number INTEGER PRIMARY KEY,
  reference TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  payment TEXT NOT NULL,
  status TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL,
  cost INTEGER,
  code TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  answer_status INTEGER NOT NULL,
  answer TEXT NOT NULL
) STRICT;
CREATE TABLE lines (
  number INTEGER PRIMARY KEY,
  type TEXT NOT NULL,
  reference TEXT NOT NULL,
  payment TEXT NOT NULL,
  currency TEXT NOT NULL,
  credit INTEGER NOT NULL CHECK (credit >= 0),
  debit INTEGER NOT NULL CHECK (debit >= 0),
  fee INTEGER NOT NULL CHECK (fee >= 0),
  available_ms INTEGER NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE events (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  body TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'given_up', 'kept')),
  copies INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  due_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX events_due ON events (due_ms, number) WHERE state = 'waiting';
CREATE TABLE later (
  due_ms INTEGER NOT NULL,
  what TEXT NOT NULL,
  reference TEXT NOT NULL,
  PRIMARY KEY (due_ms, what, reference)
) STRICT, WITHOUT ROWID;
CREATE TABLE tokens (
  token TEXT PRIMARY KEY,
  brand TEXT NOT NULL,
  last4 TEXT NOT NULL CHECK (length(last4) = 4),
  behaviour TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`,
  `
CREATE TABLE disputes (
  payment TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('opened', 'won', 'lost')),
  amount INTEGER NOT NULL CHECK (amount > 0)
) STRICT, WITHOUT ROWID;
`,
];

/**
 * Opens the provider's own database, making it where there is none. With a write-ahead log and `synchronous = NORMAL`
 * a commit survives every death of the process; only a power cut may take the last moments, never the order or the
 * whole. That is enough for a provider that is tested with, and it leaves the disk's syncs to the ledger beside it: with
 * FULL, which would sync each commit, 5,300 sales/s instead of 10,900 (bench/micro/simulator.ts).
 */
export function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000;');
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > STEPS.length) {
    database.close();
    throw new Error(`${file} was written by a later version of the simulator (${version})`);
  }
  for (const [index, step] of STEPS.entries())
    if (index >= version) database.exec(`BEGIN; ${step} PRAGMA user_version = ${index + 1}; COMMIT;`);
  return database;
}
