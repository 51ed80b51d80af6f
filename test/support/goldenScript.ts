import type {
  CreateTransaction,
  LimitValues,
  MetadataBytes,
  OpenAccount,
  PostingAmount,
  Uuid,
} from '../../core/kernel/ledger/commands.ts';
import { METADATA } from '../../core/kernel/ledger/layout.ts';
import { dayOf } from '../../core/kernel/ledger/limits.ts';
import { ScriptedShard } from './scriptedShard.ts';

const utf8 = new TextEncoder();
const NONE = new Uint8Array(0) as MetadataBytes;
const NO_LIMITS: LimitValues = [null, null, null, null];
/** 2026-01-31T12:00:00.123456Z. */
const START_US = 1_769_860_800_123_456;
const INT64_MAX = 9_223_372_036_854_775_807n;

/** A UUIDv7 of the script: the number says which. */
export const id = (n: number): Uuid =>
  `019c1400-${n.toString(16).padStart(4, '0')}-7000-8000-${n.toString(16).padStart(12, '0')}` as Uuid;

export function metadata(entries: Record<string, string>): MetadataBytes {
  const parts = Object.entries(entries).map(
    ([key, value]) => [utf8.encode(key), utf8.encode(value)] as const,
  );
  parts.sort(([a], [b]) => Buffer.compare(a, b));
  return new Uint8Array(
    Buffer.concat(
      parts.map(([key, value]) => {
        const head = Buffer.alloc(METADATA.bytes);
        head.writeUInt8(key.length, METADATA.keyBytes);
        head.writeUInt16LE(value.length, METADATA.valueBytes);
        return Buffer.concat([head, key, value]);
      }),
    ),
  ) as MetadataBytes;
}

const open = (n: number, code: string, more: Partial<OpenAccount> = {}): OpenAccount => ({
  op: 'openAccount',
  id: id(n),
  code,
  asset: 'EUR',
  normalSide: 2,
  limits: NO_LIMITS,
  metadata: NONE,
  ...more,
});

const create = (
  n: number,
  postings: [debit: number, credit: number, amount: bigint][],
  more: Partial<CreateTransaction> = {},
): CreateTransaction => ({
  op: 'create',
  id: id(n),
  postings: postings.map(([debit, credit, amount]) => ({
    debitAccount: id(debit),
    creditAccount: id(credit),
    amount,
  })),
  pending: false,
  expiresAfterSeconds: 0,
  effectiveDay: null,
  reference: new Uint8Array(0),
  metadata: NONE,
  linked: false,
  ...more,
});

const plain = { effectiveDay: null, reference: new Uint8Array(0), metadata: NONE };
const post = (
  n: number,
  target: number,
  amounts: PostingAmount[] | null,
  more: { keepOpen?: boolean; effectiveDay?: number | null } = {},
) => ({ op: 'post', id: id(n), target: id(target), amounts, keepOpen: false, ...plain, ...more }) as const;
const reverse = (n: number, target: number, amounts: PostingAmount[] | null) =>
  ({ op: 'reverse', id: id(n), target: id(target), amounts, ...plain }) as const;
const voided = (n: number, target: number) =>
  ({
    op: 'void',
    id: id(n),
    target: id(target),
    reference: utf8.encode('called off'),
    metadata: NONE,
  }) as const;

/**
 * A journal in which every event type, kind, state and flag stands at least once: the control shard and one data shard.
 * Fixed for ever: golden files hold its bytes. A new format gets a script of its own.
 */
export function goldenShards(): { control: ScriptedShard; data: ScriptedShard } {
  const control = new ScriptedShard(64, START_US);
  control.seal();
  control.nowUs += 1_000_000;
  control.control({ op: 'createAsset', code: 'POINTS', scale: 0, name: 'Loyalty points ✓' });
  control.control({ op: 'createBook', name: 'shop', description: 'A shop', shard: 5 });
  control.control({ op: 'createBook', name: 'elsewhere', description: '', shard: null });
  control.seal();

  const data = new ScriptedShard(5, START_US + 2_000_000);
  data.adopt({ type: 'asset', seq: 1, code: 'POINTS', scale: 0, name: 'Loyalty points ✓' });
  data.adopt({ type: 'book', seq: 2, number: 1, name: 'shop', shard: 5 });
  data.seal();
  openAccounts(data);
  book(data);
  takeOver(data);
  settle(data);
  refuse(data);
  close(data);
  return { control, data };
}

function openAccounts(data: ScriptedShard): void {
  data.run(open(1, 'bank:main', { normalSide: 1 }));
  data.run(
    open(2, 'customers:anna', {
      limits: [0n, 5_000_000n, -100n, INT64_MAX],
      metadata: metadata({ name: 'Änna "A"', tier: 'gold\n' }),
    }),
  );
  data.run(open(3, 'customers:bob', { limits: [0n, null, null, null] }));
  data.run(open(4, 'fees:earned'));
  data.run(open(5, 'points:issued', { asset: 'POINTS', normalSide: 1 }));
  data.run(open(6, 'points:anna', { asset: 'POINTS', limits: [null, 1_000n, 0n, null] }));
  data.run(open(7, 'bank:cash', { normalSide: 1, limits: [null, null, null, 9_000_000n] }));
  data.run(open(8, 'to:close'));
  data.seal();
}

function book(data: ScriptedShard): void {
  data.nowUs += 3_600_000_000;
  data.transfers(3, (i) => ({ id: id(100 + i), debit: id(1), credit: id(2), amount: 10_000n + BigInt(i) }));
  data.run(
    create(
      110,
      [
        [1, 3, 500n],
        [2, 4, 25n],
        [5, 6, 40n],
      ],
      {
        effectiveDay: dayOf(START_US) - 400,
        reference: utf8.encode('order 4711 ü'),
        metadata: metadata({ channel: 'web', sku: 'A\\1' }),
      },
    ),
  );
  data.group([create(111, [[2, 3, 10n]], { linked: true }), create(112, [[3, 4, 10n]])]);
  data.run(
    create(120, [[2, 3, 700n]], {
      pending: true,
      expiresAfterSeconds: 86_400,
      reference: utf8.encode('hold'),
    }),
  );
  data.run(
    create(
      121,
      [
        [2, 3, 100n],
        [2, 4, 50n],
        [7, 3, 30n],
      ],
      { pending: true },
    ),
  );
  data.run(create(122, [[3, 2, 60n]], { pending: true, expiresAfterSeconds: 60 }));
  data.run(create(123, [[1, 7, 80n]], { pending: true }));
  data.run(create(124, [[1, 2, 5n]], { pending: true }));
  data.seal();
}

/** Another writer: a raised epoch, and an empty block before anything else. */
function takeOver(data: ScriptedShard): void {
  data.epoch = 3;
  data.nowUs += 1_000_000;
  data.seal();
}

function settle(data: ScriptedShard): void {
  data.nowUs += 50_000_000;
  data.run(
    post(
      130,
      121,
      [
        { posting: 0, amount: 40n },
        { posting: 2, amount: 30n },
      ],
      { keepOpen: true, effectiveDay: dayOf(START_US) + 3 },
    ),
  );
  data.run(post(131, 121, [{ posting: 1, amount: 20n }]));
  data.run(voided(132, 123));
  data.run(post(133, 120, null));
  data.run(reverse(134, 110, [{ posting: 1, amount: 5n }]));
  data.run(reverse(135, 110, null));
  data.run(reverse(136, 133, [{ posting: 0, amount: 300n }]));
  data.nowUs += 20_000_000;
  data.run({ op: 'expire', target: id(122) });
  data.seal();
}

function refuse(data: ScriptedShard): void {
  data.nowUs += 1;
  data.run(
    create(
      140,
      [
        [3, 4, 1n],
        [3, 4, 900_000n],
      ],
      { reference: utf8.encode('too much') },
    ),
  );
  data.run(create(141, [[5, 2, 1n]]));
  data.run(open(142, 'bank:main'));
  data.run(post(143, 122, null));
  data.run(voided(144, 999));
  data.run(reverse(145, 120, null));
  data.run({
    op: 'changeAccount',
    id: id(146),
    account: id(2),
    limits: [1_000_000n, null, null, null],
    metadata: null,
  });
  data.run({ op: 'closeAccount', id: id(147), account: id(2) });
  data.seal();
}

function close(data: ScriptedShard): void {
  data.nowUs += 7_200_000_000;
  data.run({
    op: 'changeAccount',
    id: id(150),
    account: id(3),
    limits: [-500n, 1_000_000n, null, null],
    metadata: null,
  });
  data.run({
    op: 'changeAccount',
    id: id(151),
    account: id(2),
    limits: null,
    metadata: metadata({ tier: 'silver' }),
  });
  data.run({
    op: 'changeAccount',
    id: id(152),
    account: id(6),
    limits: NO_LIMITS,
    metadata: metadata({ note: 'both' }),
  });
  data.run({ op: 'closeAccount', id: id(153), account: id(8) });
  data.run(create(154, [[1, 2, INT64_MAX / 4_000_000_000_000_000n]]));
  data.seal();
}
