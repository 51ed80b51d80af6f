import type { Uuid } from '../../core/kernel/ledger/commands.ts';
import { chart } from '../../core/kernel/payments/chart.ts';
import type { PaymentCommand } from '../../core/kernel/payments/commands.ts';
import { expiryOf } from '../../core/kernel/payments/due.ts';
import type { Intent, IntentState, Reserve } from '../../core/kernel/payments/model.ts';
import { lostOf } from '../../core/kernel/payments/said.ts';
import { isOpen } from '../../core/kernel/payments/transitions.ts';
import { operate } from './operator.ts';
import {
  PaymentsRig,
  type Sabotage,
  customerOf,
  intentOf,
  merchant,
  paymentMethodOf,
} from './paymentsRig.ts';
import { type FaultRates, NO_FAULTS } from './simulatedPsp.ts';
import { triedTooOften } from './triedTooOften.ts';
import { verified } from './verified.ts';
import { whim } from './whims.ts';

const DAY_MS = 86_400_000;

/** States of payments that end by themselves at a moment. */
const ENDING: ReadonlySet<IntentState> = new Set([
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'requires_capture',
  'partially_captured',
]);

/** What a seed has found wrong; [] for nothing. */
export async function runSeed(seed: number, sabotage: Sabotage = {}): Promise<string[]> {
  const r = await PaymentsRig.start(seed, { sabotage, byEvents: seed % 2 === 1 });
  const { random } = r;
  const isChallenging = seed % 3 === 0;
  // Longer than an authorisation stands; of a challenge nothing but the payment's own time tells the end.
  const expiresAfterSeconds = seed % 5 === 0 && !isChallenging ? 30 * 86_400 : 3_600;
  const shop = r.id();
  const terms = { feesReturned: random() < 0.5, settlementDays: Math.floor(random() * 3) };
  await r.send(merchant(shop, { ...terms, reserve: reserveOf(random) }));
  const payer = { customer: r.id(), paymentMethod: r.id() };
  await r.send(
    customerOf(payer.customer, shop),
    paymentMethodOf(payer.paymentMethod, shop, { customer: payer.customer }),
  );
  const ids: Uuid[] = [];
  // Now and then nearly everything is declined, so that cards are tried as often as they may be.
  const isDeclining = random() < 0.1;
  for (let turn = 0; turn < 12; turn++) {
    for (const psp of r.psps) {
      const reversed = psp.teller !== null && random() < 0.3 ? random() * 0.5 : 0;
      const challenge = isChallenging ? random() * 0.5 : 0;
      psp.rates = { ...ratesOf(random), reversed, challenge, ...(isDeclining ? { decline: 0.8 } : {}) };
    }
    const commands: PaymentCommand[] = [];
    for (let n = Math.floor(random() * 3) + (isDeclining ? 2 : 0); n >= 0; n--)
      commands.push(draw(r, { shop, ids, payer, tokens: isDeclining ? 1 : 3, expiresAfterSeconds }));
    await r.send(...commands);
    if (random() < 0.4) await whim(r);
    await r.pass(Math.floor(random() * 3_000), 250);
    if (random() < 0.2) await r.restart();
    if (random() < 0.3) r.forget();
    if (random() < 0.1) await r.pass(Math.floor(random() * 40_000), 2_000);
  }
  for (const psp of r.psps) psp.rates = NO_FAULTS;
  if (random() < 0.1) {
    // Nobody answers until no question is asked any more.
    for (const psp of r.psps) psp.rates = { ...NO_FAULTS, queryLost: 1 };
    await r.pass(600_000, 5_000);
    await r.pass(6 * DAY_MS, DAY_MS / 8);
    for (const psp of r.psps) psp.rates = NO_FAULTS;
  }
  if (random() < 0.5) r.project();
  // Every schedule runs out within a week, and every money is available by then.
  await r.pass(600_000, 5_000);
  await r.pass(8 * DAY_MS, DAY_MS / 8);
  if (random() < 0.3) await r.restart();
  await r.pass(2 * DAY_MS, DAY_MS / 8);
  await operate(r);
  // What has lapsed at the last moment is let go of.
  await r.pass(60_000, 2_500);
  await r.pass(DAY_MS / 8, DAY_MS / 96);
  return findings(r, shop);
}

/** None, one that is released within the run, or one that outlasts it. */
function reserveOf(random: () => number): Reserve {
  const days = [0, 1 + Math.floor(random() * 5), 90][Math.floor(random() * 3)];
  return { ppm: days === 0 ? 0 : 1 + Math.floor(random() * 300_000), days };
}

function ratesOf(random: () => number): Omit<FaultRates, 'reversed' | 'challenge'> {
  const rate = () => (random() < 0.4 ? random() * 0.5 : 0);
  return {
    decline: rate(),
    notSent: rate(),
    lost: rate(),
    replyLost: rate(),
    late: rate(),
    queryLost: rate(),
    mismatch: random() < 0.2 ? random() * 0.3 : 0,
    partial: random() < 0.3 ? random() * 0.5 : 0,
  };
}

interface Payer {
  customer: Uuid;
  /** Attached to the customer. */
  paymentMethod: Uuid;
}

/** The id of a refund that somebody asked for; undefined where nobody did. */
function refundOf(r: PaymentsRig, intent: Uuid): Uuid | undefined {
  const { operations } = r.intents.find(({ id }) => id === intent) ?? { operations: [] };
  return operations.flatMap(({ kind, request }) => (kind === 'refund' && request !== '' ? [request] : []))[0];
}

function draw(
  r: PaymentsRig,
  {
    shop,
    ids,
    payer,
    tokens,
    expiresAfterSeconds,
  }: { shop: Uuid; ids: Uuid[]; payer: Payer; tokens: number; expiresAfterSeconds: number },
): PaymentCommand {
  const { random } = r;
  const id = r.id();
  const roll = random();
  if (random() < 0.03) return otherTerms(r, shop);
  if (ids.length === 0 || roll < 0.35) {
    ids.push(id);
    return intentOf(id, shop, {
      amount: BigInt(1 + Math.floor(random() * 20_000)),
      capture: random() < 0.5 ? 'automatic' : 'manual',
      confirm: random() < 0.8,
      expiresAfterSeconds,
      acceptsPartial: random() < 0.5,
      method: { type: 'card', token: `tok_${Math.floor(random() * tokens)}` },
      ...(random() < 0.3 ? { ...payer, method: null } : {}),
    });
  }
  const intent = ids[Math.floor(random() * ids.length)];
  const amount = random() < 0.5 ? null : BigInt(1 + Math.floor(random() * 10_000));
  if (roll < 0.4) {
    const more = { method: null, reference: `order ${amount}`, description: null, metadata: null };
    return { op: 'updateIntent', id, intent, amount, ...more };
  }
  if (roll < 0.52) {
    const isAwaited = r.rig.writer.state.payments.intents
      .values()
      .some((one) => one.id === intent && one.state === 'requires_action');
    const brought = isAwaited ? { redirectResult: 'redirectResult=x' } : {};
    return { op: 'confirmIntent', id, intent, method: null, ...brought };
  }
  if (roll < 0.65) return { op: 'captureIntent', id, intent, amount, final: random() < 0.5 };
  if (roll < 0.72) return { op: 'incrementIntent', id, intent, amount: amount ?? 1n };
  if (roll < 0.8) return { op: 'cancelIntent', id, intent, reason: 'requested' };
  const metadata = { roll: String(roll) };
  const refund = roll < 0.97 ? undefined : refundOf(r, intent);
  return refund === undefined
    ? { op: 'refundIntent', id, intent, amount, metadata }
    : { op: 'updateRefund', id, intent, refund, metadata };
}

/** Other terms for the payments that come. */
function otherTerms(r: PaymentsRig, shop: Uuid): PaymentCommand {
  const ppm = Math.floor(r.random() * 100_000);
  return {
    op: 'updateMerchant',
    id: r.id(),
    merchant: shop,
    name: null,
    fees: [{ method: '', currency: 'EUR', ppm, fixed: 10n, cap: null }],
    tax: null,
    feesReturned: r.random() < 0.5,
    settlementDays: null,
    reserve: reserveOf(r.random),
    routing: null,
  };
}

/** What must hold once everything has settled: the provider's truth is the only measure. */
function findings(r: PaymentsRig, shop: Uuid): string[] {
  const found: string[] = [...r.rig.broken, ...r.rig.poisoned].map((error) => `broken: ${error.message}`);
  found.push(...verified(r.rig.store.blocks(0)));
  for (const psp of r.psps)
    if (r.receivable(psp) !== psp.owes())
      found.push(`${psp.name} owes ${psp.owes()}, the books say ${r.receivable(psp)}`);
  for (const intent of r.intents) found.push(...ofIntent(r, intent));
  found.push(...triedTooOften(r.rig.store.blocks(0)));
  const nowUs = r.rig.ledgerTime.nowUs();
  for (const { id, reserves } of r.intents)
    if (reserves.some(({ untilUs }) => untilUs < nowUs - DAY_MS * 1_000))
      found.push(`${id}: money is kept back for too long`);
  const inFlight = r.balance(chart.refundsInFlight('EUR'));
  const unapplied = r.balance(chart.unappliedFunds('EUR'));
  if (inFlight !== 0n) found.push(`${inFlight} of refunds stay in flight`);
  if (unapplied !== 0n) found.push(`${unapplied} belong to nobody`);
  if (r.balance(chart.authOpen('EUR')) !== r.balance(chart.authContra('EUR')))
    found.push('the memo accounts differ');
  if (r.balance(chart.pending(shop, 'EUR')) !== 0n) found.push('money stays pending');
  const reserve = r.balance(chart.reserve(shop, 'EUR'));
  const keptBack = r.intents.reduce((sum, { counters }) => sum + counters.reserve, 0n);
  if (reserve !== keptBack) found.push(`the reserve holds ${reserve}, of payments ${keptBack} are kept back`);
  return found;
}

function ofIntent({ psps, rig }: PaymentsRig, intent: Intent): string[] {
  const nowUs = rig.ledgerTime.nowUs();
  const found: string[] = [];
  const say = (what: string): void => void found.push(`${intent.id} (${intent.state}): ${what}`);
  let captured = 0n;
  let refunded = 0n;
  let charged = 0;
  for (const [index, { provider, operation }] of intent.attempts.entries()) {
    // What came late and could not be let go of an operator has seen: it lapses by itself.
    const isSeen = intent.operations.some(
      ({ kind, attempt, state }) => kind === 'void' && attempt === index && state === 'failed',
    );
    const payment = psps.find(({ name }) => name === provider)!.payments.get(operation);
    captured += payment?.captured ?? 0n;
    refunded += payment?.refunded ?? 0n;
    if ((payment?.captured ?? 0n) > 0n) charged++;
    if (
      payment !== undefined &&
      !isSeen &&
      payment.state === 'open' &&
      payment.authorized > payment.captured &&
      isFinal(intent)
    )
      say('an authorisation stays open at the provider');
  }
  if (intent.attention !== '') say(`an operator could not settle it: ${intent.attention}`);
  if (intent.state === 'conflicted') say('conflicted, and nobody has it');
  if (ENDING.has(intent.state)) {
    const endsUs = expiryOf(intent);
    const isHeld = intent.counters.memo > 0n;
    if (endsUs === Infinity || (isHeld && intent.attempts.at(-1)!.expiresAtUs === Infinity))
      say('nothing ends it');
    if (endsUs < nowUs - DAY_MS * 1_000) say('its end has passed');
  }
  const sentBack = intent.operations
    .filter(({ kind, state, source }) => kind === 'refund' && state === 'succeeded' && source === 'unapplied')
    .reduce((sum, { amount, said }) => sum + (said?.amount ?? amount), 0n);
  const contested = intent.disputes
    .filter(({ source, state }) => source === 'unapplied' && state === 'lost')
    .reduce((sum, { amount }) => sum + amount, 0n);
  if (captured !== intent.counters.captured + sentBack + contested - lostOf(intent))
    say(`charged ${captured}, books say ${intent.counters.captured}`);
  if (refunded !== intent.counters.refunded + sentBack)
    say(`refunded ${refunded}, books say ${intent.counters.refunded}`);
  // What came late goes back as a refund, or the payer's bank has called it back.
  if (charged > 1 && sentBack + contested === 0n) say('charged twice');
  const open = intent.operations.find(({ state, dueUs }) => isOpen(state) && dueUs === Infinity);
  if (open !== undefined) say(`${open.kind} is open and nobody will look at it`);
  if (intent.operations.some(({ state }) => isOpen(state))) say('still open after a week without faults');
  return found;
}

function isFinal({ state }: Intent): boolean {
  return state === 'succeeded' || state === 'canceled' || state === 'expired';
}
