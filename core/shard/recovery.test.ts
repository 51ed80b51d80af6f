import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as t from '../../test/support/ledger.ts';
import { LedgerModel, type Answer } from '../../test/support/ledgerModel.ts';
import { stream, type Step } from '../../test/support/ledgerStream.ts';
import { MemoryLoader } from '../../test/support/memoryLoader.ts';
import { Rig, quiet, type Sent } from '../../test/support/shard.ts';
import { Form, ItemFlag } from '../kernel/ledger/batch.ts';
import type { CreateTransaction, Uuid } from '../kernel/ledger/commands.ts';
import { wordsOf } from '../kernel/ledger/uuid.ts';
import { outcomesOf } from './commandWork.ts';
import { claim, recover } from './recovery.ts';
import { TransactionWork } from './transactionWork.ts';

/** What may befall a shard between two calls. */
type Mishap = 'none' | 'projected' | 'evicted' | 'restarted' | 'lost' | 'done' | 'late' | 'refused';
const mishap: fc.Arbitrary<Mishap> = fc.oneof(
  { weight: 8, arbitrary: fc.constant('none' as const) },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      'projected',
      'evicted',
      'evicted',
      'restarted',
      'lost',
      'done',
      'late',
      'refused',
    ),
  },
);

/** Lets go of everything that the read models have passed. */
function evict(r: Rig): void {
  const { state } = r.writer;
  const passed = r.loader.watermarkSeq;
  state.accounts.evict(1_000, passed);
  state.accounts.evict(1_000, passed);
  state.ids.forget(passed, Infinity);
  for (const [seq, { lastSeq }] of state.progress) {
    if (lastSeq > passed) continue;
    state.progress.delete(seq);
    state.progressEvictions++;
  }
  for (const [code, { seq }] of state.recentCodes) {
    if (seq > passed) continue;
    state.recentCodes.delete(code);
    state.codeEvictions++;
  }
}

async function befall(r: Rig, what: Mishap): Promise<void> {
  if (what === 'lost' || what === 'done' || what === 'late' || what === 'refused') r.store.fates = [what];
  if (what === 'projected' || what === 'evicted') r.loader.project(r.store.blocks(0));
  if (what === 'evicted') evict(r);
  if (what === 'restarted') await r.takeOver(0, { recentBytesMax: 1 });
}

function sendGroup(r: Rig, commands: readonly CreateTransaction[]): Sent {
  const batch = t.batchOf(
    commands.map((command) => ({ ...command, postings: command.postings.slice(0, 1) })),
  );
  commands.forEach((command, i) => {
    batch.form[i] = Form.command;
    batch.flags[i] = command.linked ? ItemFlag.linked : 0;
    batch.commands.set(i, command);
  });
  const sent: Sent = { answer: null, error: null };
  r.writer.submit(
    new TransactionWork({
      batch,
      book: 1,
      deadlineUs: Infinity,
      done: (position, outcomes) => (sent.answer = { position, outcomes: outcomesOf(outcomes) }),
      fail: (error) => (sent.error = error),
    }),
  );
  return sent;
}

async function answersOf(r: Rig, sent: Sent): Promise<Answer[]> {
  for (let i = 0; i < 5 && sent.answer === null && sent.error === null; i++) {
    await quiet(12);
    r.time.pass(100);
  }
  if (sent.answer === null) throw sent.error ?? new Error('no answer');
  return sent.answer.outcomes.map((outcome): Answer => {
    if (outcome.done) return { done: true, replayed: outcome.replayed, effects: outcome.effects };
    const { reason, remembered, replayed, account, posting } = outcome;
    return { done: false, reason, remembered, replayed, account, posting };
  });
}

async function perform(r: Rig, model: LedgerModel, step: Step): Promise<void> {
  if (step.kind === 'advance') return r.time.pass(step.seconds * 1_000);
  if (step.kind === 'send' && step.command.op === 'expire') return;
  // An append that is refused is tried again later; what was decided was decided now.
  model.nowUs = r.ledgerTime.nowUs();
  if (step.kind === 'group')
    expect(await answersOf(r, sendGroup(r, step.commands))).toEqual(model.group(step.commands));
  else {
    const { command } = step;
    const isPlain = command.op === 'create' && command.postings.length === 1;
    const sent = isPlain ? r.sendColumns([command]) : r.send([command]);
    expect(await answersOf(r, sent)).toEqual([model.send(command)]);
  }
}

async function recovered(r: Rig, loader = new MemoryLoader()) {
  const { store, time } = r;
  const claims = await claim({ shards: [0], owner: 'us', store, loader });
  return recover({ claim: claims.get(0)!, store, loader, seed: 77, clock: time });
}

test('is begun anew where the read models move between the claim and the replay: what adds up must not add up twice', async () => {
  const r = await Rig.start();
  const [hold, more] = [1, 2].map((n) => t.uuid(500 + n));
  await r.must([t.open(t.uuid(1)), t.open(t.uuid(2))]);
  await r.must([t.hold(hold, [t.posting(t.uuid(1), t.uuid(2), 10n)])]);
  const loader = new MemoryLoader();
  loader.project(r.store.blocks(0));
  await r.must([t.post(more, hold, { amounts: [{ posting: 0, amount: 6n }], keepOpen: true })]);
  const { store, time } = r;
  const claimed = (await claim({ shards: [0], owner: 'us', store, loader })).get(0)!;
  const again = () => recover({ claim: claimed, store, loader, seed: 77, clock: time });
  const posted = ({ state }: Awaited<ReturnType<typeof recover>>) =>
    [...state.progress.values()].map(({ postings }) => postings[0].posted);
  expect(posted(await again())).toContain(6n);
  // A batch that was on its way commits now.
  loader.project(r.store.blocks(0));
  await expect(again()).rejects.toThrow('moved');
});

describe('a shard', () => {
  test('says what the model says, whatever is evicted, restarted or lost on the way', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(stream, fc.infiniteStream(mishap), async (steps, mishaps) => {
        const r = await Rig.start({ recentBytesMax: 1 });
        const model = new LedgerModel(r.ledgerTime.nowUs());
        for (const step of steps) {
          const what = mishaps.next().value as Mishap;
          seen.add(what);
          await befall(r, what);
          await perform(r, model, step);
        }
        expect([r.lost, r.broken, r.poisoned]).toEqual([[], [], []]);
        // And from nothing but the journal it comes back as it was.
        const { state, replayed } = await recovered(r);
        expect(replayed).toBe(state.nextSeq - 1);
        for (const [id, { version, debits, credits, debitsHeld, creditsHeld }] of model.accounts) {
          const { accounts } = state;
          const slot = accounts.find(1, ...wordsOf(id as Uuid));
          expect({ version: BigInt(accounts.versionOf(slot)), ...accounts.countersOf(slot) }).toEqual({
            version,
            debitsPosted: debits,
            creditsPosted: credits,
            debitsPending: debitsHeld,
            creditsPending: creditsHeld,
          });
        }
      }),
      { numRuns: 25 },
    );
    expect(seen.size).toBe(8);
  }, 60_000);

  const [A, B] = [1, 2].map(t.uuid);

  async function written(): Promise<Rig> {
    const r = await Rig.start();
    await r.must([t.open(A), t.open(B)]);
    await r.must([t.create(t.uuid(10), [t.posting(A, B, 5n)])]);
    await r.must([t.create(t.uuid(11), [t.posting(A, B, 6n)])]);
    return r;
  }

  test('recovers from any height that the read models have reached to the same state', async () => {
    const r = await written();
    const whole = await recovered(r);
    for (let height = 0; height <= r.store.blocks(0).length; height++) {
      const loader = new MemoryLoader();
      loader.project(r.store.blocks(0).slice(0, height));
      const { state, tip, replayed } = await recovered(r, loader);
      expect([state.nextSeq, tip.hash, state.lastAccount]).toEqual([whole.state.nextSeq, whole.tip.hash, 2]);
      expect(replayed).toBe(state.nextSeq - 1 - loader.watermarkSeq);
      // What was not read from the journal may have been spent.
      expect(state.ids.othersKnown).toBe(loader.watermarkSeq === 0);
    }
  });

  test.each([
    ['a flipped bit in a body', (r: Rig) => (r.store.blocks(0)[2].body[40] ^= 1)],
    ['another block time', (r: Rig) => (r.store.blocks(0)[2].blockTimeUs += 1)],
    [
      'a missing block',
      (r: Rig) =>
        r.store.journal.set(
          0,
          r.store.blocks(0).filter(({ height }) => height !== 2),
        ),
    ],
    [
      'two blocks swapped',
      (r: Rig) => r.store.blocks(0).splice(1, 2, r.store.blocks(0)[2], r.store.blocks(0)[1]),
    ],
  ])('stops at %s', async (_, tamper) => {
    const r = await written();
    tamper(r);
    await expect(recovered(r)).rejects.toMatchObject({ name: 'TamperedRow' });
  });

  test('stops where the journal ends below what the read models have seen', async () => {
    const r = await written();
    const loader = new MemoryLoader();
    loader.project(r.store.blocks(0));
    r.store.journal.set(0, r.store.blocks(0).slice(0, -1));
    await expect(recovered(r, loader)).rejects.toMatchObject({ name: 'TamperedRow' });
  });
});
