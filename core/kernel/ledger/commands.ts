/**
 * What the ledger's kernel is asked to do. Parsed and bounded by whoever makes them (core/rpc), trusted from there on.
 * Single-posting transactions in bulk do not take this form: they stay columns, see batch.ts.
 */

/** A UUID as 32 lower-case hexadecimal digits and hyphens, 36 characters; minted only by parsing. */
export type Uuid = string & { readonly __uuid: unique symbol };

/** Metadata in its canonical bytes: sorted by key, as METADATA in layout.ts; empty for none. */
export type MetadataBytes = Uint8Array & { readonly __metadata: unique symbol };

/** Minor units, above 0 and at most 2^63 - 1. */
export type Amount = bigint;

export interface PostingAmount {
  /** Index of the target's posting. */
  posting: number;
  amount: Amount;
}

export interface NewPosting {
  debitAccount: Uuid;
  creditAccount: Uuid;
  amount: Amount;
}

/** In the order of LIMIT_ORDER in layout.ts; null for no limit. */
export type LimitValues = [bigint | null, bigint | null, bigint | null, bigint | null];

export interface CreateTransaction {
  op: 'create';
  id: Uuid;
  postings: NewPosting[];
  pending: boolean;
  /** 0: never. Only with pending. */
  expiresAfterSeconds: number;
  /** Days since 1970-01-01; null: the date of booking. */
  effectiveDay: number | null;
  /** UTF-8, at most 1024 bytes. */
  reference: Uint8Array;
  metadata: MetadataBytes;
  linked: boolean;
}

export interface PostTransaction {
  op: 'post';
  id: Uuid;
  target: Uuid;
  /** Ascending by posting, no posting twice; null: all that is held. */
  amounts: PostingAmount[] | null;
  keepOpen: boolean;
  effectiveDay: number | null;
  reference: Uint8Array;
  metadata: MetadataBytes;
}

export interface VoidTransaction {
  op: 'void';
  id: Uuid;
  target: Uuid;
  reference: Uint8Array;
  metadata: MetadataBytes;
}

export interface ReverseTransaction {
  op: 'reverse';
  id: Uuid;
  target: Uuid;
  /** Ascending by posting, no posting twice; null: all that is not reversed yet. */
  amounts: PostingAmount[] | null;
  effectiveDay: number | null;
  reference: Uint8Array;
  metadata: MetadataBytes;
}

export interface OpenAccount {
  op: 'openAccount';
  id: Uuid;
  code: string;
  asset: string;
  /** 1 debit, 2 credit. */
  normalSide: 1 | 2;
  limits: LimitValues;
  metadata: MetadataBytes;
}

export interface ChangeAccount {
  op: 'changeAccount';
  id: Uuid;
  account: Uuid;
  /** null: limits stay. */
  limits: LimitValues | null;
  /** null: metadata stays. */
  metadata: MetadataBytes | null;
}

export interface CloseAccount {
  op: 'closeAccount';
  id: Uuid;
  account: Uuid;
}

/** Made by the timer, never by a caller. */
export interface ExpireHold {
  op: 'expire';
  target: Uuid;
}

export type LedgerCommand =
  | CreateTransaction
  | PostTransaction
  | VoidTransaction
  | ReverseTransaction
  | OpenAccount
  | ChangeAccount
  | CloseAccount
  | ExpireHold;

/** Custom assets and books live on the control shard; their names are their idempotency keys. */
export interface CreateAsset {
  op: 'createAsset';
  code: string;
  scale: number;
  name: string;
}
export interface CreateBook {
  op: 'createBook';
  name: string;
  description: string;
  shard: number | null;
}
export type ControlCommand = CreateAsset | CreateBook;
