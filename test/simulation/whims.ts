import type { EventKind, MovedByOthers } from '../../core/kernel/payments/commands.ts';
import type { Intent, Operation } from '../../core/kernel/payments/model.ts';
import type { PaymentsRig } from './paymentsRig.ts';
import type { SimulatedPsp } from './simulatedPsp.ts';

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
  await tell(r, psp, about, { kind });
}

async function takeBack(r: PaymentsRig, psp: SimulatedPsp, about: About): Promise<void> {
  const { intent, operation } = about;
  const isTaken = operation.kind === 'sale' || operation.kind === 'capture';
  // Of money that is nobody's here it is on its way back already.
  if (!isTaken || operation.state !== 'succeeded' || operation.source === 'unapplied') return;
  if (!psp.takeBack(operation.id, intent.attempts[operation.attempt].operation)) return;
  await tell(r, psp, about, { kind: 'capture_failed' });
}

async function dispute(r: PaymentsRig, psp: SimulatedPsp, about: About): Promise<void> {
  const { intent, operation } = about;
  const { captured, refunded } = intent.counters;
  const isTaken = operation.kind === 'sale' || operation.kind === 'capture';
  if (!isTaken || operation.state !== 'succeeded' || operation.source === 'unapplied') return;
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

async function tell(
  r: PaymentsRig,
  psp: SimulatedPsp,
  { intent, operation }: About,
  what: { kind: EventKind; moved?: MovedByOthers },
): Promise<void> {
  await r.send({
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
