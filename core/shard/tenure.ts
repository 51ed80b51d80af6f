import type { JournalStore, LeaseStore } from '../journal/store.ts';
import type { Reason } from '../kernel/ledger/refusals.ts';
import type { Router } from '../kernel/payments/router.ts';
import { Committer, lost } from './committer.ts';
import { CONTROL_SHARD } from './control.ts';
import { Eviction, type MemoryBounds } from './eviction.ts';
import { Lag } from './lag.ts';
import { Lease } from './lease.ts';
import { LedgerTime } from './ledgerTime.ts';
import { Loading } from './loading.ts';
import { RecentBlocks } from './openBlock.ts';
import type { Clock, Random, StateLoader, Timers } from './ports.ts';
import { type Claim, claim, recover } from './recovery.ts';
import { CallRefused } from './service.ts';
import { ShardWriter } from './writer.ts';

/** One Postgres server as a node uses it. */
export interface Server {
  store: JournalStore & LeaseStore;
  loader: StateLoader;
}

export interface NodeOptions {
  servers: readonly Server[];
  /** The server of each shard, by index. */
  serverOf: (shard: number) => number;
  /** Data shards; the control shard comes on top. */
  shards: number;
  /** Who we are over restarts: a node with the same name takes its shards back at once. */
  holder: string;
  /** Who we are this time: unique for each process. */
  owner: string;
  clock: Clock;
  timers: Timers;
  random: Random;
  /** Where a payment goes. */
  router: Router;
  bounds: MemoryBounds & { mailboxItemsMax: number; recentBytesMax: number; lagEventsMax: number };
  /** Of claimed shards those whose journal a known checkpoint contradicts, with a HistoryRefused each. */
  checkHistory: (claims: ReadonlyMap<number, Claim>) => Promise<ReadonlyMap<number, Error>>;
  /** Runs a step of the start, for whoever wants to know how long it takes. */
  span: <T>(step: string, task: () => Promise<T>) => Promise<T>;
  observe: Observer;
}

/** What a node tells logs and metrics. */
export interface Observer {
  event(level: 'info' | 'warn' | 'error', event: string, details: Record<string, unknown>): void;
  committed(took: { us: number; events: number; shards: number }): void;
  /** Items that a writer took in. */
  admitted(items: number): void;
  /** Items that were turned away before a writer saw them. */
  turnedAway(reason: Reason, items: number): void;
}

const LEASE_MS = 10_000;
const RETRY_MS = 1_000;
/** Appends that are refused so often, over a second and a half, mean a database that needs somebody: no disk, read only. */
const TRIES_IN_PEACE = 5;

/** A shard that we write. */
export interface Held {
  writer: ShardWriter;
  eviction: Eviction;
  /** The seq that the read models have passed. */
  passedSeq: number;
}

/** Shards that were claimed together, and those of them that must not be taken. */
interface Claims {
  claims: ReadonlyMap<number, Claim>;
  refused: ReadonlyMap<number, Error>;
}

/** A shard whose first append, which proves the takeover, is under way. */
interface Prover {
  writer: ShardWriter;
  proven: () => void;
  failed: (error: Error) => void;
}

/** Which shards this process writes: takes them over as leases come, and lets them go as leases or fences say. */
export class Tenure {
  readonly #options: NodeOptions;
  readonly #onCommitted: (shard: number) => void;
  readonly #held = new Map<number, Held>();
  readonly #lag: Lag;
  readonly #committers: Committer[] = [];
  readonly #times: LedgerTime[] = [];
  readonly #leases: Lease[] = [];
  readonly #taking = new Map<number, Promise<void>>();
  /** Settle the proof of shards that are being taken over. */
  readonly #provers = new Map<number, Prover>();
  readonly #stoppedShards = new Set<number>();
  #broken: string | null = null;
  /** By server: why it has been refusing appends for a while. */
  readonly #refusing = new Map<Server, string>();
  #stopped = false;

  constructor(options: NodeOptions, onCommitted: (shard: number) => void) {
    this.#options = options;
    this.#onCommitted = onCommitted;
    this.#lag = new Lag({ eventsMax: options.bounds.lagEventsMax, shards: options.shards + 1 });
    options.servers.forEach((server, index) => {
      this.#times.push(new LedgerTime(server.store, options.clock));
      this.#committers.push(this.#committer(server));
      this.#leases.push(
        new Lease({
          store: server.store,
          shards: this.#shardsOf(index),
          holder: options.holder,
          lengthMs: LEASE_MS,
          timers: options.timers,
          onHeld: (shard) => void this.#take(shard).catch(() => undefined),
          onGone: (shard) => this.drop(shard, 'the lease went to another node'),
          onTrouble: (error) => this.#tell('warn', 'lease.trouble', { server: index, error: error.message }),
        }),
      );
    });
  }

  /** What went wrong for good with a shard; null if nothing. */
  get broken(): string | null {
    return this.#broken;
  }

  /** Why the database of that shard takes no blocks; undefined where it does. Without a shard: any database. */
  refusing(shard?: number): string | undefined {
    if (shard !== undefined) return this.#refusing.get(this.serverOf(shard));
    return this.#refusing.values().next().value;
  }

  all(): Iterable<Held> {
    return this.#held.values();
  }

  get size(): number {
    return this.#held.size;
  }

  held(shard: number): Held | undefined {
    return this.#held.get(shard);
  }

  serverOf(shard: number): Server {
    return this.#options.servers[this.#options.serverOf(shard)];
  }

  /** The ledger's time on the server of that shard. */
  nowUs(shard: number): number {
    return this.#times[this.#options.serverOf(shard)].nowUs();
  }

  async readTimes(): Promise<void> {
    await Promise.all(this.#times.map((time) => time.read()));
  }

  /** The read models have passed that seq: writers that waited for it go on. */
  passed(shard: number, seq: number): void {
    const isRoomForAll = this.#lag.passed(shard, seq);
    for (const { writer } of isRoomForAll ? this.#held.values() : []) writer.wake();
    this.#held.get(shard)?.writer.wake();
  }

  writer(shard: number): ShardWriter {
    const held = this.#held.get(shard);
    if (held !== undefined) return held.writer;
    if (this.#stoppedShards.has(shard)) throw new CallRefused('SHARD_STOPPED');
    throw new CallRefused('SHARD_NOT_READY', { retryAfterMs: 500 });
  }

  #committer(server: Server): Committer {
    const { clock, timers, owner, observe } = this.#options;
    return new Committer({
      store: server.store,
      clock,
      timers,
      owner,
      onCommitted: (writers, took) => {
        this.#refusing.delete(server);
        observe.committed({ ...took, shards: writers.length });
        for (const writer of writers) {
          if (!this.#isCurrent(writer)) continue;
          const { seq } = writer.committed;
          this.#lag.committed(writer.shard, {
            seq,
            bytes: writer.recent.holding(seq)?.block.body.length ?? 0,
          });
          this.#provers.get(writer.shard)?.proven();
          this.#onCommitted(writer.shard);
        }
      },
      onLost: (writer, why) => {
        // It has answered.
        this.#refusing.delete(server);
        if (this.#isCurrent(writer)) this.drop(writer.shard, why);
      },
      onTrouble: (event, details) => {
        if (event === 'append.refused' && Number(details.tries) >= TRIES_IN_PEACE)
          this.#refusing.set(server, String(details.error));
        this.#tell(event === 'append.resolved' ? 'info' : 'warn', event, details);
      },
    });
  }

  /** Whether its shard has no other writer by now: what came late of an ended one says nothing of its successor. */
  #isCurrent(writer: ShardWriter): boolean {
    const { shard } = writer;
    return this.#held.get(shard)?.writer === writer || this.#provers.get(shard)?.writer === writer;
  }

  #shardsOf(server: number): number[] {
    const all = [...Array.from({ length: this.#options.shards }, (_, shard) => shard), CONTROL_SHARD];
    return all.filter((shard) => this.#options.serverOf(shard) === server);
  }

  /** Takes all shards over; returns once every one is ready. */
  async start(): Promise<void> {
    const { span, servers } = this.#options;
    await span('shards.time', () => this.readTimes());
    await span('shards.lease', () => Promise.all(this.#leases.map((lease) => lease.start())));
    // Stopped while it waited: whoever holds the leases goes on undisturbed.
    if (this.#stopped) return;
    await Promise.all(
      servers.map(async (_, index) => {
        const shards = this.#shardsOf(index).filter((shard) => !this.#held.has(shard));
        // All at once; what fails here is claimed again by each shard for itself.
        const claims = span('shards.claim', () => this.#claim(shards));
        claims.catch(() => undefined);
        await Promise.all(shards.map((shard) => this.#take(shard, claims)));
      }),
    );
  }

  #holds(shard: number): boolean {
    return this.#leases[this.#options.serverOf(shard)].holds(shard);
  }

  /** Single-flight: brings a shard up whose lease we hold. */
  #take(shard: number, claims?: Promise<Claims>): Promise<void> {
    if (this.#held.has(shard) || this.#stopped) return Promise.resolve();
    let taking = this.#taking.get(shard);
    if (taking === undefined) {
      taking = this.#takeOver(shard, claims).finally(() => this.#taking.delete(shard));
      this.#taking.set(shard, taking);
    }
    return taking;
  }

  /** Shards of one server. */
  async #claim(shards: readonly number[]): Promise<Claims> {
    const { owner, checkHistory } = this.#options;
    const claims = await claim({ shards, owner, ...this.serverOf(shards[0]) });
    return { claims, refused: await checkHistory(claims) };
  }

  async #takeOver(shard: number, first?: Promise<Claims>): Promise<void> {
    const { store, loader } = this.serverOf(shard);
    const { clock, random } = this.#options;
    for (let claiming = first; !this.#stopped; claiming = undefined) {
      try {
        // Raising an epoch takes the shard from whoever writes it: never without its lease.
        if (!this.#holds(shard)) throw new Error('the lease is with another node');
        const { claims, refused } = await (claiming ?? this.#claim([shard]));
        const refusal = refused.get(shard);
        if (refusal !== undefined) throw refusal;
        const seed = Math.floor(random.unit() * 4294967296);
        await this.#bringUp(shard, await recover({ claim: claims.get(shard)!, store, loader, seed, clock }));
        return;
      } catch (error) {
        if (isFinal(error as Error)) {
          this.#broken = (error as Error).message;
          this.#tell('error', 'shard.stopped', { shard, error: (error as Error).message });
          throw error;
        }
        this.#tell('warn', 'shard.takeover.trouble', { shard, error: (error as Error).message });
      }
      await new Promise<void>((resolve) => this.#options.timers.after(RETRY_MS, resolve));
    }
  }

  async #bringUp(shard: number, recovered: Awaited<ReturnType<typeof recover>>): Promise<void> {
    const { clock, timers, bounds, servers, serverOf } = this.#options;
    const server = serverOf(shard);
    const committer = this.#committers[server];
    const writer = new ShardWriter({
      shard,
      epoch: recovered.epoch,
      tip: recovered.tip,
      state: recovered.state,
      time: this.#times[server],
      clock,
      timers,
      loading: new Loading(servers[server].loader, servers[server].store),
      recent: new RecentBlocks(bounds.recentBytesMax),
      mailboxItemsMax: bounds.mailboxItemsMax,
      admits: () => this.#lag.admits(shard),
      onBlock: (one) => committer.offer(one),
      onPoisoned: (_, error) =>
        this.#tell('error', 'call.poisoned', { shard, error: error.message, stack: error.stack }),
      onBroken: (_, error) => this.#break(shard, error),
    });
    const held: Held = {
      writer,
      eviction: new Eviction(writer, bounds),
      passedSeq: recovered.state.nextSeq - 1 - recovered.replayed,
    };
    this.#lag.begin(shard, held.passedSeq);
    for (const block of recovered.tail) this.#lag.committed(shard, block);
    // A new owner proves itself by an empty block before it answers anything.
    await new Promise<void>((proven, failed) => {
      this.#provers.set(shard, { writer, proven, failed });
      writer.requestEmptyBlock();
    }).finally(() => this.#provers.delete(shard));
    this.#held.set(shard, held);
    if (recovered.replayed > 0 || shard === CONTROL_SHARD)
      this.#tell('info', 'shard.ready', {
        shard,
        epoch: recovered.epoch,
        height: recovered.tip.height,
        seq: recovered.tip.seq,
        replayed: recovered.replayed,
        loadMs: Math.round(recovered.took.loadMs),
        applyMs: Math.round(recovered.took.applyMs),
      });
  }

  /** Another writer has the shard, or may: nothing in memory counts any more. */
  drop(shard: number, why: string): void {
    this.#fail(shard, new Error(why));
    const held = this.#held.get(shard);
    this.#held.delete(shard);
    this.#lag.forget(shard);
    held?.writer.end(lost(why));
    if (held === undefined || this.#stopped) return;
    this.#tell('warn', 'shard.lost', { shard, why });
    this.#options.timers.after(RETRY_MS, () => {
      if (this.#holds(shard)) this.#take(shard).catch(() => undefined);
    });
  }

  /** A shard that is being taken over does not get that far. */
  #fail(shard: number, error: Error): void {
    const prover = this.#provers.get(shard);
    prover?.writer.end(lost(error.message));
    prover?.failed(error);
  }

  /** A defect, or a row that was edited: this shard must not go on deciding. The others do. */
  #break(shard: number, error: Error): void {
    this.#tell('error', 'shard.stopped', { shard, error: error.message, stack: error.stack });
    this.#fail(shard, error);
    const held = this.#held.get(shard);
    this.#held.delete(shard);
    this.#lag.forget(shard);
    this.#broken = `shard ${shard}: ${error.message}`;
    this.#stoppedShards.add(shard);
    held?.writer.end(new CallRefused('SHARD_STOPPED'));
  }

  /** Ends every writer and gives the leases back. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const committer of this.#committers) committer.stop();
    for (const { writer } of this.#held.values()) writer.end(new CallRefused('DRAINING'));
    await Promise.all(this.#leases.map((lease) => lease.stop()));
    this.#held.clear();
  }

  #tell(level: 'info' | 'warn' | 'error', event: string, details: Record<string, unknown>): void {
    this.#options.observe.event(level, event, details);
  }
}

/** Whether trying a takeover again can end no better: history that is not ours, or a defect of our own. */
function isFinal(error: Error): boolean {
  return (
    error.name === 'TamperedRow' ||
    error.name === 'HistoryRefused' ||
    error instanceof TypeError ||
    error instanceof RangeError
  );
}
