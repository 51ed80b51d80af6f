import { expect, test } from 'vitest';
import * as t from '../../test/support/ledger.ts';
import { Rig, quiet } from '../../test/support/shard.ts';
import { EXPIRIES_PER_BLOCK_MAX } from '../kernel/ledger/limits.ts';
import { expireDue } from './expiry.ts';

const [A, B] = [1, 2].map(t.uuid);
const id = (n: number) => t.uuid(1_000 + n);
const hold = (n: number, expiresAfterSeconds: number) =>
  t.hold(id(n), [t.posting(A, B, 1n)], { expiresAfterSeconds });

async function rig(): Promise<Rig> {
  const rig = await Rig.start();
  await rig.must([t.open(A), t.open(B)]);
  return rig;
}

/** One round of the timer. */
async function round(r: Rig): Promise<number> {
  const expired = expireDue(r.writer, r.loader, r.ledgerTime.nowUs());
  await quiet();
  return await expired;
}

const held = ({ writer: { state } }: Rig) =>
  state.accounts.countersOf(state.accounts.slotOf(1)).debitsPending;

test('a hold expires when its time has come, once', async () => {
  const r = await rig();
  await r.must([hold(1, 60), hold(2, 90)]);
  r.time.pass(59_999);
  expect(await round(r)).toBe(0);
  r.time.pass(1);
  expect(await round(r)).toBe(1);
  expect(held(r)).toBe(1n);
  expect(await round(r)).toBe(0);
  r.time.pass(30_000);
  expect(await round(r)).toBe(1);
  expect(held(r)).toBe(0n);
});

test('a hold that only the read models know expires too, though a later one is in memory', async () => {
  const r = await rig();
  await r.must([hold(1, 60)]);
  r.loader.project(r.store.blocks(0));
  r.writer.state.progress.clear();
  r.writer.state.progressEvictions++;
  await r.must([hold(2, 315_360_000)]);
  expect(await round(r)).toBe(0);
  // A restart looks once; from then on it is this hint that counts.
  r.writer.state.nextExpiryUs = 0;
  expect(await round(r)).toBe(0);
  r.time.pass(60_000);
  expect(await round(r)).toBe(1);
  expect(held(r)).toBe(1n);
});

test('a flood of expiries takes several blocks', async () => {
  const r = await rig();
  const count = EXPIRIES_PER_BLOCK_MAX + 50;
  await r.must(Array.from({ length: count }, (_, n) => hold(n, 60)));
  r.time.pass(60_000);
  const first = await round(r);
  expect(first).toBe(EXPIRIES_PER_BLOCK_MAX);
  expect(await round(r)).toBe(50);
  expect(held(r)).toBe(0n);
});

test('what one call expires beyond the bound waits for the next block', async () => {
  const r = await rig();
  const count = EXPIRIES_PER_BLOCK_MAX + 50;
  await r.must(Array.from({ length: count }, (_, n) => hold(n, 60)));
  r.time.pass(60_000);
  const before = r.store.statements.length;
  let done = false;
  const { CommandWork } = await import('./commandWork.ts');
  r.writer.submit(
    new CommandWork({
      commands: Array.from({ length: count }, (_, n) => ({ op: 'expire' as const, target: id(n) })),
      book: 1,
      deadlineUs: Infinity,
      done: () => (done = true),
      fail: () => {},
    }),
  );
  await quiet();
  expect(done).toBe(true);
  expect(r.store.statements.slice(before).map(([block]) => block.eventCount)).toEqual([
    EXPIRIES_PER_BLOCK_MAX,
    50,
  ]);
});
