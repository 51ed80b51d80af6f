/**
 * Where each field of an event lies in a block's body. Little endian; lengths are bytes; offsets count from the
 * event's first byte. A journal written today must replay for ever, so nothing here moves: a new shape is a new
 * `format` (see docs/journal.md, and the golden files under core/journal/golden).
 */

/** Every event begins with: u32 length (whole event, a multiple of 8), u8 type, u8 format, u16 flags. */
export const HEADER = { length: 0, type: 4, format: 5, flags: 6, bytes: 8 } as const;

export const FORMAT = 1;

export const EventType = {
  /** Data shard: a book of the control shard may be used here. */
  bookAdopted: 1,
  /** Data shard: a custom asset of the control shard may be used here. */
  assetAdopted: 2,
  accountOpened: 3,
  accountChanged: 4,
  accountClosed: 5,
  /** Every kind of transaction, see `Kind`. */
  transaction: 10,
  /** A command was refused by the kernel, and its id is spent. */
  refused: 20,
  /** Control shard. */
  assetCreated: 30,
  /** Control shard. */
  bookCreated: 31,
  /** A merchant or a payment intent changed, see core/kernel/payments/change.ts. */
  payment: 40,
} as const;

/** The kinds of transactions; the numbers are those of florin.ledger.v1.TransactionKind. */
export const Kind = { direct: 1, pending: 2, post: 3, void: 4, expiry: 5, reversal: 6 } as const;

/** How a transaction stands; the numbers are those of florin.ledger.v1.TransactionState. */
export const State = { pending: 1, posted: 2, voided: 3, expired: 4 } as const;

export const Flag = {
  /** The request named no effective date. */
  dateDefaulted: 1,
  /** A hold with a time limit: `TX_EXPIRY` follows the fixed part. */
  hasExpiry: 2,
  /** Acts on another transaction: `TX_TARGET` follows the fixed part, and postings are `TARGETED` long. */
  hasTarget: 4,
  /** The request linked it with the next item. */
  linked: 8,
  /** A post that leaves the rest held. */
  keepOpen: 16,
  /** The request named no amounts: all that was open. */
  amountsDefaulted: 32,
  /** accountChanged: limits are replaced. */
  setLimits: 64,
  /** accountChanged: metadata is replaced. */
  setMetadata: 128,
  /** The normal side of the first posting's accounts; of several postings' accounts see `SIDES`. */
  debitAccountCreditNormal: 256,
  creditAccountCreditNormal: 512,
} as const;

/**
 * Of a transaction with several postings, behind reference and metadata: a byte a posting, bit 0 set where the debited
 * account is credit-normal, bit 1 where the credited one is. With it an event tells balances by itself.
 */
export const SIDES = { debitCreditNormal: 1, creditCreditNormal: 2 } as const;

/**
 * transaction: id (16 bytes; zeros for an expiry), book number, effective date (days since 1970-01-01), kind,
 * state after it (of itself; of the target where it acts on one), count of postings, lengths of reference and
 * metadata. Then expiry, then target, each if flagged; then the postings; then reference and metadata.
 */
export const TX = {
  id: 8,
  book: 24,
  date: 28,
  kind: 32,
  state: 33,
  postings: 34,
  referenceBytes: 36,
  metadataBytes: 38,
  bytes: 40,
} as const;

/** expires_after_seconds as asked, and the moment in microseconds since 1970 (block time + that). */
export const TX_EXPIRY = { afterSeconds: 0, atUs: 8, bytes: 16 } as const;

/** The target's id and sequence number. */
export const TX_TARGET = { id: 0, seq: 16, bytes: 24 } as const;

/**
 * A posting: account numbers, the amount (held by `pending`, moved by `direct`, `post` and `reversal`, zero for
 * `void` and `expiry`), and for each account its version and its four counters after this posting.
 * A reversal's debit account is the one that it debits (the original's credit account).
 */
export const POSTING = {
  debitAccount: 0,
  creditAccount: 4,
  amount: 8,
  debitVersion: 16,
  creditVersion: 24,
  debitCounters: 32,
  creditCounters: 64,
  bytes: 96,
} as const;

/**
 * A posting of a post, void, expiry or reversal: as POSTING, then how much left the hold on either side (posted part
 * and released rest together; zero for a reversal), and the index of the target's posting.
 */
export const TARGETED = { ...POSTING, released: 96, index: 104, bytes: 112 } as const;

/** The four counters of an account, each i64 and never falling but for the pending ones. */
export const COUNTERS = {
  debitsPosted: 0,
  creditsPosted: 8,
  debitsPending: 16,
  creditsPending: 24,
  bytes: 32,
} as const;

/** accountOpened: then code, asset code, metadata. */
export const ACCOUNT_OPENED = {
  id: 8,
  book: 24,
  account: 28,
  normalSide: 32,
  limitMask: 33,
  codeBytes: 34,
  assetBytes: 35,
  metadataBytes: 36,
  limits: 40,
  bytes: 72,
} as const;

/** accountChanged: `id` is the change's own id; then metadata. */
export const ACCOUNT_CHANGED = {
  id: 8,
  book: 24,
  account: 28,
  limitMask: 32,
  metadataBytes: 34,
  limits: 40,
  bytes: 72,
} as const;

/** accountClosed: `id` is the closure's own id. */
export const ACCOUNT_CLOSED = { id: 8, book: 24, account: 28, bytes: 32 } as const;

/** Order of the four limits behind `limits`; bit i of `limitMask` says that limit i is set (else its bytes are zero). */
export const LIMIT_ORDER = ['postedFloor', 'postedCeiling', 'availableFloor', 'availableCeiling'] as const;

/**
 * refused: the spent id, the book, the reason's number in the registry, the command (see `Op`), the posting at fault
 * (-1 for none), the account at fault (zeros for none); then the command's body as JSON (see facts.ts), so that
 * another body can be told by its differing field; then the path of the field at fault.
 */
export const REFUSED = {
  id: 8,
  book: 24,
  reason: 28,
  op: 30,
  posting: 32,
  fieldBytes: 34,
  bodyBytes: 36,
  account: 40,
  bytes: 56,
} as const;

/**
 * payment: id of the command that led to it (zeros where it came along with another event), the book, what it speaks of
 * (1 merchant, 2 intent), its id, the seq of the event that began it (0: this one); then the change as JSON.
 */
export const PAYMENT = {
  id: 8,
  book: 24,
  subject: 28,
  subjectId: 32,
  subjectSeq: 48,
  changeBytes: 56,
  bytes: 64,
} as const;

/** The commands that carry an id. */
export const Op = {
  create: 1,
  post: 2,
  void: 3,
  reverse: 4,
  openAccount: 5,
  changeAccount: 6,
  closeAccount: 7,
  createMerchant: 20,
  createIntent: 21,
  confirmIntent: 22,
  captureIntent: 23,
  cancelIntent: 24,
  refundIntent: 25,
  recordOutcome: 26,
  advanceIntent: 27,
  recordEvent: 28,
  settleOperation: 29,
  incrementIntent: 30,
  updateIntent: 31,
  updateRefund: 32,
  updateMerchant: 50,
  createCustomer: 60,
  updateCustomer: 61,
  createPaymentMethod: 62,
  attachPaymentMethod: 63,
  detachPaymentMethod: 64,
  saveIdempotencyRecord: 70,
  createApiKey: 71,
  revokeApiKey: 72,
  createWebhookEndpoint: 73,
  updateWebhookEndpoint: 74,
  rotateWebhookSecret: 75,
  testWebhookEndpoint: 76,
  deleteWebhookEndpoint: 77,
  disableWebhookEndpoint: 78,
  resendEvents: 79,
  logWebhookAttempts: 80,
  createPaymentLink: 81,
  updatePaymentLink: 82,
} as const;

/** bookAdopted: then the name. */
export const BOOK_ADOPTED = { controlSeq: 8, book: 16, nameBytes: 20, bytes: 24 } as const;

/** assetAdopted: then code, then name. */
export const ASSET_ADOPTED = { controlSeq: 8, scale: 16, codeBytes: 17, nameBytes: 18, bytes: 24 } as const;

/** assetCreated: then code, then name. */
export const ASSET_CREATED = { scale: 8, codeBytes: 9, nameBytes: 10, bytes: 16 } as const;

/** bookCreated: `overridden` is 1 where the request named the shard; then name, then description. */
export const BOOK_CREATED = {
  book: 8,
  shard: 12,
  overridden: 14,
  nameBytes: 15,
  descriptionBytes: 16,
  bytes: 24,
} as const;

/** Metadata: entries sorted by key bytes, each u8 key length, u16 value length, key, value, in UTF-8. */
export const METADATA = { keyBytes: 0, valueBytes: 1, bytes: 3 } as const;
