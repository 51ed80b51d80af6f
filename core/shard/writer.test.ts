import { describe, expect, test } from 'vitest';
import * as t from '../../test/support/ledger.ts';
import { Rig, quiet, type RigOptions, type Sent } from '../../test/support/shard.ts';
import { viewOf } from '../kernel/ledger/body.ts';
import { TX } from '../kernel/ledger/layout.ts';
import { CallRefused, Uncertain } from './service.ts';
import type { Work } from './work.ts';

const [A, B, C, D] = [1, 2, 3, 4].map(t.uuid);
const id = (n: number) => t.uuid(1_000 + n);
const transfer = (n: number, amount = 1n) => t.create(id(n), [t.posting(A, B, amount)]);

async function rig(options: RigOptions = {}): Promise<Rig> {
  const rig = await Rig.start(options);
  await rig.must([t.open(A), t.open(B), t.open(C)]);
  return rig;
}

const pending = (...sent: Sent[]) => sent.map(({ answer, error }) => answer === null && error === null);

/** Work that says what happens to it. */
class ToldWork implements Work {
  readonly deadlineUs = Infinity;
  begun = false;
  decided = false;
  done = 0;
  failed: Error | null = null;
  readonly items: number;
  readonly #onStep: (items: number) => void;
  constructor(items: number, onStep: (items: number) => void) {
    this.items = items;
    this.#onStep = onStep;
  }
  step(_: unknown, most: number): number {
    const count = Math.min(most, this.items - this.done);
    this.#onStep(count);
    this.begun = true;
    this.done += count;
    this.decided = this.done === this.items;
    return count;
  }
  answer(): void {}
  fail(error: Error): void {
    this.failed = error;
  }
}

describe('group commit', () => {
  test('what arrives while an append is under way becomes one block', async () => {
    const r = await rig();
    const before = r.store.statements.length;
    const release = r.store.pause();
    const first = r.send([transfer(1)]);
    await quiet();
    const others = [2, 3, 4, 5].map((n) => r.send([transfer(n)]));
    await quiet();
    expect(r.store.statements.length).toBe(before + 1);
    expect(pending(first, ...others)).toEqual([true, true, true, true, true]);
    release();
    await quiet();
    expect(pending(first, ...others)).toEqual([false, false, false, false, false]);
    expect(r.store.statements.slice(before).map(([block]) => block.eventCount)).toEqual([1, 4]);
  });

  test('blocks of several shards go in one statement', async () => {
    const r = await Rig.start({ shards: 2 });
    const release = r.store.pause();
    r.send([t.open(A)], { shard: 0 });
    await quiet();
    r.send([t.open(B)], { shard: 0 });
    r.send([t.open(A)], { shard: 1 });
    await quiet();
    release();
    await quiet();
    expect(
      r.store.statements
        .at(-1)!
        .map(({ shard }) => shard)
        .sort((a, b) => a - b),
    ).toEqual([0, 1]);
  });

  test('an answer names the block on which it was decided', async () => {
    const r = await rig();
    const { position } = await r.must([transfer(1)]);
    const block = r.store.blocks(0).at(-1)!;
    expect(position).toMatchObject({ shard: 0, epoch: 2, seq: 4, height: block.height });
    expect([...position.blockHash]).toEqual([...block.hash]);
  });
});

describe('answers wait for the height on which they were decided', () => {
  test('replays, duplicates and refusals that are not journalled included', async () => {
    const r = await rig();
    const release = r.store.pause();
    const all = [
      r.send([transfer(1)]),
      r.send([transfer(1)]),
      r.send([transfer(1, 2n)]),
      r.send([{ op: 'malformed', reason: 'MISSING_FIELD', field: 'id' }]),
      r.sendColumns([transfer(1)]),
    ];
    await quiet();
    expect(pending(...all)).toEqual([true, true, true, true, true]);
    // And so do those that come when that block is sealed and nothing fills behind it.
    const late = r.send([transfer(1)]);
    await quiet();
    expect(pending(late)).toEqual([true]);
    release();
    await quiet();
    expect(all.map(({ answer }) => answer!.outcomes[0])).toMatchObject([
      { done: true, replayed: false },
      { done: true, replayed: true },
      { reason: 'ID_REUSED' },
      { reason: 'MISSING_FIELD' },
      { done: true, replayed: true },
    ]);
    expect(late.answer!.outcomes[0]).toMatchObject({ replayed: true });
  });

  test('and come at once where everything is durable, without a block of their own', async () => {
    const r = await rig();
    await r.must([transfer(1)]);
    const before = r.store.statements.length;
    r.store.pause();
    const replay = r.send([transfer(1)]);
    await quiet();
    expect(replay.answer!.outcomes[0]).toMatchObject({ replayed: true });
    expect(r.store.statements.length).toBe(before);
  });

  test('an answer that throws keeps no other one back', async () => {
    const r = await rig();
    const release = r.store.pause();
    const first = r.send([transfer(1)]);
    const bad = new ToldWork(1, () => {});
    bad.answer = () => {
      throw new Error('the connection is gone');
    };
    r.writer.submit(bad);
    const last = r.send([transfer(2)]);
    await quiet();
    release();
    await quiet();
    expect(pending(first, last)).toEqual([false, false]);
    expect(r.troubles).toEqual([]);
    expect(r.writer.phase).toBe('writing');
    await r.must([transfer(3)]);
  });
});

describe('the mailbox', () => {
  test('refuses at once what it cannot hold', async () => {
    const r = await rig({ mailboxItemsMax: 3, admits: () => true });
    r.writer.hold();
    r.send([transfer(1), transfer(2)]);
    expect(() => r.send([transfer(3), transfer(4)])).toThrow(
      expect.objectContaining({ name: 'CallRefused', reason: 'OVERLOADED' }),
    );
    r.send([transfer(3)]);
    expect(r.writer.queuedItems).toBe(3);
  });

  test('takes a call that alone is larger, when it is empty', async () => {
    const r = await rig({ mailboxItemsMax: 3 });
    const { outcomes } = await r.must([1, 2, 3, 4, 5].map((n) => transfer(n)));
    expect(outcomes.length).toBe(5);
    expect(r.writer.queuedItems).toBe(0);
  });

  test('drops what is past its deadline before any work is done', async () => {
    const r = await rig();
    const late = r.send([transfer(1)], { deadlineUs: r.time.monotonicUs() + 1_000 });
    const patient = r.send([transfer(2)], { deadlineUs: r.time.monotonicUs() + 10_000 });
    r.time.pass(2);
    await quiet();
    expect(late.error).toMatchObject({ reason: 'DEADLINE_PASSED' });
    expect(patient.answer).not.toBeNull();
    expect(await r.must([transfer(1)])).toMatchObject({ outcomes: [{ done: true, replayed: false }] });
  });

  test('admits nothing while the read models lag too far behind, and goes on when told', async () => {
    let admits = true;
    const r = await rig({ admits: () => admits });
    admits = false;
    const sent = r.send([transfer(1)]);
    await quiet();
    expect(pending(sent)).toEqual([true]);
    admits = true;
    r.writer.wake();
    await quiet();
    expect(pending(sent)).toEqual([false]);
  });

  test('lets a small call through between the slices of a big one', async () => {
    const r = await rig();
    const order: string[] = [];
    const big = (name: string) => new ToldWork(2_048, () => order.push(name));
    const small = (count: number) => new ToldWork(count, () => order.push(`small ${count}`));
    for (const work of [big('A'), big('B'), small(1_000), small(100), small(10)]) r.writer.submit(work);
    await quiet();
    expect(order).toEqual(['small 1000', 'small 100', 'A', 'small 10', 'A', 'B', 'B']);
  });

  test('lets others pass one that can go on only with the next block', async () => {
    const r = await rig();
    const order: string[] = [];
    const stuck = new ToldWork(10, () => order.push('stuck'));
    // As an expiry does where the block has its fill of them.
    stuck.step = () => (order.length < 3 ? 0 : ToldWork.prototype.step.call(stuck, undefined, 10));
    r.writer.submit(stuck);
    for (const name of ['A', 'B', 'C']) r.writer.submit(new ToldWork(1, () => order.push(name)));
    await quiet();
    expect(order).toEqual(['A', 'B', 'C', 'stuck']);
  });

  test('lets the event loop go between turns of a very big one', async () => {
    const r = await rig();
    const order: string[] = [];
    r.writer.submit(new ToldWork(20_000, () => order.push('slice')));
    r.time.soon(() => order.push('somebody else'));
    await quiet();
    expect(order.indexOf('somebody else')).toBe(8);
  });
});

describe('block time', () => {
  const timeOf = (r: Rig) => r.store.blocks(0).at(-1)!.blockTimeUs;

  test('never falls, though the clock of the database does', async () => {
    const r = await rig();
    await r.must([transfer(1)]);
    const before = timeOf(r);
    r.store.timeUs -= 3_600_000_000;
    for (let i = 0; i < 5; i++) await r.ledgerTime.read();
    await r.must([transfer(2)]);
    expect(timeOf(r)).toBe(before);
    expect(r.ledgerTime.nowUs()).toBeLessThan(before);
  });

  test('walks after a clock that leaps', async () => {
    const r = await rig();
    const before = r.ledgerTime.nowUs();
    r.store.timeUs += 3_600_000_000;
    await r.ledgerTime.read();
    expect(r.ledgerTime.nowUs()).toBe(before + 1_000_000);
  });

  test('is that of the first event, however long ago something was only replayed', async () => {
    const r = await rig();
    await r.must([t.hold(id(1), [t.posting(A, B, 1n)], { expiresAfterSeconds: 60 })]);
    await r.must([t.hold(id(1), [t.posting(A, B, 1n)], { expiresAfterSeconds: 60 })]);
    r.time.pass(86_400_000);
    const late = r.send([t.post(id(2), id(1))]);
    await quiet();
    expect(late.answer!.outcomes[0]).toMatchObject({ reason: 'ALREADY_EXPIRED' });
    expect(timeOf(r)).toBe(r.ledgerTime.nowUs());
    const block = r.store.blocks(0).at(-1)!;
    expect(block.eventCount).toBe(1);
  });

  test('is that of the first event also for columns, and for a block without events', async () => {
    const r = await rig();
    await r.must([transfer(1)]);
    await r.must([transfer(1)]);
    r.time.pass(86_400_000);
    r.sendColumns([transfer(2)]);
    await quiet();
    const block = r.store.blocks(0).at(-1)!;
    expect(block.blockTimeUs).toBe(r.ledgerTime.nowUs());
    expect(viewOf(block.body).getInt32(TX.date, true)).toBe(Math.floor(r.ledgerTime.nowUs() / t.DAY_US));
    await r.must([transfer(1)]);
    r.time.pass(86_400_000);
    r.writer.requestEmptyBlock();
    await quiet();
    expect(timeOf(r)).toBe(r.ledgerTime.nowUs());
  });
});

describe('a shard that ends', () => {
  test('says honestly what is open and what was never done', async () => {
    const r = await rig();
    r.store.pause();
    const inFlight = r.send([transfer(1)]);
    await quiet();
    const filling = r.send([transfer(2)]);
    await quiet();
    r.writer.hold();
    const queued = r.send([transfer(3)]);
    r.writer.end(new CallRefused('SHARD_STOPPED'));
    expect(inFlight.error).toBeInstanceOf(Uncertain);
    expect(filling.error).toBeInstanceOf(Uncertain);
    expect(queued.error).toMatchObject({ name: 'CallRefused', reason: 'SHARD_STOPPED' });
    expect(() => r.send([transfer(4)])).toThrow(CallRefused);
  });
});

describe('a poisoned call', () => {
  /** Decides something, leaves half an event, and throws. */
  class Poison extends ToldWork {
    override step(writer: never): number {
      this.begun = true;
      (writer as Rig['writer']).openBlock().body.begin(10, 0, 64);
      throw new Error('poison');
    }
  }

  test('fails alone: nothing of it is written, and the others go on', async () => {
    const r = await rig();
    const release = r.store.pause();
    const before = r.send([transfer(1)]);
    const poison = new Poison(1, () => {});
    r.writer.submit(poison);
    const after = r.send([transfer(2)]);
    await quiet();
    release();
    await quiet();
    expect(poison.failed).toBeInstanceOf(Uncertain);
    expect(pending(before, after)).toEqual([false, false]);
    expect([r.poisoned.length, r.broken.length]).toEqual([1, 0]);
    expect(r.writer.phase).toBe('writing');
    expect(r.writer.queuedItems).toBe(0);
    const block = r.store.blocks(0).at(-1)!;
    expect(block.eventCount).toBe(2);
    expect(await r.must([transfer(3)])).toMatchObject({ outcomes: [{ done: true, seq: 6 }] });
  });

  test('that fails while it is applied breaks the shard, and is told so itself', async () => {
    const r = await rig();
    const poison = new ToldWork(1, () => {
      r.writer.openBlock().body.begin(99, 0, 64);
      r.writer.apply(0);
    });
    r.writer.submit(poison);
    const other = r.send([transfer(1)]);
    await quiet();
    expect(r.broken.length).toBe(1);
    expect(poison.failed).not.toBeNull();
    expect(other.error).not.toBeNull();
  });
});

describe('what is not in memory', () => {
  test('is loaded from the read models, once', async () => {
    const r = await rig();
    await r.must([transfer(1)]);
    r.loader.project(r.store.blocks(0));
    // Untouched twice over: gone.
    r.writer.state.accounts.evict(100, r.loader.watermarkSeq);
    expect(r.writer.state.accounts.evict(100, r.loader.watermarkSeq)).toBe(3);
    const { outcomes } = await r.must([transfer(2), transfer(3)]);
    expect(outcomes).toMatchObject([
      { effects: [{ debit: { version: 2n } }] },
      { effects: [{ debit: { version: 3n } }] },
    ]);
    expect(r.loader.calls.filter((call) => call !== 'accountsByCode')).toEqual(['accountsById']);
  });

  test('is read again where something was evicted meanwhile', async () => {
    const r = await rig();
    r.loader.project(r.store.blocks(0));
    const evict = () => {
      r.writer.state.accounts.evict(100, r.loader.watermarkSeq);
      r.writer.state.accounts.evict(100, r.loader.watermarkSeq);
    };
    evict();
    let answer = () => {};
    r.loader.delay = () => new Promise((resolve) => (answer = resolve));
    const slow = r.send([transfer(1)]);
    await quiet();
    // While that reading is under way, another call loads, changes and loses the same accounts again.
    r.loader.delay = () => Promise.resolve();
    await r.must([transfer(2, 5n)]);
    r.loader.project(r.store.blocks(0));
    evict();
    answer();
    await quiet();
    expect(slow.answer!.outcomes).toMatchObject([{ effects: [{ debit: { version: 2n, posted: -6n } }] }]);
  });

  test('and absent there is remembered only as long as nothing was evicted', async () => {
    const r = await rig();
    r.loader.project(r.store.blocks(0));
    let answer = () => {};
    r.loader.delay = () => new Promise((resolve) => (answer = resolve));
    const slow = r.send([t.open(t.uuid(50), { code: 'till' })]);
    await quiet();
    r.loader.delay = () => Promise.resolve();
    await r.must([t.open(D, { code: 'till' })]);
    r.loader.project(r.store.blocks(0));
    // What the read models have passed is let go of.
    r.writer.state.recentCodes.clear();
    r.writer.state.codeEvictions++;
    answer();
    await quiet();
    expect(slow.answer!.outcomes).toMatchObject([{ reason: 'CODE_TAKEN' }]);
  });

  test('replays find their event in the journal', async () => {
    const r = await rig({ recentBytesMax: 1 });
    const first = await r.must([transfer(1), t.create(id(2), [t.posting(A, D, 1n)])].slice(0, 1));
    const refused = r.send([t.create(id(2), [t.posting(A, D, 1n)])]);
    await quiet();
    await r.must([transfer(3)]);
    r.loader.project(r.store.blocks(0));
    const { ids } = r.writer.state;
    ids.forget(r.loader.watermarkSeq, Infinity);
    expect(ids.size).toBe(0);
    const again = r.send([transfer(1), t.create(id(2), [t.posting(A, D, 1n)]), transfer(1, 2n)]);
    await quiet();
    expect(again.answer!.outcomes).toMatchObject([
      { ...first.outcomes[0], replayed: true },
      { ...refused.answer!.outcomes[0], replayed: true },
      { reason: 'ID_REUSED', field: 'postings[0].amount' },
    ]);
  });

  test('a hold is brought back with what became of it', async () => {
    const r = await rig();
    await r.must([
      t.hold(id(1), [t.posting(A, B, 10n)]),
      t.post(id(2), id(1), { amounts: [{ posting: 0, amount: 4n }], keepOpen: true }),
      t.reverse(id(3), id(2), { amounts: [{ posting: 0, amount: 1n }] }),
    ]);
    r.loader.project(r.store.blocks(0));
    r.writer.state.progress.clear();
    r.writer.state.progressEvictions++;
    const sent = r.send([
      t.post(id(4), id(1), { amounts: [{ posting: 0, amount: 7n }] }),
      t.reverse(id(5), id(2), { amounts: [{ posting: 0, amount: 4n }] }),
      t.post(id(6), id(1)),
      t.reverse(id(7), id(2)),
    ]);
    await quiet();
    expect(sent.answer!.outcomes).toMatchObject([
      { reason: 'EXCEEDS_HELD' },
      { reason: 'EXCEEDS_ORIGINAL' },
      { done: true, effects: [{ credit: { posted: 9n } }] },
      { done: true, effects: [{ debit: { posted: 6n } }] },
    ]);
  });

  test('and an account once absent may have been opened while more was loaded', async () => {
    const r = await rig();
    await r.must([t.hold(id(1), [t.posting(A, B, 10n)])]);
    const letGo = () => {
      r.loader.project(r.store.blocks(0));
      r.writer.state.accounts.evict(100, r.loader.watermarkSeq);
      r.writer.state.accounts.evict(100, r.loader.watermarkSeq);
    };
    letGo();
    r.writer.state.progress.clear();
    r.writer.state.progressEvictions++;
    // The first reading finds the hold and no account D; the second one, for the hold's accounts, takes its time.
    const waiting: (() => void)[] = [];
    r.loader.delay = () => new Promise((resolve) => waiting.push(resolve));
    const slow = r.send([t.post(id(2), id(1)), t.create(id(3), [t.posting(C, D, 1n)])]);
    await quiet();
    for (const answer of waiting.splice(0)) answer();
    await quiet();
    expect(waiting.length).toBe(1);
    r.loader.delay = () => Promise.resolve();
    await r.must([t.open(D)]);
    letGo();
    for (const answer of waiting.splice(0)) answer();
    await quiet();
    expect(slow.answer!.outcomes).toMatchObject([{ done: true }, { done: true }]);
  });
});
