import { describe, expect, test } from 'vitest';
import * as t from '../../../test/support/ledger.ts';
import { TX } from './layout.ts';
import { INT64_MAX } from './limits.ts';

const [A, B, C, U, V] = [1, 2, 3, 4, 5].map(t.uuid);
const id = (n: number) => t.uuid(1_000 + n);

/** A, B, C in euro and U, V in dollars, all credit-normal. */
function ledger(): t.TestLedger {
  const ledger = new t.TestLedger();
  for (const account of [A, B, C]) ledger.must(t.open(account));
  for (const account of [U, V]) ledger.must(t.open(account, { asset: 'USD' }));
  return ledger;
}

const amounts = (...of: [posting: number, amount: bigint][]) => ({
  amounts: of.map(([posting, amount]) => ({ posting, amount })),
});
const stateAfter = (given: t.TestLedger, seq: number) => {
  const { view, at } = given.event(seq);
  return view.getUint8(at + TX.state);
};

describe('a direct transaction', () => {
  test('moves the same amount on both sides and raises both versions', () => {
    const given = ledger();
    expect(given.must(t.create(id(1), [t.posting(A, B, 7n)])).effects).toEqual([
      {
        debit: { version: 1n, posted: -7n, available: -7n },
        credit: { version: 1n, posted: 7n, available: 7n },
      },
    ]);
    expect(given.counters(A)).toEqual([7n, 0n, 0n, 0n]);
    expect(given.counters(B)).toEqual([0n, 7n, 0n, 0n]);
  });

  test('may have several assets across its postings', () => {
    const given = ledger();
    given.must(t.create(id(1), [t.posting(A, B, 7n), t.posting(U, V, 9n)]));
    expect([given.counters(B), given.counters(V)]).toEqual([
      [0n, 7n, 0n, 0n],
      [0n, 9n, 0n, 0n],
    ]);
  });

  test('lets a later posting stand on what the earlier ones left', () => {
    const given = ledger();
    given.must(t.change(id(1), B, { limits: [null, null, 0n, null] }));
    expect(given.send(t.create(id(2), [t.posting(B, C, 5n), t.posting(A, B, 5n)]))).toMatchObject({
      reason: 'INSUFFICIENT_FUNDS',
      posting: 0,
    });
    const { effects } = given.must(t.create(id(3), [t.posting(A, B, 5n), t.posting(B, C, 5n)]));
    expect(effects.map(({ debit, credit }) => [debit.version, credit.version])).toEqual([
      [1n, 1n],
      [2n, 1n],
    ]);
  });

  test('takes 256 postings on the same two accounts', () => {
    const given = ledger();
    const { effects } = given.must(
      t.create(
        id(1),
        Array.from({ length: 256 }, () => t.posting(A, B, 1n)),
      ),
    );
    expect(effects.at(-1)).toMatchObject({ debit: { version: 256n }, credit: { posted: 256n } });
  });

  test('uses an account up to the last unit of int64 and not beyond', () => {
    const given = ledger();
    given.must(t.create(id(1), [t.posting(A, B, INT64_MAX)]));
    expect(given.send(t.create(id(2), [t.posting(A, C, 1n)]))).toMatchObject({
      reason: 'COUNTER_OVERFLOW',
      account: A,
    });
    expect(given.send(t.create(id(3), [t.posting(C, B, 1n)]))).toMatchObject({
      reason: 'COUNTER_OVERFLOW',
      account: B,
    });
    expect(given.send(t.hold(id(4), [t.posting(C, B, 1n)]))).toMatchObject({
      reason: 'COUNTER_OVERFLOW',
      account: B,
    });
    // The other side of both still moves.
    given.must(t.create(id(5), [t.posting(B, A, INT64_MAX)]));
    expect(given.counters(A)).toEqual([INT64_MAX, INT64_MAX, 0n, 0n]);
  });

  test('counts holds against the int64 range, so that posting them never overflows', () => {
    const given = ledger();
    given.must(t.hold(id(1), [t.posting(A, B, INT64_MAX)]));
    expect(given.send(t.create(id(2), [t.posting(A, C, 1n)]))).toMatchObject({
      reason: 'COUNTER_OVERFLOW',
      account: A,
    });
    expect(given.must(t.post(id(3), id(1))).effects[0].credit).toMatchObject({ posted: INT64_MAX });
  });
});

describe('a hold', () => {
  const held = () => {
    const given = ledger();
    given.must(t.hold(id(1), [t.posting(A, B, 10n), t.posting(A, C, 20n)]));
    return given;
  };

  test('moves nothing, and lowers what is available', () => {
    const given = held();
    expect([given.counters(A), given.counters(B), given.counters(C)]).toEqual([
      [0n, 0n, 30n, 0n],
      [0n, 0n, 0n, 10n],
      [0n, 0n, 0n, 20n],
    ]);
    expect(given.must(t.hold(id(2), [t.posting(A, B, 1n)])).effects[0]).toEqual({
      debit: { version: 3n, posted: 0n, available: -31n },
      credit: { version: 2n, posted: 0n, available: 0n },
    });
  });

  test('posts in full', () => {
    const given = held();
    const { effects, seq } = given.must(t.post(id(2), id(1)));
    expect(effects.length).toBe(2);
    expect([given.counters(A), given.counters(B), given.counters(C)]).toEqual([
      [30n, 0n, 0n, 0n],
      [0n, 10n, 0n, 0n],
      [0n, 20n, 0n, 0n],
    ]);
    expect(stateAfter(given, seq)).toBe(2);
  });

  test('posts less, and the rest is released', () => {
    const given = held();
    given.must(t.post(id(2), id(1), amounts([1, 5n])));
    expect([given.counters(A), given.counters(B), given.counters(C)]).toEqual([
      [5n, 0n, 0n, 0n],
      [0n, 0n, 0n, 0n],
      [0n, 5n, 0n, 0n],
    ]);
    expect(given.send(t.post(id(3), id(1)))).toMatchObject({ reason: 'ALREADY_POSTED' });
  });

  test('posts in several parts until it is closed', () => {
    const given = held();
    expect(
      stateAfter(given, given.must(t.post(id(2), id(1), { ...amounts([0, 4n]), keepOpen: true })).seq),
    ).toBe(1);
    expect(given.counters(A)).toEqual([4n, 0n, 26n, 0n]);
    expect(given.send(t.post(id(3), id(1), amounts([0, 7n])))).toMatchObject({
      reason: 'EXCEEDS_HELD',
      field: 'amounts[0].amount',
      posting: 0,
    });
    given.must(t.post(id(4), id(1), { ...amounts([0, 6n], [1, 1n]), keepOpen: true }));
    expect(given.counters(A)).toEqual([11n, 0n, 19n, 0n]);
    // The first posting is used up: only the second is touched.
    expect(given.must(t.post(id(5), id(1))).effects.length).toBe(1);
    expect([given.counters(A), given.counters(B), given.counters(C)]).toEqual([
      [30n, 0n, 0n, 0n],
      [0n, 10n, 0n, 0n],
      [0n, 20n, 0n, 0n],
    ]);
    expect(given.send(t.voiding(id(6), id(1)))).toMatchObject({ reason: 'ALREADY_POSTED' });
  });

  test('closes with nothing left, also if it was to be kept open', () => {
    const given = held();
    expect(stateAfter(given, given.must(t.post(id(2), id(1), { keepOpen: true })).seq)).toBe(2);
    expect(given.send(t.post(id(3), id(1)))).toMatchObject({ reason: 'ALREADY_POSTED' });
  });

  test('is voided: what is still held is released, what was posted stays', () => {
    const given = held();
    given.must(t.post(id(2), id(1), { ...amounts([0, 4n]), keepOpen: true }));
    given.must(t.voiding(id(3), id(1)));
    expect([given.counters(A), given.counters(B), given.counters(C)]).toEqual([
      [4n, 0n, 0n, 0n],
      [0n, 4n, 0n, 0n],
      [0n, 0n, 0n, 0n],
    ]);
    expect(given.send(t.post(id(4), id(1)))).toMatchObject({ reason: 'ALREADY_VOIDED' });
  });

  test('obeys the posted floor only when it is posted', () => {
    const given = ledger();
    given.must(t.change(id(1), A, { limits: [-10n, null, null, null] }));
    given.must(t.hold(id(2), [t.posting(A, B, 20n)]));
    expect(given.send(t.post(id(3), id(2)))).toMatchObject({
      reason: 'INSUFFICIENT_FUNDS',
      posting: 0,
      account: A,
    });
    expect(given.send(t.post(id(4), id(2), amounts([0, 10n])))).toMatchObject({ done: true });
  });
});

describe('expiry', () => {
  const expiring = (seconds = 60) => {
    const given = ledger();
    given.must(t.hold(id(1), [t.posting(A, B, 10n)], { expiresAfterSeconds: seconds }));
    return given;
  };

  test('does nothing before its time', () => {
    const given = expiring();
    given.advance(60 * t.SECOND_US - 1);
    expect(given.send({ op: 'expire', target: id(1) })).toMatchObject({ field: 'nothing' });
    expect(given.counters(A)).toEqual([0n, 0n, 10n, 0n]);
    expect(given.send(t.post(id(2), id(1)))).toMatchObject({ done: true });
  });

  test('releases what is held at its time to the microsecond', () => {
    const given = expiring();
    given.advance(60 * t.SECOND_US);
    const { seq } = given.must({ op: 'expire', target: id(1) });
    expect(stateAfter(given, seq)).toBe(4);
    expect([given.counters(A), given.counters(B)]).toEqual([
      [0n, 0n, 0n, 0n],
      [0n, 0n, 0n, 0n],
    ]);
    expect(given.send({ op: 'expire', target: id(1) })).toMatchObject({ field: 'nothing' });
    expect(given.send(t.voiding(id(2), id(1)))).toMatchObject({ reason: 'ALREADY_EXPIRED' });
  });

  test('counts by block time even if the timer is late', () => {
    const given = expiring();
    given.advance(60 * t.SECOND_US);
    expect(given.send(t.post(id(2), id(1)))).toMatchObject({ reason: 'ALREADY_EXPIRED' });
    expect(given.send(t.voiding(id(3), id(1)))).toMatchObject({ reason: 'ALREADY_EXPIRED' });
    expect(given.counters(A)).toEqual([0n, 0n, 10n, 0n]);
    given.advance(3_600 * t.SECOND_US);
    given.must({ op: 'expire', target: id(1) });
    expect(given.counters(A)).toEqual([0n, 0n, 0n, 0n]);
  });

  test('leaves what was posted, and what is closed, alone', () => {
    const given = expiring();
    given.must(t.post(id(2), id(1), { ...amounts([0, 4n]), keepOpen: true }));
    given.must(t.hold(id(3), [t.posting(A, B, 1n)], { expiresAfterSeconds: 1 }));
    given.must(t.voiding(id(4), id(3)));
    given.advance(60 * t.SECOND_US);
    given.must({ op: 'expire', target: id(1) });
    expect(given.counters(A)).toEqual([4n, 0n, 0n, 0n]);
    expect(given.send({ op: 'expire', target: id(3) })).toMatchObject({ field: 'nothing' });
  });

  test('tells the timer of the earliest one', () => {
    const given = expiring(60);
    given.must(t.hold(id(2), [t.posting(A, B, 1n)], { expiresAfterSeconds: 30 }));
    given.must(t.hold(id(3), [t.posting(A, B, 1n)], { expiresAfterSeconds: 90 }));
    expect(given.state.expiries.firstUs).toBe(t.NOON_US + 30 * t.SECOND_US);
  });
});

describe('a reversal', () => {
  const booked = () => {
    const given = ledger();
    given.must(t.create(id(1), [t.posting(A, B, 10n), t.posting(A, C, 20n)]));
    return given;
  };

  test('moves everything back', () => {
    const given = booked();
    const { effects } = given.must(t.reverse(id(2), id(1)));
    // Its sides as it moved them: it debits what the original credited.
    expect(effects[0]).toEqual({
      debit: { version: 2n, posted: 0n, available: 0n },
      credit: { version: 3n, posted: -20n, available: -20n },
    });
    expect([given.counters(A), given.counters(B), given.counters(C)]).toEqual([
      [30n, 30n, 0n, 0n],
      [10n, 10n, 0n, 0n],
      [20n, 20n, 0n, 0n],
    ]);
  });

  test('moves a part back, then the rest, never beyond the original', () => {
    const given = booked();
    given.must(t.reverse(id(2), id(1), amounts([1, 15n])));
    expect(given.send(t.reverse(id(3), id(1), amounts([1, 6n])))).toMatchObject({
      reason: 'EXCEEDS_ORIGINAL',
      field: 'amounts[0].amount',
      posting: 1,
    });
    expect(given.must(t.reverse(id(4), id(1))).effects.length).toBe(2);
    expect([given.counters(B), given.counters(C)]).toEqual([
      [10n, 10n, 0n, 0n],
      [20n, 20n, 0n, 0n],
    ]);
    expect(given.send(t.reverse(id(5), id(1)))).toMatchObject({ reason: 'ALREADY_REVERSED' });
  });

  test('of a post moves back what that post moved', () => {
    const given = ledger();
    given.must(t.hold(id(1), [t.posting(A, B, 10n), t.posting(A, C, 20n)]));
    given.must(t.post(id(2), id(1), { ...amounts([1, 5n]), keepOpen: true }));
    given.must(t.post(id(3), id(1), { ...amounts([0, 2n], [1, 5n]), keepOpen: true }));
    given.must(t.reverse(id(4), id(2)));
    expect(given.counters(C)).toEqual([5n, 10n, 0n, 10n]);
    expect(given.send(t.reverse(id(5), id(2)))).toMatchObject({ reason: 'ALREADY_REVERSED' });
    // What is held is not touched by it, and is posted as before.
    given.must(t.post(id(6), id(1)));
    expect([given.counters(B), given.counters(C)]).toEqual([
      [0n, 10n, 0n, 0n],
      [5n, 20n, 0n, 0n],
    ]);
  });

  test('of a reversal, a void or a hold is refused', () => {
    const given = booked();
    given.must(t.reverse(id(2), id(1)));
    given.must(t.hold(id(3), [t.posting(A, B, 1n)]));
    given.must(t.voiding(id(4), id(3)));
    for (const [n, target] of [id(2), id(3), id(4)].entries())
      expect(given.send(t.reverse(id(10 + n), target))).toMatchObject({ reason: 'NOT_REVERSIBLE' });
  });

  test('obeys the limits like any command', () => {
    const given = booked();
    given.must(t.create(id(2), [t.posting(B, A, 8n)]));
    given.must(t.change(id(3), B, { limits: [null, null, 0n, null] }));
    expect(given.send(t.reverse(id(4), id(1)))).toMatchObject({
      reason: 'INSUFFICIENT_FUNDS',
      account: B,
      field: 'transaction_id',
      posting: 0,
    });
    expect(given.send(t.reverse(id(5), id(1), amounts([0, 2n])))).toMatchObject({ done: true });
  });
});

describe('the date on which it takes effect', () => {
  const dateOf = (given: t.TestLedger, seq: number) => {
    const { view, at } = given.event(seq);
    return view.getInt32(at + TX.date, true);
  };
  test('is the UTC date of booking, or the one that was asked for', () => {
    const given = ledger();
    const today = Math.floor(t.NOON_US / t.DAY_US);
    expect(dateOf(given, given.must(t.create(id(1), [t.posting(A, B, 1n)])).seq)).toBe(today);
    expect(
      dateOf(given, given.must(t.create(id(2), [t.posting(A, B, 1n)], { effectiveDay: -25_567 })).seq),
    ).toBe(-25_567);
    given.advance(t.DAY_US / 2);
    expect(dateOf(given, given.must(t.create(id(3), [t.posting(A, B, 1n)])).seq)).toBe(today + 1);
  });
});
