import type { EventKind, MovedByOthers } from '../../core/kernel/payments/commands.ts';
import type { Intent, Operation } from '../../core/kernel/payments/model.ts';
import type { PaymentOutcome } from '../../core/shard/service.ts';
import type { PaymentsRig } from './paymentsRig.ts';
import type { SimulatedPsp } from './simulatedPsp.ts';

const HOUR_MS = 3_600_000;

/** How a provider tells that it did after all what it had declined. */
const DONE: Readonly<Partial<Record<Operation['kind'], EventKind>>> = {
  authorize: 'authorized',
  sale: 'captured',
  capture: 'captured',
  refund: 'refunded',
  increment: 'authorized',
};

/** What providers and banks do by themselves: they change their minds, take money back, and let payers contest it. */
export async function whim(r: PaymentsRig): Promise<void> {
  const { random } = r;
  const { intents } = r;
  if (intents.length === 0) return;
  const intent = intents[Math.floor(random() * intents.length)];
  const failed = intent.operations.filter(({ state }) => state === 'failed');
  // Few fail, and these are the ones about which minds change.
  const among = failed.length > 0 && random() < 0.7 ? failed : intent.operations;
  const operation = among.at(Math.floor(random() * among.length));
  if (operation === undefined) return;
  const psp = r.psps.find(({ name }) => name === intent.attempts[operation.attempt].provider)!;
  const roll = random();
  if (random() < 0.25) return refundByHand(r, psp, { intent, operation });
  if (operation.state === 'failed' && roll < 0.8) await changeMind(r, psp, { intent, operation });
  else if (roll < 0.4) await takeBack(r, psp, { intent, operation });
  else await dispute(r, psp, { intent, operation });
}

interface About {
  intent: Intent;
  operation: Operation;
}

async function changeMind(r: PaymentsRig, psp: SimulatedPsp, about: About): Promise<void> {
  const kind = DONE[about.operation.kind];
  if (about.operation.state !== 'failed' || kind === undefined || !psp.changeMind(about.operation.id)) return;
  if (psp.teller === null) await tell(r, psp, about, { kind });
}

async function takeBack(r: PaymentsRig, psp: SimulatedPsp, about: About): Promise<void> {
  const { intent, operation } = about;
  const isTaken = operation.kind === 'sale' || operation.kind === 'capture';
  // Of money that is nobody's here it is on its way back already.
  if (!isTaken || operation.state !== 'succeeded' || operation.source === 'unapplied') return;
  if (!psp.takeBack(operation.id, intent.attempts[operation.attempt].operation)) return;
  if (psp.teller === null) await tell(r, psp, about, { kind: 'capture_failed' });
}

/** Somebody refunds at the provider's own pages, or the payer's bank sends such a refund back. */
async function refundByHand(r: PaymentsRig, psp: SimulatedPsp, about: About): Promise<void> {
  const first = about.intent.attempts[about.operation.attempt].operation;
  const payment = psp.payments.get(first);
  if (payment === undefined) return;
  const operation = about.intent.operations.find(({ id }) => id === first)!;
  const made = psp.byHand.at(-1);
  if (made !== undefined && made.payment === payment && r.random() < 0.3) {
    payment.refunded -= made.amount;
    psp.byHand.pop();
    await tell(r, psp, { ...about, operation }, { kind: 'refund_failed', moved: movedOf(about, made) });
    return;
  }
  const left = payment.captured - payment.refunded;
  if (left <= 0n) return;
  const amount = r.random() < 0.5 ? left : 1n + (left - 1n) / 2n;
  payment.refunded += amount;
  const one = { payment, amount, reference: `re_${r.id()}` };
  psp.byHand.push(one);
  const occurredUs = r.rig.ledgerTime.nowUs();
  const told = { kind: 'refunded', moved: movedOf(about, one), occurredUs } as const;
  for (let n = 0; n < 40; n++) {
    const [{ done }] = await tell(r, psp, { ...about, operation }, told);
    if (done) return;
    await r.pass(60_000, 5_000);
  }
  // A provider tells it again until it is taken in, for days.
  const again = (): void =>
    void r.rig.time.after(HOUR_MS, () => {
      tell(r, psp, { ...about, operation }, told).then(
        ([{ done }]) => done || again(),
        () => again(),
      );
    });
  again();
}

function movedOf({ intent }: About, { reference, amount }: { reference: string; amount: bigint }) {
  return { reference, amount, currency: intent.currency, cost: 0n };
}

async function dispute(r: PaymentsRig, psp: SimulatedPsp, about: About): Promise<void> {
  const { intent, operation } = about;
  const { captured, refunded } = intent.counters;
  const isTaken = operation.kind === 'sale' || operation.kind === 'capture';
  if (!isTaken || operation.state !== 'succeeded') return;
  if (operation.source === 'unapplied') return disputeNobodys(r, psp, about);
  const reference = `dp_${intent.id}`;
  const known = intent.disputes.find(({ id }) => id === reference);
  const amount = known?.amount ?? captured - refunded;
  if (amount <= 0n) return;
  const moved = { reference, amount, currency: intent.currency, cost: 0n };
  const kinds = ['dispute_opened', 'dispute_won', 'dispute_lost'] as const;
  const kind = known === undefined ? kinds[0] : kinds[1 + Math.floor(r.random() * 2)];
  if (known === undefined) psp.costs += 15n;
  psp.disputes.set(reference, kind === 'dispute_won' ? 0n : amount);
  await tell(r, psp, about, { kind, moved: { ...moved, cost: known === undefined ? 15n : 0n } });
}

/** Of money that came late, wherever it is by then. */
async function disputeNobodys(r: PaymentsRig, psp: SimulatedPsp, about: About): Promise<void> {
  const reference = `dp_${about.operation.id}`;
  if (about.intent.disputes.some(({ id }) => id === reference)) return;
  const amount = about.operation.said?.amount ?? about.operation.amount;
  const moved = { reference, amount, currency: about.intent.currency };
  psp.costs += 15n;
  psp.disputes.set(reference, amount);
  await tell(r, psp, about, { kind: 'dispute_opened', moved: { ...moved, cost: 15n } });
  await r.pass(Math.floor(r.random() * 5_000), 250);
  const kind = r.random() < 0.5 ? 'dispute_won' : 'dispute_lost';
  psp.disputes.set(reference, kind === 'dispute_won' ? 0n : amount);
  await tell(r, psp, about, { kind, moved: { ...moved, cost: 0n } });
}

async function tell(
  r: PaymentsRig,
  psp: SimulatedPsp,
  { intent, operation }: About,
  what: { kind: EventKind; moved?: MovedByOthers; occurredUs?: number },
): Promise<PaymentOutcome[]> {
  return r.send({
    op: 'recordEvent',
    id: r.id(),
    intent: intent.id,
    operation: operation.id,
    payment: '',
    provider: psp.name,
    occurredUs: r.rig.ledgerTime.nowUs(),
    proof: null,
    moved: null,
    ...what,
  });
}
