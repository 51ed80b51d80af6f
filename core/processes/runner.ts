import type { Uuid } from '../kernel/ledger/commands.ts';
import { derivedId } from '../kernel/payments/chart.ts';
import type { PaymentCommand } from '../kernel/payments/commands.ts';
import { questionsOf, stepsOf, type Step } from '../kernel/payments/due.ts';
import type { Intent, Operation } from '../kernel/payments/model.ts';
import type { OnTouched } from '../shard/payments.ts';
import type { StateLoader, Timers } from '../shard/ports.ts';
import type { PaymentAnswer } from '../shard/service.ts';
import type { Held } from '../shard/tenure.ts';
import type { ShardWriter } from '../shard/writer.ts';
import { outcomeOf, proven } from './outcome.ts';
import { type Asking, Outages } from './outages.ts';
import type { Provider, ProviderCall } from './providers.ts';
import type { Said } from './said.ts';

/** How often the runner looks for what has become due. */
const TICK_MS = 200;
/** Intents of one shard that are begun with in one look: the rest is looked at in the next one. */
const A_LOOK = 1_000;
const RETRY_MS = 250;
/** Intents that a provider which is back is asked about at once. */
const OWED_PAGE = 100;

/** The shards, as far as a process needs them. */
export interface PaymentShards {
  held(): Iterable<Pick<Held, 'writer'>>;
  nowUs(shard: number): number;
  loaderOf(shard: number): Pick<StateLoader, 'duePayments' | 'nextPaymentDue' | 'owedPayments'>;
  onPaymentsTouched(listener: OnTouched): () => void;
  /** Makes intents resident, by the seqs of the events that created them. */
  bringIn(writer: ShardWriter, intents: readonly number[]): Promise<void>;
  submitOutcomes(
    writer: ShardWriter,
    book: number,
    commands: readonly PaymentCommand[],
  ): Promise<PaymentAnswer>;
}

/** Whether a step is taken when the schedule says so, or because a provider answers again. */
type When = 'planned' | 'unplanned';

export interface RunnerOptions {
  shards: PaymentShards;
  timers: Timers;
  nowMs: () => number;
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
  readonly #outages: Outages;
  readonly #asking = new Set<string>();
  #stopped = false;
  #cancel: () => void = () => undefined;
  #unsubscribe: () => void = () => undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#outages = new Outages(options.providers.keys(), options);
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
    for (const provider of this.#options.providers.keys()) this.#askOwing(provider);
  }

  /** Asks a provider that was away for what it owes, one page after the other. */
  #askOwing(provider: string): void {
    if (this.#asking.has(provider)) return;
    const asking = this.#outages.next(provider);
    if (asking === null) return;
    this.#asking.add(provider);
    this.#askAll(provider, asking)
      .catch(this.#trouble)
      .finally(() => this.#asking.delete(provider));
  }

  async #askAll(provider: string, asking: Asking): Promise<void> {
    for (const { writer } of this.#options.shards.held()) {
      if (writer.phase !== 'writing') continue;
      for (let after = 0; ;) {
        const loader = this.#options.shards.loaderOf(writer.shard);
        const limit = asking === 'probe' ? 1 : OWED_PAGE;
        const seqs = await loader.owedPayments(writer.shard, { provider, after, limit });
        const came = await this.#askAbout(writer, provider, seqs);
        if (came === 'silence' || (asking === 'probe' && came === 'answers')) return;
        if (seqs.length < limit) break;
        after = seqs[seqs.length - 1];
      }
    }
    if (asking === 'all') this.#outages.caughtUp(provider);
  }

  /** `silence`: the provider is away again, or nobody may ask any more. `nothing`: it could be asked about none of them. */
  async #askAbout(
    writer: ShardWriter,
    provider: string,
    seqs: readonly number[],
  ): Promise<'answers' | 'silence' | 'nothing'> {
    const { intents } = writer.state.payments;
    await this.#options.shards.bringIn(
      writer,
      seqs.filter((seq) => !intents.has(seq)),
    );
    const asked = seqs.flatMap((seq) => {
      const intent = writer.phase === 'writing' ? intents.get(seq) : undefined;
      // What is decided and not durable yet is looked at when it is.
      if (intent === undefined || intent.lastSeq > writer.committed.seq) return [];
      return questionsOf(intent, provider)
        .filter(({ operation }) => this.#providerOf(intent, operation) !== undefined)
        .map((step) => this.#begin(writer, intent, step, 'unplanned'));
    });
    const answered = await Promise.all(asked);
    if (this.#stopped || answered.includes(false)) return 'silence';
    return answered.length === 0 ? 'nothing' : 'answers';
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
    for (const step of steps) void this.#begin(writer, intent, step, 'planned');
    return steps.length > 0;
  }

  /** False where a provider was asked and did not answer. */
  async #begin(writer: ShardWriter, intent: Intent, step: Step, when: When): Promise<boolean> {
    const id = step.do === 'advance' ? intent.id : step.operation.id;
    const key = `${writer.shard} ${intent.book} ${id}`;
    if (this.#underWay.has(key)) return true;
    this.#underWay.add(key);
    try {
      return await this.#take(writer, intent, step, when);
    } catch (error) {
      const { message } = error as Error;
      this.#options.log('warn', 'payments.step.trouble', { payment: intent.id, error: message });
      return false;
    } finally {
      this.#underWay.delete(key);
    }
  }

  async #take(writer: ShardWriter, intent: Intent, step: Step, when: When): Promise<boolean> {
    const { book } = intent;
    if (step.do === 'advance') {
      const id = derivedId(intent.id, `advance ${intent.version}`);
      await this.#tell(writer, book, { op: 'advanceIntent', id, intent: intent.id });
      return true;
    }
    // The intent may move on while the provider is asked: what concerns the call is kept.
    const operation = { ...step.operation };
    const provider = this.#providerOf(intent, operation);
    const said = await this.#say(writer, intent, { ...step, operation });
    // Held back before a byte was written: it stays due.
    if (said.done === 'held') return false;
    const isAnswered = said.done !== 'unknown' && said.done !== 'not_sent';
    if (provider !== undefined) this.#outages.note(provider.name, { isAnswered });
    // Silence counts where the schedule asked, and not where an end of it was hoped for.
    if (!isAnswered && when === 'unplanned') return false;
    const nowUs = this.#nowUs(writer);
    const authorizationSeconds = provider?.capabilities.authorizationSeconds ?? 0;
    await this.#tell(writer, book, {
      op: 'recordOutcome',
      id: outcomeId(operation),
      intent: intent.id,
      operation: operation.id,
      outcome: outcomeOf(said, { nowUs, authorizationSeconds }),
    });
    return isAnswered;
  }

  /**
   * Who has the payment. Nobody where it is not configured any more, or has keys of the other mode by now: that account knows
   * nothing of the payment, and its "not found" would pass for a proof.
   */
  #providerOf({ attempts }: Intent, { attempt }: Operation): Provider | undefined {
    const { provider: name, route } = attempts[attempt];
    const provider = this.#options.providers.get(name);
    return provider?.capabilities.live === (route.live ?? false) ? provider : undefined;
  }

  async #say(
    writer: ShardWriter,
    intent: Intent,
    { do: what, operation }: Exclude<Step, { do: 'advance' }>,
  ): Promise<Said> {
    const provider = this.#providerOf(intent, operation);
    if (provider === undefined)
      return {
        done: 'unknown',
        why: 'the provider is not configured any more, or not in the mode of the payment',
      };
    // Whoever has lost the shard while a call waited for its turn leaves it to the next writer to ask.
    const mayGo = (): boolean => !this.#stopped && writer.phase === 'writing';
    if (what === 'call') return provider.call(callOf(intent, operation), mayGo);
    if (what === 'continue') return provider.continue(operation);
    return this.#ask(provider, writer, operation);
  }

  async #ask(provider: Provider, writer: ShardWriter, operation: Operation): Promise<Said> {
    const { id, kind, providerReference, startedUs, unknownUs } = operation;
    const said = await provider.query({ operation: id, kind, providerReference });
    const nowUs = this.#nowUs(writer);
    // Its call was over when it became unknown; of one that a writer before us made, when we took over.
    const sinceUs = unknownUs === 0 ? Math.max(startedUs, writer.sinceUs) : unknownUs;
    return proven(said, { sinceUs, nowUs, capabilities: provider.capabilities });
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
