import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as t from '../../../test/support/ledger.ts';
import { Form } from './batch.ts';
import type { CreateTransaction } from './commands.ts';
import { dayOf } from './limits.ts';
import { bookRun } from './simpleRun.ts';

const [A, B, C, CLOSED, NOBODY] = [1, 2, 3, 4, 5].map(t.uuid);
const ROOM = { eventsMax: 1_000, bytesMax: 1_000_000 };

/** Both ledgers of a case begin alike: three accounts, one of them with a floor, and a closed one. */
function begin(): t.TestLedger {
  const ledger = new t.TestLedger();
  for (const command of [t.open(A), t.open(B), t.open(C, { limits: [null, null, 0n, null] }), t.open(CLOSED)])
    ledger.must(command);
  ledger.must(t.close(t.uuid(90), CLOSED));
  ledger.advance(t.SECOND_US);
  return ledger;
}

function run(ledger: t.TestLedger, commands: CreateTransaction[], from: number, room = ROOM): number {
  const { body, timeUs } = ledger.block;
  const frame = { book: 1, nowUs: timeUs, day: dayOf(timeUs), body };
  return bookRun(ledger.state, t.batchOf(commands), from, commands.length, frame, room);
}

const item: fc.Arbitrary<CreateTransaction> = fc
  .record({
    // Few ids, so that some are met twice; some of version 7, and some of those too far ahead.
    id: fc.oneof(
      fc.nat(2_000).map((n) => t.uuid(1_000 + n)),
      fc.nat(2_000).map((n) => t.uuid7(t.NOON_US / 1_000, n)),
      { weight: 1, arbitrary: fc.constant(t.uuid7(t.NOON_US / 1_000 + 90_000_000, 1)) },
    ),
    accounts: fc.constantFrom([A, B], [B, A], [A, C], [C, A], [B, C], [A, CLOSED], [NOBODY, A], [A, NOBODY]),
    amount: fc.bigInt({ min: 1n, max: 20n }),
    pending: fc.boolean(),
    expires: fc.boolean(),
  })
  .map(({ id, accounts: [debit, credit], amount, pending, expires }) =>
    t.create(id, [t.posting(debit, credit, amount)], {
      pending,
      expiresAfterSeconds: pending && expires ? 60 : 0,
    }),
  );

test('a run leaves the events and the state that one decision after the other leaves', () => {
  const seen = { booked: 0, left: 0 };
  fc.assert(
    fc.property(fc.array(item, { minLength: 80, maxLength: 200 }), (commands) => {
      const fast = begin(),
        slow = begin();
      for (const command of commands) slow.send(command);
      for (let at = 0; at < commands.length;) {
        const booked = run(fast, commands, at);
        fast.noted(booked);
        seen.booked += booked;
        at += booked;
        if (at === commands.length) break;
        // What it stopped at is none that it could have booked.
        const before = fast.state.nextSeq;
        const outcome = fast.send(commands[at++]);
        expect(outcome.done && fast.state.nextSeq > before, 'a plain transfer was left over').toBe(false);
        seen.left++;
      }
      const [{ body: one }, { body: other }] = [fast.block, slow.block];
      expect(one.events).toBe(other.events);
      expect(Buffer.compare(one.bytes.subarray(0, one.end), other.bytes.subarray(0, other.end))).toBe(0);
      expect([...one.positions.subarray(0, one.events)]).toEqual([
        ...other.positions.subarray(0, other.events),
      ]);
      expect(t.snapshot(fast.state)).toEqual(t.snapshot(slow.state));
      expect(fast.state.applying).toBe(false);
    }),
    { numRuns: 100 },
  );
  expect(seen.booked).toBeGreaterThan(1_000);
  expect(seen.left).toBeGreaterThan(1_000);
});

test('a run ends where the block is full, by events and by bytes', () => {
  const commands = Array.from({ length: 150 }, (_, n) => t.create(t.uuid(500 + n), [t.posting(A, B, 1n)]));
  expect(run(begin(), commands, 0, { eventsMax: 70, bytesMax: 1_000_000 })).toBe(70);
  expect(run(begin(), commands, 0, { eventsMax: 1_000, bytesMax: 136 * 10 })).toBe(10);
  expect(run(begin(), commands, 100)).toBe(50);
});

test('a run leaves what is no column, and ids that may have been forgotten', () => {
  const commands = [1, 2, 3].map((n) => t.create(t.uuid7(t.NOON_US / 1_000, n), [t.posting(A, B, 1n)]));
  const ledger = begin();
  const batch = t.batchOf(commands);
  batch.form[1] = Form.command;
  const { body, timeUs } = ledger.block;
  const frame = { book: 1, nowUs: timeUs, day: dayOf(timeUs), body };
  expect(bookRun(ledger.state, batch, 0, 3, frame, ROOM)).toBe(1);
  expect(bookRun(ledger.state, batch, 1, 3, frame, ROOM)).toBe(0);
  const forgetful = begin();
  forgetful.state.ids.forgottenStampMs = t.NOON_US / 1_000;
  expect(run(forgetful, commands, 0)).toBe(0);
});
