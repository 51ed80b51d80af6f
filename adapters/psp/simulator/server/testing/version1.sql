-- A database of version 1, before disputes had a table: a sale of 100.00, a refund of 30.00 that is to fail, an event that
-- nobody was told yet, and a token of a card that somebody typed. Never changed: files like this are out there.
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

INSERT INTO payments VALUES ('0190a000-0000-4000-8000-000000000001', 'closed', 'refund_fails_later', 'visa', '5126', 'EUR', 10000, 10000, 10000, 0, 3000, 1,
  '', '', '', 1767225600000, 1767830400000);
INSERT INTO operations VALUES
  (1, '0190a000-0000-4000-8000-000000000001', 'sale', '0190a000-0000-4000-8000-000000000001', 'succeeded', 10000, 'EUR', 130, '', 1767225600000, 'a', 200, '{}'),
  (2, '0190a000-0000-4000-8000-000000000002', 'refund', '0190a000-0000-4000-8000-000000000001', 'succeeded', 3000, 'EUR', NULL, '', 1767225601000, 'b', 200, '{}');
INSERT INTO lines VALUES
  (1, 'charge', '0190a000-0000-4000-8000-000000000001', '0190a000-0000-4000-8000-000000000001', 'EUR', 10000, 0, 130, 1767398400000, 1767225600000),
  (2, 'refund', '0190a000-0000-4000-8000-000000000002', '0190a000-0000-4000-8000-000000000001', 'EUR', 0, 3000, 0, 1767225601000, 1767225601000);
INSERT INTO events VALUES (1, 'evt_0190a000-0000-4000-8000-000000000002_refunded', '{"id":"evt_0190a000-0000-4000-8000-000000000002_refunded"}', 'kept', 1, 0, 1767225601000);
INSERT INTO later VALUES (1767225603000, 'refund_failure', '0190a000-0000-4000-8000-000000000002');
INSERT INTO tokens VALUES ('tok_typed', 'visa', '4242', 'succeeds');
PRAGMA user_version = 1;
