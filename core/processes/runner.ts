import type { Uuid } from '../kernel/ledger/commands.ts';
import { derivedId } from '../kernel/payments/chart.ts';
import type { PaymentCommand } from '../kernel/payments/commands.ts';
import { stepsOf, type Step } from '../kernel/payments/due.ts';
import type { Intent, Operation } from '../kernel/payments/model.ts';
import type { OnTouched } from '../shard/payments.ts';
import type { StateLoader, Timers } from '../shard/ports.ts';
import type { PaymentAnswer } from '../shard/service.ts';
import type { Held } from '../shard/tenure.ts';
import type { ShardWriter } from '../shard/writer.ts';
import { outcomeOf, proven } from './outcome.ts';
import type { Provider } from './providers.ts';
import type { PspOutcome, QueryOutcome } from './psp.ts';

/** How often the runner looks for what has become due. */
const TICK_MS = 200;
/** Intents of one shard that are begun with in one look: the rest is looked at in the next one. */
const A_LOOK = 1_000;
const RETRY_MS = 250;

/** The shards, as far as a process needs them. */
export interface PaymentShards {
  held(): Iterable<Pick<Held, 'writer'>>;
  nowUs(shard: number): number;
  loaderOf(shard: number): Pick<StateLoader, 'duePayments' | 'nextPaymentDue'>;
  onPaymentsTouched(listener: OnTouched): () => void;
  /** Makes intents resident, by the seqs of the events that created them. */
  bringIn(writer: ShardWriter, intents: readonly number[]): Promise<void>;
  submitOutcomes(
    writer: ShardWriter,
    book: number,
    commands: readonly PaymentCommand[],
  ): Promise<PaymentAnswer>;
}

export interface RunnerOptions {
  shards: PaymentShards;
  timers: Timers;
  providers: ReadonlyMap<string, Provider>;
  log: (level: 'info' | 'warn', event: string, details: Record<string, unknown>) => void;
}

/**
 * Drives payments on: calls providers for what was journalled, asks about what is unknown, and brings back what came of
 * it as a command whose id derives from the call, so that whatever is done again is done once. It keeps nothing of its
 * own but which calls are on their way: what is to be done follows from the intents (`stepsOf`), after a restart too.
 */
export class PaymentRunner {
  readonly #options: RunnerOptions;
  readonly #underWay = new Set<string>();
  #stopped = false;
  #cancel: () => void = () => undefined;
  #unsubscribe: () => void = () => undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#unsubscribe = this.#options.shards.onPaymentsTouched((writer, intents) => {
      for (const seq of intents) this.#look(writer, seq);
    });
    this.#tick();
  }

  /** Begins nothing new; what is on its way is asked about after the next start. */
  stop(): void {
    this.#stopped = true;
    this.#unsubscribe();
    this.#cancel();
  }

  /** Never before what is committed: what a block made due at once is due as soon as it is durable. */
  #nowUs(writer: ShardWriter): number {
    return Math.max(this.#options.shards.nowUs(writer.shard), writer.committed.blockTimeUs);
  }

  readonly #trouble = (error: Error): void =>
    this.#options.log('warn', 'payments.trouble', { error: error.message });

  #tick(): void {
    if (this.#stopped) return;
    this.#lookAll()
      .catch(this.#trouble)
      .finally(() => {
        if (!this.#stopped) this.#cancel = this.#options.timers.after(TICK_MS, () => this.#tick());
      });
  }

  async #lookAll(): Promise<void> {
    for (const { writer } of this.#options.shards.held()) {
      if (writer.phase !== 'writing') continue;
      const nowUs = this.#nowUs(writer);
      const { payments } = writer.state;
      if (payments.storedDueUs <= nowUs) await this.#bringInDue(writer, nowUs).catch(this.#trouble);
      // It may have been held, or have ended, meanwhile: what is due stays due.
      if (writer.phase !== 'writing') continue;
      const due = new Set<number>();
      while (payments.dues.firstUs <= nowUs && due.size < A_LOOK) {
        due.add(payments.dues.firstSeq);
        payments.dues.removeFirst();
      }
      for (const seq of due) if (this.#look(writer, seq)) payments.dues.add(nowUs + RETRY_MS * 1_000, seq);
    }
  }

  /** Intents that only the read models know and that are due: a restart's way back to where it was. */
  async #bringInDue(writer: ShardWriter, nowUs: number): Promise<void> {
    const { shards } = this.#options;
    const loader = shards.loaderOf(writer.shard);
    const { payments } = writer.state;
    // What is let go of from here on says by itself when it is due.
    payments.storedDueUs = Infinity;
    let nextUs = nowUs;
    try {
      const seqs = await loader.duePayments(writer.shard, nowUs, A_LOOK);
      await shards.bringIn(
        writer,
        seqs.filter((seq) => !payments.intents.has(seq)),
      );
      nextUs =
        seqs.length === A_LOOK ? nowUs + TICK_MS * 1_000 : await loader.nextPaymentDue(writer.shard, nowUs);
    } finally {
      payments.storedDueUs = Math.min(payments.storedDueUs, nextUs);
    }
  }

  /** Does what is to be done about an intent. True where something was that cannot be told yet. */
  #look(writer: ShardWriter, seq: number): boolean {
    if (this.#stopped || writer.phase !== 'writing') return false;
    const intent = writer.state.payments.intents.get(seq);
    if (intent === undefined) return false;
    // What was decided and is not durable yet is not acted upon; its commit looks here again.
    if (intent.lastSeq > writer.committed.seq) return true;
    const nowUs = this.#nowUs(writer);
    const steps = stepsOf(intent, { nowUs, sinceUs: writer.sinceUs });
    for (const step of steps) this.#begin(writer, intent, step);
    return steps.length > 0;
  }

  #begin(writer: ShardWriter, intent: Intent, step: Step): void {
    const id = step.do === 'advance' ? intent.id : step.operation.id;
    const key = `${writer.shard} ${intent.book} ${id}`;
    if (this.#underWay.has(key)) return;
    this.#underWay.add(key);
    this.#take(writer, intent, step)
      .catch((error: Error) =>
        this.#options.log('warn', 'payments.step.trouble', { payment: intent.id, error: error.message }),
      )
      .finally(() => this.#underWay.delete(key));
  }

  async #take(writer: ShardWriter, intent: Intent, step: Step): Promise<void> {
    const { book } = intent;
    if (step.do === 'advance') {
      const id = derivedId(intent.id, `advance ${intent.version}`);
      await this.#tell(writer, book, { op: 'advanceIntent', id, intent: intent.id });
      return;
    }
    // The intent may move on while the provider is asked: what concerns the call is kept.
    const operation = { ...step.operation };
    const provider = this.#options.providers.get(intent.attempts[operation.attempt].provider);
    const said: PspOutcome | QueryOutcome =
      provider === undefined
        ? { done: 'unknown', why: 'the provider is not configured any more' }
        : step.do === 'call'
          ? await provider.call(callOf(intent, operation))
          : step.do === 'continue'
            ? await provider.continue(operation)
            : await this.#ask(provider, writer, operation);
    const nowUs = this.#nowUs(writer);
    const authorizationSeconds = provider?.capabilities.authorizationSeconds ?? 0;
    await this.#tell(writer, book, {
      op: 'recordOutcome',
      id: outcomeId(operation),
      intent: intent.id,
      operation: operation.id,
      outcome: outcomeOf(said, { nowUs, authorizationSeconds }),
    });
  }

  async #ask(provider: Provider, writer: ShardWriter, operation: Operation): Promise<QueryOutcome> {
    const { id, kind, providerReference, startedUs } = operation;
    const said = await provider.query({ operation: id, kind, providerReference });
    const nowUs = this.#nowUs(writer);
    return proven(said, { sinceUs: startedUs, nowUs, capabilities: provider.capabilities });
  }

  /** Brings a command in, however long the writer has no room; gives up only with the writer. */
  async #tell(writer: ShardWriter, book: number, command: PaymentCommand): Promise<void> {
    while (!this.#stopped && writer.phase !== 'ended') {
      try {
        await this.#options.shards.submitOutcomes(writer, book, [command]);
        return;
      } catch (error) {
        this.#options.log('warn', 'payments.outcome.trouble', {
          op: command.op,
          error: (error as Error).message,
        });
        await new Promise<void>((resolve) => void this.#options.timers.after(RETRY_MS, resolve));
      }
    }
  }
}

/** One for each time that something came of an operation: the same answer told twice is told once. */
function outcomeId({ id, state, startedUs, tries }: Operation): Uuid {
  return derivedId(id, `outcome ${state} ${startedUs} ${tries}`);
}

/** What a provider needs to know to do an operation. */
export interface ProviderCall {
  readonly operation: Operation;
  readonly intent: Pick<Intent, 'id' | 'currency' | 'returnUrl' | 'statementDescriptor'>;
  readonly method: { readonly type: Intent['attempts'][number]['method']['type']; readonly token: string };
  /** Our reference of the authorisation or sale, and the provider's. */
  readonly target: Uuid;
  readonly targetReference: string;
}

function callOf(intent: Intent, operation: Operation): ProviderCall {
  const attempt = intent.attempts[operation.attempt];
  const { id, returnUrl, statementDescriptor } = intent;
  return {
    operation,
    intent: { id, currency: operation.currency, returnUrl, statementDescriptor },
    method: attempt.method,
    target: attempt.operation,
    targetReference: attempt.providerReference,
  };
}
