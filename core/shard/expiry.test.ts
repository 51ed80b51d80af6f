import { expect, test, vi } from 'vitest';
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
  await r.must([hold(1, 60), hold(2, 90)]);
  r.loader.project(r.store.blocks(0));
  await r.takeOver(0);
  await r.must([hold(3, 315_360_000)]);
  expect(await round(r)).toBe(0);
  expect(r.loader.calls.slice(-2)).toEqual(['dueHolds', 'nextExpiry']);
  r.time.pass(59_999);
  expect(await round(r)).toBe(0);
  r.time.pass(1);
  expect(await round(r)).toBe(1);
  expect(held(r)).toBe(2n);
  // The read models do not show that yet, and it is not done twice.
  r.time.pass(30_000);
  expect(await round(r)).toBe(1);
  expect(held(r)).toBe(1n);
});

test('a hold that was let go of is found in the read models', async () => {
  const r = await rig();
  await r.must([hold(1, 60)]);
  r.loader.project(r.store.blocks(0));
  r.writer.state.progress.clear();
  r.writer.state.progressEvictions++;
  r.time.pass(60_000);
  expect(await round(r)).toBe(1);
  expect(held(r)).toBe(0n);
});

test('where nothing is due nobody is asked, however many holds there are', async () => {
  const r = await rig();
  await r.must(Array.from({ length: 3_000 }, (_, n) => hold(n, 3_600)));
  r.loader.project(r.store.blocks(0));
  await r.takeOver(0);
  expect(await round(r)).toBe(0);
  await r.must(Array.from({ length: 3_000 }, (_, n) => hold(10_000 + n, 3_600)));
  const values = vi.spyOn(r.writer.state.progress, 'values');
  r.loader.calls.length = 0;
  for (let second = 0; second < 100; second++) {
    expect(await round(r)).toBe(0);
    r.time.pass(1_000);
  }
  expect([r.loader.calls, values.mock.calls.length]).toEqual([[], 0]);
});

test('holds that are done do not gather until their time', async () => {
  const r = await rig();
  const { state } = r.writer;
  for (let n = 0; n < 10; n++) {
    const some = Array.from({ length: 1_000 }, (_, i) => 1_000 * n + i);
    await r.must(some.map((one) => hold(one, 3_600)));
    await r.must(some.map((one) => t.voiding(t.uuid(50_000 + one), id(one))));
    r.loader.project(r.store.blocks(0));
    state.progress.clear();
    state.progressEvictions++;
    expect(await round(r)).toBe(0);
  }
  expect(state.expiries.size).toBeLessThan(5_000);
});

test('a hold whose time came while the open block had begun before it is expired by the next round', async () => {
  const r = await rig();
  await r.must([hold(1, 60)]);
  const dueUs = r.ledgerTime.nowUs() + 60_000_000;
  // The timer looks a moment ahead of the block's own time.
  const expired = expireDue(r.writer, r.loader, dueUs);
  await quiet();
  await expired;
  expect(held(r)).toBe(1n);
  r.time.pass(60_000);
  expect(await round(r)).toBe(1);
  expect(held(r)).toBe(0n);
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
