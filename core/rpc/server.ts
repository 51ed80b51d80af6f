import { setMaxListeners } from 'node:events';
import type { Deliveries } from '../deliveries/deliveries.ts';
import type { RequestLogs } from '../readmodels/requestLogs.ts';
import type { Timers, Clock } from '../shard/ports.ts';
import type { LedgerService, PaymentsService } from '../shard/service.ts';
import { guarded } from './callers/guard.ts';
import type { ServedMethod } from './contract.ts';
import type { EventFeed } from './eventFeed.ts';
import type { ProviderReads } from './providerReads.ts';
import type { PaymentReads, Reads } from './reads.ts';
import type { ToldReads } from './toldReads.ts';
import { startConnectServer } from './serve/connectServer.ts';
import { Gate } from './serve/gate.ts';
import { startGrpcServer } from './serve/grpcServer.ts';
import { LineBudget, type Log, MethodObserver, type RpcMetrics } from './serve/observer.ts';
import type { Performance } from './serve/perform.ts';
import { florinServices } from './services/all.ts';
import type { Tls } from './tls/tls.ts';
import type { TakeWebhook } from './webhookIntake.ts';

export interface RpcOptions {
  host: string;
  /** gRPC over HTTP/2; 0: any free one. */
  grpcPort: number;
  /** Connect, gRPC-Web and Connect JSON over HTTP/1.1; 0: any free one. */
  connectPort: number;
  ledger: LedgerService;
  payments: PaymentsService;
  reads: Reads & PaymentReads;
  told: ToldReads;
  deliveries: Pick<Deliveries, 'lease' | 'release' | 'log'>;
  feed: EventFeed;
  requestLogs: Pick<RequestLogs, 'write' | 'list' | 'get'>;
  providers: ProviderReads;
  takeWebhook: TakeWebhook;
  /** TLS on both ports; undefined: cleartext. */
  tls?: Tls | undefined;
  clock: Clock;
  timers: Timers;
  log: Log;
  metrics: RpcMetrics;
}

export interface RpcServer {
  readonly grpcPort: number;
  readonly connectPort: number;
  /** What grpc.health.v1 answers; NOT_SERVING at first. */
  setServing(isServing: boolean): void;
  /**
   * Drains: health says NOT_SERVING, connections get GOAWAY, new calls are refused with DRAINING, calls in flight
   * finish. What is not done after that many milliseconds is cut.
   */
  stop(graceMs: number): Promise<void>;
}

/** After the last handler has answered, this long for its bytes to leave; open health watches end here too. */
const FLUSH_MS = 500;

/** Serves all of Florin's services, written once, by gRPC and by Connect. */
export async function startRpc(options: RpcOptions): Promise<RpcServer> {
  const { host, clock, timers, tls } = options;
  const gate = new Gate();
  const lines = new LineBudget(clock);
  const observers = new Map<ServedMethod, MethodObserver>();
  const prepare = (method: ServedMethod): Performance => {
    const observer = observers.get(method) ?? new MethodObserver(method, { ...options, lines });
    observers.set(method, observer);
    return { method, gate, observer, clock };
  };
  const draining = new AbortController();
  // Each call that waits heeds it.
  setMaxListeners(0, draining.signal);
  const open = florinServices({ ...options, draining: draining.signal });
  const services = tls?.knowsCallers === true ? open.map(guarded) : open;
  const grpc = await startGrpcServer({ host, port: options.grpcPort, services, prepare, clock, tls });
  const connect = await startConnectServer({ host, port: options.connectPort, services, prepare, tls }).catch(
    (error: unknown) => {
      grpc.destroy();
      throw error;
    },
  );
  const within = (milliseconds: number, done: Promise<unknown>): Promise<void> =>
    new Promise((resolve) => {
      const cancel = timers.after(milliseconds, resolve);
      void done.finally(cancel).then(() => resolve());
    });
  let stopping: Promise<void> | undefined;
  const stop = async (graceMs: number): Promise<void> => {
    grpc.setServing(false);
    gate.close();
    draining.abort();
    const closed = Promise.all([grpc.drain(), connect.drain()]);
    await within(graceMs, gate.idle());
    await within(FLUSH_MS, closed);
    grpc.destroy();
    connect.destroy();
  };
  return {
    grpcPort: grpc.port,
    connectPort: connect.port,
    setServing: (isServing) => grpc.setServing(isServing),
    stop: (graceMs) => (stopping ??= stop(graceMs)),
  };
}
