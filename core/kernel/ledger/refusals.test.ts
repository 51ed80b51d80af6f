import { describe, expect, test } from 'vitest';
import * as t from '../../../test/support/ledger.ts';
import { apply } from './apply.ts';
import type { Uuid } from './commands.ts';
import { decideAdoption } from './decideControl.ts';
import { INT64_MAX, REFUSALS_REMEMBERED_A_DAY_MAX } from './limits.ts';
import { REFUSALS, reasonOf, type Reason } from './refusals.ts';

const [A, B, C, U, MISSING] = [1, 2, 3, 4, 99].map(t.uuid);
const id = (n: number) => t.uuid(1_000 + n);
/** Of an account that Florin opens itself. */
const OWN = 'f10e1a00-0000-8000-8000-000000000009' as Uuid;

/** A, B and C in euro, U in dollars; A and B are credit-normal, C and U debit-normal. */
function ledger(): t.TestLedger {
  const ledger = new t.TestLedger();
  ledger.must(t.open(A));
  ledger.must(t.open(B));
  ledger.must(t.open(C, { normalSide: 1 }));
  ledger.must(t.open(U, { asset: 'USD', normalSide: 1 }));
  return ledger;
}

const limits = (
  postedFloor: bigint | null,
  postedCeiling: bigint | null,
  availableFloor: bigint | null,
  availableCeiling: bigint | null,
) => ({
  limits: [postedFloor, postedCeiling, availableFloor, availableCeiling] as [
    bigint | null,
    bigint | null,
    bigint | null,
    bigint | null,
  ],
});

/** One way to each reason of the kernel: what it refuses, and the same without the fault, which it does not. */
const ways: Partial<Record<Reason, (given: t.TestLedger) => { refused: unknown; control: unknown }>> = {
  ID_REUSED(given) {
    given.must(t.create(id(1), [t.posting(A, B, 1n)]));
    return {
      refused: given.send(t.create(id(1), [t.posting(A, B, 2n)])),
      control: given.send(t.create(id(2), [t.posting(A, B, 2n)])),
    };
  },
  LINKED_FAILED(given) {
    const group = (first: number, other: typeof A) =>
      given.group([
        t.create(id(first), [t.posting(A, other, 1n)], { linked: true }),
        t.create(id(first + 1), [t.posting(A, B, 1n)]),
      ])[1];
    return { refused: group(1, MISSING), control: group(3, C) };
  },
  ASSET_NOT_FOUND: (given) => ({
    refused: given.send(t.open(t.uuid(50), { asset: 'GOLD' })),
    control: given.send(t.open(t.uuid(51))),
  }),
  ACCOUNT_NOT_FOUND: (given) => ({
    refused: given.send(t.create(id(1), [t.posting(A, MISSING, 1n)])),
    control: given.send(t.create(id(2), [t.posting(A, B, 1n)])),
  }),
  CODE_TAKEN: (given) => ({
    refused: given.send(t.open(t.uuid(50), { code: t.open(A).code })),
    control: given.send(t.open(t.uuid(51), { code: 'free' })),
  }),
  TRANSACTION_NOT_FOUND(given) {
    given.must(t.hold(id(1), [t.posting(A, B, 1n)]));
    return { refused: given.send(t.post(id(2), id(77))), control: given.send(t.post(id(3), id(1))) };
  },
  NOT_PENDING(given) {
    given.must(t.create(id(1), [t.posting(A, B, 1n)]));
    given.must(t.hold(id(2), [t.posting(A, B, 1n)]));
    return { refused: given.send(t.voiding(id(3), id(1))), control: given.send(t.voiding(id(4), id(2))) };
  },
  ALREADY_POSTED(given) {
    given.must(t.hold(id(1), [t.posting(A, B, 1n)]));
    const control = given.send(t.post(id(2), id(1)));
    return { refused: given.send(t.post(id(3), id(1))), control };
  },
  ALREADY_VOIDED(given) {
    given.must(t.hold(id(1), [t.posting(A, B, 1n)]));
    const control = given.send(t.voiding(id(2), id(1)));
    return { refused: given.send(t.voiding(id(3), id(1))), control };
  },
  ALREADY_EXPIRED(given) {
    given.must(t.hold(id(1), [t.posting(A, B, 1n)], { expiresAfterSeconds: 60 }));
    given.must(t.hold(id(2), [t.posting(A, B, 1n)], { expiresAfterSeconds: 61 }));
    given.advance(60 * t.SECOND_US);
    return { refused: given.send(t.post(id(3), id(1))), control: given.send(t.post(id(4), id(2))) };
  },
  NOT_REVERSIBLE(given) {
    given.must(t.hold(id(1), [t.posting(A, B, 1n)]));
    given.must(t.post(id(2), id(1)));
    return { refused: given.send(t.reverse(id(3), id(1))), control: given.send(t.reverse(id(4), id(2))) };
  },
  ALREADY_REVERSED(given) {
    given.must(t.create(id(1), [t.posting(A, B, 1n)]));
    const control = given.send(t.reverse(id(2), id(1)));
    return { refused: given.send(t.reverse(id(3), id(1))), control };
  },
  POSTING_NOT_FOUND(given) {
    given.must(t.hold(id(1), [t.posting(A, B, 1n)]));
    return {
      refused: given.send(t.post(id(2), id(1), { amounts: [{ posting: 1, amount: 1n }] })),
      control: given.send(t.post(id(3), id(1), { amounts: [{ posting: 0, amount: 1n }] })),
    };
  },
  EXCEEDS_HELD(given) {
    given.must(t.hold(id(1), [t.posting(A, B, 5n)]));
    return {
      refused: given.send(t.post(id(2), id(1), { amounts: [{ posting: 0, amount: 6n }] })),
      control: given.send(t.post(id(3), id(1), { amounts: [{ posting: 0, amount: 5n }] })),
    };
  },
  EXCEEDS_ORIGINAL(given) {
    given.must(t.create(id(1), [t.posting(A, B, 5n)]));
    return {
      refused: given.send(t.reverse(id(2), id(1), { amounts: [{ posting: 0, amount: 6n }] })),
      control: given.send(t.reverse(id(3), id(1), { amounts: [{ posting: 0, amount: 5n }] })),
    };
  },
  ACCOUNT_CLOSED(given) {
    given.must(t.close(id(1), A));
    return {
      refused: given.send(t.create(id(2), [t.posting(B, A, 1n)])),
      control: given.send(t.create(id(3), [t.posting(B, C, 1n)])),
    };
  },
  ASSET_MISMATCH: (given) => ({
    refused: given.send(t.create(id(1), [t.posting(A, U, 1n)])),
    control: given.send(t.create(id(2), [t.posting(A, C, 1n)])),
  }),
  COUNTER_OVERFLOW(given) {
    given.must(t.create(id(1), [t.posting(A, B, INT64_MAX - 1n)]));
    return {
      refused: given.send(t.create(id(2), [t.posting(C, B, 2n)])),
      control: given.send(t.create(id(3), [t.posting(C, B, 1n)])),
    };
  },
  INSUFFICIENT_FUNDS(given) {
    given.must(t.change(id(1), A, limits(null, null, 0n, null)));
    return {
      refused: given.send(t.create(id(2), [t.posting(A, B, 1n)])),
      control: given.send(t.create(id(3), [t.posting(B, A, 1n)])),
    };
  },
  LIMIT_EXCEEDED(given) {
    given.must(t.change(id(1), A, limits(null, 5n, null, null)));
    return {
      refused: given.send(t.create(id(2), [t.posting(B, A, 6n)])),
      control: given.send(t.create(id(3), [t.posting(B, A, 5n)])),
    };
  },
  LIMIT_VIOLATED(given) {
    given.must(t.create(id(1), [t.posting(A, B, 5n)]));
    return {
      refused: given.send(t.change(id(2), A, limits(-4n, null, null, null))),
      control: given.send(t.change(id(3), A, limits(-5n, null, null, null))),
    };
  },
  ACCOUNT_NOT_ZERO(given) {
    given.must(t.create(id(1), [t.posting(A, B, 1n)]));
    return { refused: given.send(t.close(id(2), A)), control: given.send(t.close(id(3), C)) };
  },
  ACCOUNT_HAS_HOLDS(given) {
    given.must(t.hold(id(1), [t.posting(A, B, 1n)]));
    return { refused: given.send(t.close(id(2), A)), control: given.send(t.close(id(3), C)) };
  },
  EXPIRY_OUT_OF_RANGE(given) {
    const late = new t.TestLedger(Number.MAX_SAFE_INTEGER - 10 * t.SECOND_US);
    late.must(t.open(A));
    late.must(t.open(B));
    void given;
    const held = (n: number, expiresAfterSeconds: number) =>
      late.send(t.hold(id(n), [t.posting(A, B, 1n)], { expiresAfterSeconds }));
    return { refused: held(1, 11), control: held(2, 10) };
  },
  RESERVED_CODE: (given) => ({
    refused: given.send(t.open(t.uuid(50), { code: 'florin:auth_open:EUR' })),
    control: given.send(t.open(t.uuid(51), { code: 'florin-auth_open' })),
  }),
  ACCOUNT_RESERVED(given) {
    const own = (n: number) => `f10e1a00-0000-8000-8000-00000000000${n}` as Uuid;
    given.ofChart(own(1), 'm:0190a000-0000-7000-8000-000000000011:pending:EUR');
    given.ofChart(own(2), 'm:0190a000-0000-7000-8000-000000000011:available:EUR');
    return {
      refused: given.send(t.create(id(1), [t.posting(A, own(1), 1n)])),
      control: given.send(t.create(id(2), [t.posting(A, own(2), 1n)])),
    };
  },
};

/** Those from 130 on are of payments: core/kernel/payments/refusals.test.ts. */
const kernelReasons = (Object.keys(REFUSALS) as Reason[]).filter(
  (reason) => REFUSALS[reason].origin === 'kernel' && REFUSALS[reason].number < 130,
);

describe('the kernel refuses with', () => {
  test.each(kernelReasons)('%s', (reason) => {
    const way = ways[reason];
    expect(way, 'a reason without a test').toBeDefined();
    const { refused, control } = way!(ledger());
    expect(refused).toMatchObject({
      done: false,
      reason,
      remembered: reason !== 'ID_REUSED',
      replayed: false,
    });
    expect(control).toMatchObject({ done: true });
  });

  test('a number for each reason, none twice', () => {
    const numbers = Object.values(REFUSALS).map((entry) => entry.number);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const [name, { number }] of Object.entries(REFUSALS)) expect(reasonOf(number)).toBe(name);
    expect(() => reasonOf(9_999)).toThrow();
  });

  test('the numbers of the kernel in the order of their precedence', () => {
    const numbers = kernelReasons.map((reason) => REFUSALS[reason].number);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  });
});

describe('of several reasons the first in precedence is the answer', () => {
  /** Takes the faults away one by one; each time the next reason must show. */
  function walk(steps: [reason: Reason | null, send: (given: t.TestLedger) => t.Sent][]): void {
    for (const [reason, send] of steps) {
      const outcome = send(ledger());
      expect(outcome.done ? null : outcome.reason).toBe(reason);
    }
  }

  test('for a new transaction', () => {
    const given = (
      g: t.TestLedger,
      faults: { closed?: true; overflow?: true; floor?: true; ceiling?: true },
    ) => {
      g.must(t.create(id(90), [t.posting(C, B, 10n)]));
      if (faults.overflow) g.must(t.create(id(91), [t.posting(C, B, INT64_MAX - 11n)]));
      if (faults.floor) g.must(t.change(id(92), A, limits(0n, null, null, null)));
      if (faults.ceiling)
        g.must(t.change(id(93), B, limits(null, faults.overflow ? INT64_MAX : 10n, null, null)));
      g.must(t.open(t.uuid(60)));
      if (faults.closed) g.must(t.close(id(94), t.uuid(60)));
      return g;
    };
    const D = t.uuid(60);
    const all = { closed: true, overflow: true, floor: true, ceiling: true } as const;
    walk([
      [
        'ACCOUNT_NOT_FOUND',
        (g) =>
          given(g, all).send(
            t.create(id(1), [
              t.posting(A, B, 2n),
              t.posting(D, A, 1n),
              t.posting(A, U, 1n),
              t.posting(B, MISSING, 1n),
            ]),
          ),
      ],
      [
        'ACCOUNT_CLOSED',
        (g) =>
          given(g, all).send(
            t.create(id(1), [t.posting(A, B, 2n), t.posting(A, U, 1n), t.posting(D, A, 1n)]),
          ),
      ],
      [
        'ASSET_MISMATCH',
        (g) => given(g, all).send(t.create(id(1), [t.posting(A, B, 2n), t.posting(A, U, 1n)])),
      ],
      ['COUNTER_OVERFLOW', (g) => given(g, all).send(t.create(id(1), [t.posting(A, B, 2n)]))],
      [
        'INSUFFICIENT_FUNDS',
        (g) => given(g, { floor: true, ceiling: true }).send(t.create(id(1), [t.posting(A, B, 2n)])),
      ],
      ['LIMIT_EXCEEDED', (g) => given(g, { ceiling: true }).send(t.create(id(1), [t.posting(A, B, 2n)]))],
      [
        'ACCOUNT_RESERVED',
        (g) => {
          g.ofChart(OWN, 'auth_open:EUR');
          return given(g, {}).send(t.create(id(1), [t.posting(A, OWN, 2n)]));
        },
      ],
      [null, (g) => given(g, {}).send(t.create(id(1), [t.posting(A, B, 2n)]))],
    ]);
  });

  test('a body that differs comes before everything that is wrong with it', () => {
    const given = ledger();
    given.must(t.create(id(1), [t.posting(A, B, 1n)]));
    expect(given.send(t.create(id(1), [t.posting(A, MISSING, 1n)]))).toMatchObject({
      reason: 'ID_REUSED',
      field: 'postings[0].credit_account',
    });
  });

  test('for a post', () => {
    const held = (g: t.TestLedger) => {
      g.must(t.hold(id(90), [t.posting(A, B, 5n)], { expiresAfterSeconds: 60 }));
      return g;
    };
    walk([
      [
        'ALREADY_EXPIRED',
        (g) => (
          held(g).advance(60 * t.SECOND_US),
          g.send(t.post(id(1), id(90), { amounts: [{ posting: 3, amount: 9n }] }))
        ),
      ],
      [
        'POSTING_NOT_FOUND',
        (g) =>
          held(g).send(
            t.post(id(1), id(90), {
              amounts: [
                { posting: 0, amount: 9n },
                { posting: 3, amount: 9n },
              ],
            }),
          ),
      ],
      ['EXCEEDS_HELD', (g) => held(g).send(t.post(id(1), id(90), { amounts: [{ posting: 0, amount: 9n }] }))],
      [null, (g) => held(g).send(t.post(id(1), id(90), { amounts: [{ posting: 0, amount: 4n }] }))],
    ]);
  });

  test('for a reversal', () => {
    const booked = (g: t.TestLedger) => {
      g.must(t.open(t.uuid(60)));
      g.must(t.create(id(90), [t.posting(t.uuid(60), B, 5n)]));
      g.must(t.create(id(91), [t.posting(B, t.uuid(60), 5n)]));
      g.must(t.close(id(92), t.uuid(60)));
      return g;
    };
    walk([
      [
        'POSTING_NOT_FOUND',
        (g) =>
          booked(g).send(
            t.reverse(id(1), id(90), {
              amounts: [
                { posting: 0, amount: 9n },
                { posting: 1, amount: 1n },
              ],
            }),
          ),
      ],
      [
        'EXCEEDS_ORIGINAL',
        (g) => booked(g).send(t.reverse(id(1), id(90), { amounts: [{ posting: 0, amount: 9n }] })),
      ],
      ['ACCOUNT_CLOSED', (g) => booked(g).send(t.reverse(id(1), id(90)))],
    ]);
  });

  test('for a new account', () => {
    const code = t.open(A).code;
    const own = `florin:${code}`;
    walk([
      [
        'ASSET_NOT_FOUND',
        (g) => g.send(t.open(t.uuid(60), { asset: 'GOLD', code, ...limits(1n, null, null, null) })),
      ],
      ['CODE_TAKEN', (g) => g.send(t.open(t.uuid(60), { code, ...limits(1n, null, null, null) }))],
      ['LIMIT_VIOLATED', (g) => g.send(t.open(t.uuid(60), { code: own, ...limits(1n, null, null, null) }))],
      ['RESERVED_CODE', (g) => g.send(t.open(t.uuid(60), { code: own, ...limits(0n, 0n, 0n, 0n) }))],
      [null, (g) => g.send(t.open(t.uuid(60), limits(0n, 0n, 0n, 0n)))],
    ]);
  });

  test('for a closure', () => {
    walk([
      ['ACCOUNT_NOT_FOUND', (g) => g.send(t.close(id(1), MISSING))],
      [
        'ACCOUNT_NOT_ZERO',
        (g) => (
          g.must(t.create(id(2), [t.posting(A, B, 1n)])),
          g.must(t.hold(id(3), [t.posting(A, B, 1n)])),
          g.send(t.close(id(1), A))
        ),
      ],
      ['ACCOUNT_HAS_HOLDS', (g) => (g.must(t.hold(id(3), [t.posting(A, B, 1n)])), g.send(t.close(id(1), A)))],
      [null, (g) => g.send(t.close(id(1), A))],
    ]);
  });
});

describe('a refusal', () => {
  test('names posting, field and account at fault', () => {
    const given = ledger();
    given.must(t.change(id(1), B, limits(null, null, 0n, null)));
    expect(given.send(t.create(id(2), [t.posting(A, C, 1n), t.posting(B, C, 1n)]))).toMatchObject({
      reason: 'INSUFFICIENT_FUNDS',
      posting: 1,
      field: 'postings[1].amount',
      account: B,
    });
    expect(given.send(t.create(id(3), [t.posting(A, C, 1n), t.posting(MISSING, C, 1n)]))).toMatchObject({
      posting: 1,
      field: 'postings[1].debit_account',
      account: MISSING,
    });
  });

  test('changes no account', () => {
    const given = ledger();
    given.must(t.change(id(1), B, limits(null, null, 0n, null)));
    const before = [A, B, C].map((one) => [
      given.counters(one),
      given.state.accounts.versionOf(given.slot(one)),
    ]);
    given.send(t.create(id(2), [t.posting(A, C, 1n), t.posting(B, C, 1n)]));
    expect(
      [A, B, C].map((one) => [given.counters(one), given.state.accounts.versionOf(given.slot(one))]),
    ).toEqual(before);
  });

  test('is remembered up to the quota of the book and the day, and no further', () => {
    const given = ledger();
    given.send(t.create(id(1), [t.posting(A, MISSING, 1n)]));
    given.state.refusalsToday.set(given.book, REFUSALS_REMEMBERED_A_DAY_MAX);
    const beyond = t.create(id(2), [t.posting(A, MISSING, 1n)]);
    expect(given.send(beyond)).toMatchObject({ reason: 'REFUSAL_QUOTA', remembered: false });
    given.advance(t.DAY_US);
    expect(given.send(beyond)).toMatchObject({ reason: 'ACCOUNT_NOT_FOUND', remembered: true });
  });
});

test('a custom asset is known once it was adopted, and only once', () => {
  const given = ledger();
  const adopt = () =>
    decideAdoption(given.state, given.block.body, {
      type: 'asset',
      seq: 3,
      code: 'GOLD',
      scale: 4,
      name: 'Gold',
    });
  const { at } = adopt()!;
  apply(given.state, given.block.body.view, at, given.block.timeUs);
  expect(adopt()).toBeNull();
  expect(given.state.assets.get('GOLD')).toMatchObject({ scale: 4, iso: false });
});
