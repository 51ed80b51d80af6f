import { SipHash } from './siphash.ts';

/** What a seal is made over says first which table and which version of its form it is. */
const Form = {
  balance: 0x62616c31,
  account: 0x61636331,
  progress: 0x70726731,
  paymentEvent: 0x70617931,
  paymentState: 0x70617331,
} as const;

/** The number of an account in all tables: the shard above, the account's number in the shard below 32 bits. */
export const KEY_SHIFT = 2 ** 32;

export function accountKey(shard: number, account: number): number {
  return shard * KEY_SHIFT + account;
}

export interface BalanceRow {
  accountKey: bigint;
  version: bigint;
  debitsPosted: bigint;
  creditsPosted: bigint;
  debitsPending: bigint;
  creditsPending: bigint;
  lastSeq: bigint;
}

export interface AccountRow {
  accountKey: bigint;
  book: number;
  /** 32 hexadecimal digits, hyphens or not. */
  id: string;
  code: string;
  asset: string;
  normalSide: number;
  closed: boolean;
  /** In the order of LIMIT_ORDER. */
  limits: readonly (bigint | null)[];
}

export interface ProgressRow {
  shard: number;
  seq: number;
  book: number;
  state: number;
  /** Microseconds since 1970; null for never. */
  expiresAtUs: bigint | null;
  lastSeq: number;
  posted: readonly bigint[];
  reversed: readonly bigint[];
}

export interface PaymentEventRow {
  shard: number;
  book: number;
  /** A number of Subject in core/kernel/payments/change.ts. */
  subject: number;
  subjectSeq: number;
  seq: number;
  /** 32 hexadecimal digits, hyphens or not. */
  subjectId: string;
  /** The journal's JSON, byte by byte. */
  change: Uint8Array;
}

export interface PaymentStateRow {
  shard: number;
  seq: number;
  book: number;
  version: number;
  lastSeq: number;
  /** Microseconds since 1970; null for never. */
  dueUs: number | null;
}

/**
 * Keyed checksums of the rows that a writer loads and decides upon: whoever edits a table by hand does not know the key.
 * A seal covers what a decision can rest on; it does not show that a row is the newest one, the watermark does.
 */
export class Sealer {
  /** Where the bytes of a balance are put by the hot path: see `BALANCE_BYTES`. */
  readonly balance = new DataView(new ArrayBuffer(64));
  readonly #hash: SipHash;
  readonly #result = new DataView(new ArrayBuffer(8));
  #bytes = Buffer.alloc(8192);
  #view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length);

  constructor(key: Uint8Array) {
    this.#hash = new SipHash(key);
    this.balance.setUint32(0, Form.balance);
  }

  /** The seal made last, as two unsigned halves. */
  get high(): number {
    return this.#hash.high;
  }

  get low(): number {
    return this.#hash.low;
  }

  /** The seal made last, as the column holds it. */
  get value(): bigint {
    this.#result.setUint32(0, this.#hash.high);
    this.#result.setUint32(4, this.#hash.low);
    return this.#result.getBigInt64(0);
  }

  /**
   * Seals what stands in `balance`: behind 8 bytes of form, seven big-endian i64 (account key, version, debits posted,
   * credits posted, debits pending, credits pending, last seq).
   */
  sealBalance(): void {
    this.#hash.hash(this.balance, 64);
  }

  balanceSeal(row: BalanceRow): bigint {
    const { balance } = this;
    balance.setBigInt64(8, row.accountKey);
    balance.setBigInt64(16, row.version);
    balance.setBigInt64(24, row.debitsPosted);
    balance.setBigInt64(32, row.creditsPosted);
    balance.setBigInt64(40, row.debitsPending);
    balance.setBigInt64(48, row.creditsPending);
    balance.setBigInt64(56, row.lastSeq);
    this.sealBalance();
    return this.value;
  }

  accountSeal(row: AccountRow): bigint {
    const view = this.#view;
    view.setUint32(0, Form.account);
    view.setUint32(4, row.book);
    view.setBigInt64(8, row.accountKey);
    view.setUint8(16, row.normalSide);
    view.setUint8(17, row.closed ? 1 : 0);
    let mask = 0;
    for (let index = 0; index < 4; index++) {
      const limit = row.limits[index];
      if (limit !== null) mask |= 1 << index;
      view.setBigInt64(20 + index * 8, limit ?? 0n);
    }
    view.setUint8(18, mask);
    putHex(this.#bytes, 52, row.id);
    const assetBytes = this.#bytes.write(row.asset, 68);
    view.setUint8(19, assetBytes);
    const codeBytes = this.#bytes.write(row.code, 68 + assetBytes);
    this.#hash.hash(view, 68 + assetBytes + codeBytes);
    return this.value;
  }

  progressSeal(row: ProgressRow): bigint {
    const view = this.#view;
    const amounts = [...row.posted, ...row.reversed];
    view.setUint32(0, Form.progress);
    view.setUint32(4, row.book);
    view.setUint16(8, row.shard);
    view.setUint8(10, row.state);
    view.setUint8(11, row.expiresAtUs === null ? 0 : 1);
    view.setUint16(12, row.posted.length);
    view.setUint16(14, row.reversed.length);
    view.setBigInt64(16, BigInt(row.seq));
    view.setBigInt64(24, BigInt(row.lastSeq));
    view.setBigInt64(32, row.expiresAtUs ?? 0n);
    for (const [index, amount] of amounts.entries()) view.setBigInt64(40 + index * 8, amount);
    this.#hash.hash(view, 40 + amounts.length * 8);
    return this.value;
  }

  paymentEventSeal(row: PaymentEventRow): bigint {
    this.#reserve(48 + row.change.length);
    const view = this.#view;
    view.setUint32(0, Form.paymentEvent);
    view.setUint32(4, row.book);
    view.setUint16(8, row.shard);
    view.setUint16(10, row.subject);
    view.setUint32(12, row.change.length);
    view.setBigInt64(16, BigInt(row.subjectSeq));
    view.setBigInt64(24, BigInt(row.seq));
    putHex(this.#bytes, 32, row.subjectId);
    this.#bytes.set(row.change, 48);
    this.#hash.hash(view, 48 + row.change.length);
    return this.value;
  }

  /** Over what tells that all events of an intent are there, and when a timer has to look at it. */
  paymentStateSeal(row: PaymentStateRow): bigint {
    const view = this.#view;
    view.setUint32(0, Form.paymentState);
    view.setUint32(4, row.book);
    view.setUint32(8, row.shard);
    view.setUint32(12, row.dueUs === null ? 0 : 1);
    view.setBigInt64(16, BigInt(row.seq));
    view.setBigInt64(24, BigInt(row.version));
    view.setBigInt64(32, BigInt(row.lastSeq));
    view.setBigInt64(40, BigInt(row.dueUs ?? 0));
    this.#hash.hash(view, 48);
    return this.value;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#bytes.length) return;
    this.#bytes = Buffer.alloc(Math.max(bytes, this.#bytes.length * 2));
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length);
  }
}

/** The sixteen bytes of 32 hexadecimal digits, hyphens or not. */
function putHex(bytes: Uint8Array, start: number, digits: string): void {
  let at = start;
  let high = -1;
  for (let i = 0; i < digits.length; i++) {
    const unit = digits.charCodeAt(i);
    if (unit === 45) continue;
    const nibble = unit <= 57 ? unit - 48 : (unit | 32) - 87;
    if (high < 0) {
      high = nibble;
    } else {
      bytes[at++] = (high << 4) | nibble;
      high = -1;
    }
  }
}
