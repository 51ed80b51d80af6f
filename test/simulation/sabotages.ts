import type { Uuid } from '../../core/kernel/ledger/commands.ts';
import type { Outcome, PaymentCommand } from '../../core/kernel/payments/commands.ts';
import { isOpen } from '../../core/kernel/payments/transitions.ts';
import { Provider } from '../../core/processes/providers.ts';
import type { ProviderCall } from '../../core/processes/providers.ts';
import type { Sabotage } from './paymentsRig.ts';

/** Defects that payment systems have had, each built in as one change of what runs: the simulation must find every one. */
export const SABOTAGES: Readonly<Record<string, () => Sabotage>> = {
  'fails over from unknown': () => ({
    tell: (command) => changed(command, 'unknown', () => ({ done: 'not_sent', why: 'taken for not sent' })),
  }),
  'tries again under a new key': () => ({ provider: (psp) => new ForgetfulProvider(psp) }),
  'a late word regresses a proof': () => {
    const stale = new Set<Uuid>();
    return {
      before: ({ intents }) => {
        // A declined webhook of before the retry arrives after the capture, and is believed.
        for (const intent of intents.values())
          for (const operation of intent.operations)
            if (operation.kind === 'sale' && operation.state === 'succeeded' && !stale.has(operation.id)) {
              stale.add(operation.id);
              operation.state = 'failed';
              intent.counters.captured -= operation.amount;
            }
      },
    };
  },
  'an event counts from the moment at which it arrives': () => ({
    tell: (command, { rig }) =>
      command.op === 'recordEvent' ? { ...command, occurredUs: rig.ledgerTime.nowUs() } : command,
  }),
  'refunds do not share a counter': () => ({
    before: ({ intents }) => {
      for (const intent of intents.values()) intent.counters.refunding = 0n;
    },
  }),
  'a refund made elsewhere leaves as much to refund as before': () => {
    const seen = new Set<Uuid>();
    return {
      before: ({ intents }) => {
        for (const { operations, counters } of intents.values())
          for (const { id, foreign, source, state, amount } of operations)
            if (foreign === true && source === 'available' && state === 'succeeded' && !seen.has(id)) {
              seen.add(id);
              counters.refunded -= amount;
            }
      },
    };
  },
  'a fact is refused': () => ({
    tell: (command, rig) => {
      if (command.op !== 'recordOutcome') return command;
      const { canceling } = rig.rig.writer.state.payments.intents
        .values()
        .find(({ id }) => id === command.intent)!;
      // "The payment was canceled, so this cannot be."
      return canceling
        ? changed(command, 'succeeded', () => ({
            done: 'declined',
            code: 'generic_decline',
            providerCode: '',
            providerReference: '',
          }))
        : command;
    },
  }),
  'new terms are those of payments that were there before': () => ({
    before: ({ merchants }) => {
      for (const { terms } of merchants.values()) terms.fill(terms[terms.length - 1]);
    },
  }),
  'a reserve is released before its time': () => ({
    before: ({ intents }) => {
      for (const intent of intents.values())
        intent.reserves = intent.reserves.map(({ amount }) => ({ amount, untilUs: 0 }));
    },
  }),
  'timers are lost at a restart': () => ({
    restarted: (payments) => {
      payments.storedDueUs = Infinity;
      payments.dues.retain(() => false);
    },
  }),
};

function changed(
  command: PaymentCommand,
  done: Outcome['done'],
  into: (outcome: Outcome) => Outcome,
): PaymentCommand {
  if (command.op !== 'recordOutcome' || command.outcome.done !== done) return command;
  return { ...command, outcome: into(command.outcome) };
}

/** Asks again by a call of its own, with a key of its own. */
class ForgetfulProvider extends Provider {
  #tries = 0;
  readonly #calls = new Map<Uuid, ProviderCall>();

  override call(call: ProviderCall, mayGo: () => boolean) {
    this.#calls.set(call.operation.id, call);
    return super.call(call, mayGo);
  }

  override async query(query: Parameters<Provider['query']>[0]) {
    const call = this.#calls.get(query.operation);
    if (call === undefined || !isOpen(call.operation.state)) return super.query(query);
    const id = `${call.operation.id.slice(0, 24)}${String(++this.#tries).padStart(12, '0')}` as Uuid;
    const said = await super.call({ ...call, operation: { ...call.operation, id } }, () => true);
    return said.done === 'not_sent' ? { done: 'unknown' as const, why: said.why } : said;
  }
}
