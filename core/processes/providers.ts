import type { PspAdapter, PspCapabilities, PspOutcome, QueryCall, QueryOutcome } from './psp.ts';
import type { ProviderCall } from './runner.ts';

/** The longest that a provider is waited for; what is on its way then is unknown. */
const DEADLINE_MS = 10_000;
/** Calls to one provider that are on their way at once, so that a slow one holds nobody else up. */
const CALLS_MAX = 512;

/** A provider as the runner calls it: its adapter behind a bound on what is under way. */
export class Provider {
  readonly #adapter: PspAdapter;
  #underWay = 0;
  readonly #queue: (() => void)[] = [];

  constructor(adapter: PspAdapter) {
    this.#adapter = adapter;
  }

  get capabilities(): PspCapabilities {
    return this.#adapter.capabilities;
  }

  async call(call: ProviderCall): Promise<PspOutcome> {
    return this.#bounded(
      () => this.#send(call),
      (why) => ({ done: 'unknown', why }),
    );
  }

  async query(call: QueryCall): Promise<QueryOutcome> {
    const context = { deadlineMs: DEADLINE_MS };
    return this.#bounded(
      () => this.#adapter.query(call, context),
      (why) => ({ done: 'unknown', why }),
    );
  }

  /** A defect of an adapter proves nothing about what the provider did. */
  async #bounded<T>(send: () => Promise<T>, failed: (why: string) => T): Promise<T> {
    if (this.#underWay >= CALLS_MAX) await new Promise<void>((resolve) => void this.#queue.push(resolve));
    this.#underWay++;
    try {
      return await send();
    } catch (error) {
      return failed(`the adapter failed: ${(error as Error).message}`);
    } finally {
      this.#underWay--;
      this.#queue.shift()?.();
    }
  }

  #send({ operation, intent, method, target, targetReference }: ProviderCall): Promise<PspOutcome> {
    const context = { deadlineMs: DEADLINE_MS };
    const { id, kind, amount, final } = operation;
    const adapter = this.#adapter;
    const { currency } = intent;
    const followUp = { operation: id, target, providerReference: targetReference, amount, currency };
    switch (kind) {
      case 'authorize':
      case 'sale':
        return adapter.authorize(
          {
            operation: id,
            amount,
            currency,
            token: method.token,
            method: method.type,
            capture: kind === 'sale',
            returnUrl: intent.returnUrl,
            statementDescriptor: intent.statementDescriptor,
            payment: intent.id,
          },
          context,
        );
      case 'capture':
        return adapter.capture({ ...followUp, final }, context);
      case 'void':
        return adapter.void(followUp, context);
      case 'refund':
        return adapter.refund(followUp, context);
      case 'increment':
        return adapter.increment(followUp, context);
    }
  }
}
