import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as t from '../../../test/support/ledger.ts';
import { LedgerModel, type Answer } from '../../../test/support/ledgerModel.ts';
import { stream, type Step } from '../../../test/support/ledgerStream.ts';
import { apply, progressOf } from './apply.ts';
import { Body, eachEvent, isTransaction } from './body.ts';
import type { CreateTransaction } from './commands.ts';
import { spentAt } from './context.ts';
import { decide } from './decide.ts';
import { availableBalance, postedBalance, reachableBalance } from './draft.ts';
import { Flag, HEADER, TX, TX_EXPIRY, TX_TARGET } from './layout.ts';
import { dayOf } from './limits.ts';
import { decideSimple } from './simple.ts';
import { LedgerState } from './state.ts';
import { AssetTable } from '../money/assets.ts';

/** What a kernel's answer and the model's have in common. */
function said(outcome: t.Sent): Answer | null {
  if (outcome.done) return { done: true, replayed: outcome.replayed, effects: outcome.effects };
  if (outcome.field === 'nothing') return null;
  const { reason, remembered, replayed, account, posting } = outcome;
  return { done: false, reason, remembered, replayed, account, posting };
}

/** The hot path's answer to a command on the present state, which it does not change, and the general path's. */
function expectSimpleAgrees(ledger: t.TestLedger, command: CreateTransaction): void {
  const { state, block, book } = ledger;
  const batch = t.batchOf([command]);
  const body = new Body(8),
    general = new Body(8);
  // Leftovers must not shine through.
  body.bytes.fill(0xee);
  const [{ debitAccount, creditAccount }] = command.postings;
  const [debit, credit] = [ledger.slot(debitAccount), ledger.slot(creditAccount)];
  const nowUs = block.timeUs;
  const frame = { book, nowUs, day: dayOf(nowUs), body };
  const isBooked = debit >= 0 && credit >= 0 && decideSimple(state.accounts, batch, 0, debit, credit, frame);
  const decision = decide({ ...ledger.context(), body: general }, command);
  if (decision.done === 'event') {
    expect(isBooked).toBe(true);
    expect([body.end, body.events]).toEqual([general.end, 1]);
    expect(Buffer.compare(body.bytes.subarray(0, body.end), general.bytes.subarray(0, general.end))).toBe(0);
    return;
  }
  if (decision.done !== 'refused') throw new Error('a new id is decided');
  expect([isBooked, body.end, body.events]).toEqual([false, 0, 0]);
}

function perform(ledger: t.TestLedger, step: Step): (Answer | null)[] {
  switch (step.kind) {
    case 'advance':
      ledger.advance(step.seconds * t.SECOND_US);
      return [];
    case 'group':
      return ledger.group(step.commands).map(said);
    case 'send':
      return [said(ledger.send(step.command))];
  }
}

function performOnModel(model: LedgerModel, step: Step): (Answer | null)[] {
  switch (step.kind) {
    case 'advance':
      model.nowUs += step.seconds * t.SECOND_US;
      return [];
    case 'group':
      return model.group(step.commands);
    case 'send':
      return [model.send(step.command)];
  }
}

const isPlain = (ledger: t.TestLedger, step: Step): step is Step & { command: CreateTransaction } =>
  step.kind === 'send' &&
  step.command.op === 'create' &&
  step.command.postings.length === 1 &&
  spentAt(ledger.context(), step.command.id) === 0;

/** What must hold at every moment. */
function expectSound(ledger: t.TestLedger, model: LedgerModel): void {
  const { accounts, assets } = ledger.state;
  const sums = new Map<string, bigint>();
  expect(accounts.size).toBe(model.accounts.size);
  for (const [id, modelled] of model.accounts) {
    const slot = ledger.slot(id as ReturnType<typeof t.uuid>);
    const [debitsPosted, creditsPosted, debitsPending, creditsPending] = ledger.counters(
      id as ReturnType<typeof t.uuid>,
    );
    const asset = assets.all[accounts.assetOf(slot)].code;
    sums.set(asset, (sums.get(asset) ?? 0n) + debitsPosted - creditsPosted);
    expect([debitsPending, creditsPending]).toEqual(model.heldOf(id));
    expect(BigInt(accounts.versionOf(slot))).toBe(modelled.version);
    const creditNormal = accounts.isCreditNormal(slot);
    const counters = { debitsPosted, creditsPosted, debitsPending, creditsPending };
    const [postedFloor, postedCeiling, availableFloor, availableCeiling] = accounts.limitsOf(slot);
    const posted = postedBalance(counters, creditNormal);
    expect(postedFloor === null || posted >= postedFloor).toBe(true);
    expect(postedCeiling === null || posted <= postedCeiling).toBe(true);
    expect(availableFloor === null || availableBalance(counters, creditNormal) >= availableFloor).toBe(true);
    expect(availableCeiling === null || reachableBalance(counters, creditNormal) <= availableCeiling).toBe(
      true,
    );
    expect(Object.values(counters).every((one) => one >= 0n)).toBe(true);
  }
  for (const [asset, sum] of sums) expect([asset, sum]).toEqual([asset, 0n]);
}

/** A state of its own, brought past the first events of those blocks. */
function replayed(blocks: readonly t.TestBlock[], events: number): LedgerState {
  const state = new LedgerState({ seed: 1_234_567, assets: new AssetTable() });
  const firsts: { view: DataView; at: number }[] = [];
  for (const { body, timeUs } of blocks) {
    const view = new DataView(body.bytes.slice(0, body.end).buffer);
    eachEvent(view, (_, at) => {
      if (firsts.length === events) return;
      firsts.push({ view, at });
      bringIn(state, firsts, view, at);
      apply(state, view, at, timeUs);
    });
  }
  return state;
}

/** What recovery loads before it replays: the target, if it is no hold. */
function bringIn(
  state: LedgerState,
  events: readonly { view: DataView; at: number }[],
  view: DataView,
  at: number,
): void {
  if (!isTransaction(view, at)) return;
  const flags = view.getUint16(at + HEADER.flags, true);
  if ((flags & Flag.hasTarget) === 0) return;
  const seq = Number(
    view.getBigInt64(
      at + TX.bytes + ((flags & Flag.hasExpiry) === 0 ? 0 : TX_EXPIRY.bytes) + TX_TARGET.seq,
      true,
    ),
  );
  if (state.progress.has(seq)) return;
  const target = events[seq - 1];
  state.progress.set(seq, progressOf(target.view, target.at, seq));
}

const RUNS = 100;

test('the kernel says what the model says, its books are sound at every step, and both its paths agree', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(stream, (steps) => {
      const ledger = new t.TestLedger(),
        model = new LedgerModel(t.NOON_US);
      for (const step of steps) {
        if (isPlain(ledger, step)) expectSimpleAgrees(ledger, step.command);
        expect(perform(ledger, step)).toEqual(performOnModel(model, step));
        expectSound(ledger, model);
      }
      for (let seq = 1; seq < ledger.state.nextSeq; seq++) {
        const { view, at } = ledger.event(seq);
        const kind = isTransaction(view, at)
          ? `kind ${view.getUint8(at + TX.kind)}`
          : `type ${view.getUint8(at + HEADER.type)}`;
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
      }
    }),
    { numRuns: RUNS },
  );
  // A stream that reaches little proves little.
  for (const kind of [
    'kind 1',
    'kind 2',
    'kind 3',
    'kind 4',
    'kind 5',
    'kind 6',
    'type 3',
    'type 4',
    'type 5',
    'type 20',
  ])
    expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(0);
});

test('the replay of all events is the live state, and any cut of them is a state that was', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(), { maxLength: 5 }), (steps, cuts) => {
      const ledger = new t.TestLedger();
      const lived = new Map<number, unknown>([[1, t.snapshot(ledger.state)]]);
      for (const step of steps) {
        perform(ledger, step);
        lived.set(ledger.state.nextSeq, t.snapshot(ledger.state));
      }
      const events = ledger.state.nextSeq - 1;
      expect(t.snapshot(replayed(ledger.blocks, events))).toEqual(lived.get(events + 1));
      for (const cut of cuts) {
        const upto = cut % (events + 1);
        const state = t.snapshot(replayed(ledger.blocks, upto));
        // Inside a group no moment was seen from outside; everywhere else it was.
        if (lived.has(upto + 1)) expect(state).toEqual(lived.get(upto + 1));
      }
    }),
    { numRuns: RUNS },
  );
});

test('the same commands leave the same bytes, whatever the seed of the tables', () => {
  fc.assert(
    fc.property(stream, (steps) => {
      const [one, other] = [new t.TestLedger(t.NOON_US, 7), new t.TestLedger(t.NOON_US, 4_242)].map(
        (ledger) => {
          for (const step of steps) perform(ledger, step);
          return ledger.blocks.map(({ body }) =>
            Buffer.from(body.bytes.subarray(0, body.end)).toString('hex'),
          );
        },
      );
      expect(one).toEqual(other);
    }),
    { numRuns: 50 },
  );
});
