import type { Uuid } from '../kernel/ledger/commands.ts';
import type { Intent, Operation } from '../kernel/payments/model.ts';
import type { CallKind, Guard } from './guard.ts';
import type {
  ListEventsCall,
  ListEventsOutcome,
  PspAdapter,
  PspCapabilities,
  PspOutcome,
  QueryCall,
  QueryOutcome,
} from './psp.ts';
import type { Held } from './said.ts';

/**
 * The longest that a provider is waited for; what is on its way then is unknown. Twice as long as a caller of the edge waits
 * (docs/adr/0034).
 */
const DEADLINE_MS = 10_000;
const CONTEXT = { deadlineMs: DEADLINE_MS };

/** What a provider needs to know to do an operation. */
export interface ProviderCall {
  readonly operation: Operation;
  readonly intent: Pick<Intent, 'id' | 'currency' | 'returnUrl' | 'statementDescriptor'>;
  readonly method: { readonly type: Intent['attempts'][number]['method']['type']; readonly token: string };
  /** Our reference of the authorisation or sale, and the provider's. */
  readonly target: Uuid;
  readonly targetReference: string;
}

/** Who is told how a call went, for routing and metrics. */
export type OnCall = (
  call: { kind: CallKind; method: string; currency: string; isFirst: boolean },
  said: PspOutcome | QueryOutcome | ListEventsOutcome,
  tookMs: number,
) => void;

export interface ProviderOptions {
  /** What holds calls back while the provider is away; undefined lets every call through. */
  guard?: Guard;
  nowMs?: () => number;
  onCall?: OnCall;
}

/** A provider as the runner calls it: its adapter, whatever goes wrong in there turned into what it proves: nothing. */
export class Provider {
  readonly #adapter: PspAdapter;
  readonly #options: ProviderOptions;

  constructor(adapter: PspAdapter, options: ProviderOptions = {}) {
    this.#adapter = adapter;
    this.#options = options;
  }

  get name(): string {
    return this.#adapter.name;
  }

  get capabilities(): PspCapabilities {
    return this.#adapter.capabilities;
  }

  /** `mayGo` is asked when the call's turn has come, before anything is written. */
  async call(call: ProviderCall, mayGo: () => boolean): Promise<PspOutcome | Held> {
    const { kind, attempt } = call.operation;
    const about = { kind, method: call.method.type, currency: call.intent.currency, isFirst: attempt === 0 };
    const said = await this.#run(about, () =>
      mayGo() ? this.#send(call) : Promise.resolve<PspOutcome>({ done: 'not_sent', why: 'given up' }),
    );
    // As good as never sent: another route may have the payment. What belongs to this provider waits for it.
    const isFirstCall = kind === 'authorize' || kind === 'sale';
    return said.done === 'held' && isFirstCall ? { done: 'not_sent', why: said.why } : said;
  }

  /** Goes on with what the payer had to do something for; where nothing has been done it says so again. */
  async continue(operation: ProviderCall['operation']): Promise<QueryOutcome | Held> {
    const { id, kind, providerReference, redirectResult: returned = '' } = operation;
    const about = { kind, method: '', currency: '', isFirst: false } as const;
    const call = { operation: id, providerReference, returned };
    const said = await this.#run(about, () => this.#adapter.continue(call, CONTEXT));
    // Nothing of this call has arrived, which says nothing of the one before.
    return said.done === 'not_sent' ? { done: 'unknown', why: said.why } : said;
  }

  query(call: QueryCall): Promise<QueryOutcome | Held> {
    const about = { kind: 'query', method: '', currency: '', isFirst: false } as const;
    return this.#run(about, () => this.#adapter.query(call, CONTEXT));
  }

  /** A page of its list of events. Only of a provider that has one. */
  async listEvents(call: ListEventsCall, signal: AbortSignal): Promise<ListEventsOutcome | Held> {
    const about = { kind: 'events', method: '', currency: '', isFirst: false } as const;
    return this.#run(about, async () => {
      const page = await this.#adapter.listEvents?.(call, { ...CONTEXT, signal });
      return page ?? { done: 'not_sent', why: 'it has no list of events' };
    });
  }

  async #run<T extends PspOutcome | QueryOutcome | ListEventsOutcome>(
    about: Parameters<OnCall>[0],
    send: () => Promise<T>,
  ): Promise<T | Held | { done: 'unknown'; why: string }> {
    const { guard, nowMs, onCall } = this.#options;
    // Within the guard: an adapter that fails is as silent to the breaker and to the routing as one that is not answered.
    const proven = async (): Promise<T | { done: 'unknown'; why: string }> => {
      try {
        return await send();
      } catch (error) {
        return { done: 'unknown', why: `the adapter failed: ${(error as Error).message}` };
      }
    };
    const beganMs = nowMs?.() ?? 0;
    const said = guard === undefined ? await proven() : await guard.run(about.kind, proven);
    if (said.done !== 'held') onCall?.(about, said, (nowMs?.() ?? 0) - beganMs);
    return said;
  }

  #send({ operation, intent, method, target, targetReference }: ProviderCall): Promise<PspOutcome> {
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
          CONTEXT,
        );
      case 'capture':
        return adapter.capture({ ...followUp, final }, CONTEXT);
      case 'void':
        return adapter.void(followUp, CONTEXT);
      case 'refund':
        return adapter.refund(followUp, CONTEXT);
      case 'increment':
        return adapter.increment(followUp, CONTEXT);
    }
  }
}
