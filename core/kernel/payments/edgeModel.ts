import type { Uuid } from '../ledger/commands.ts';
import type { Mode } from './model.ts';

/** What a merchant's requests at the edge are known by. Its secret is known to nobody here, only its hash. */
export interface ApiKey {
  id: Uuid;
  /** Seq of the event that created it. */
  seq: number;
  book: number;
  merchant: Uuid;
  mode: Mode;
  kind: 'secret' | 'publishable';
  /** "resource:read" or "resource:write"; none: everything. */
  scopes: readonly string[];
  name: string;
  /** SHA-256, 64 hexadecimal digits. */
  secretSha256: string;
  /** The last four characters of the secret. */
  secretSuffix: string;
  createdUs: number;
  /** From when on it is refused, microseconds; null: it is not. */
  revokedAtUs: number | null;
  /** Changes so far, from 1. */
  version: number;
  lastSeq: number;
}

/** What a merchant hands out to be paid by: everybody who opens it pays the same. */
export interface PaymentLink {
  id: Uuid;
  /** Seq of the event that created it. */
  seq: number;
  book: number;
  merchant: Uuid;
  mode: Mode;
  /** An inactive one takes no payment. */
  state: 'active' | 'inactive';
  amount: bigint;
  /** ISO 4217 code. */
  currency: string;
  /** What is paid for: payers read it. */
  description: string;
  metadata: Record<string, string>;
  createdUs: number;
  /** Changes so far, from 1. */
  version: number;
  lastSeq: number;
}

/** What was answered to a request that came with an idempotency key. */
export interface IdempotencyRecord {
  /** SHA-256 of what was asked, 64 hexadecimal digits. */
  fingerprint: string;
  /** The HTTP status. */
  status: number;
  /** The body as it went out. */
  body: string;
}
