import type { Logger } from 'pino';
import { Code } from '../../../gen/google/rpc/code_pb.ts';
import type { Reason } from '../../kernel/ledger/refusals.ts';
import type { Clock } from '../../shard/ports.ts';
import type { Call } from '../call.ts';
import { type ServedMethod, methodName } from '../contract.ts';
import { type Failure, failureOf } from '../errors/failure.ts';
import { CALL_LINES_PER_SECOND_MAX, SLOW_CALL_MS } from '../limits.ts';

export type Log = Pick<Logger, 'debug' | 'info' | 'error' | 'isLevelEnabled'>;

/** What one method reports to the metrics. Called for every call, so the implementation binds its labels before. */
export interface MethodMeter {
  began(): void;
  /** Seconds since `began`. The code is a canonical name: OK, NOT_FOUND, ... */
  ended(code: string, seconds: number): void;
}

export interface RpcMetrics {
  method(name: string): MethodMeter;
  /** Calls, or items of batches, that were refused for that reason. */
  refused(reason: Reason, count: number): void;
}

const CODE_NAMES = new Map<number, string>(Object.entries(Code).map(([name, code]) => [code, name]));

/** What a caller can do wrong, or ask for in vain: counted, and logged only where somebody looks closely. */
const CALLERS_CODES = new Set(['INVALID_ARGUMENT', 'NOT_FOUND', 'ALREADY_EXISTS']);

/** Watches the calls of one method: metrics for all, a log line for those that failed or were slow. */
export class MethodObserver {
  readonly #name: string;
  readonly #meter: MethodMeter;
  readonly #metrics: RpcMetrics;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #lines: LineBudget;

  constructor(method: ServedMethod, { metrics, log, clock, lines }: ObserverOptions) {
    this.#name = methodName(method.desc);
    this.#metrics = metrics;
    this.#meter = metrics.method(this.#name);
    this.#log = log;
    this.#clock = clock;
    this.#lines = lines;
  }

  /** Returns when the call began, to be given back to `succeeded` or `failed`. */
  began(): number {
    this.#meter.began();
    return this.#clock.monotonicUs();
  }

  succeeded(beganUs: number, call: Call): void {
    const tookUs = this.#clock.monotonicUs() - beganUs;
    this.#meter.ended('OK', tookUs / 1e6);
    if (tookUs - (call.waitedUs ?? 0) > SLOW_CALL_MS * 1000) this.#tell(call, 'OK', tookUs, { slow: true });
    else if (this.#log.isLevelEnabled('debug')) this.#log.debug(this.#line(call, 'OK', tookUs), 'rpc.call');
  }

  /** Says what the caller is told. */
  failed(beganUs: number, call: Call, error: unknown): Failure {
    const failure = failureOf(error);
    const tookUs = this.#clock.monotonicUs() - beganUs;
    const code = CODE_NAMES.get(failure.code) ?? 'UNKNOWN';
    this.#meter.ended(code, tookUs / 1e6);
    if (failure.reason !== null) this.#metrics.refused(failure.reason, 1);
    if (failure.isDefect) this.#log.error({ ...this.#line(call, code, tookUs), err: error }, 'rpc.defect');
    else if (CALLERS_CODES.has(code))
      this.#log.debug({ ...this.#line(call, code, tookUs), reason: failure.reason }, 'rpc.call');
    else this.#tell(call, code, tookUs, { reason: failure.reason });
    return failure;
  }

  #tell(call: Call, code: string, tookUs: number, more: object): void {
    const line = { ...this.#line(call, code, tookUs), ...more };
    const suppressed = this.#lines.take();
    if (suppressed === null) this.#log.debug(line, 'rpc.call');
    else this.#log.info(suppressed === 0 ? line : { ...line, suppressed }, 'rpc.call');
  }

  #line(call: Call, code: string, tookUs: number): object {
    return { method: this.#name, code, ms: Math.round(tookUs / 10) / 100, ...call.trace };
  }
}

interface ObserverOptions {
  metrics: RpcMetrics;
  log: Log;
  clock: Clock;
  lines: LineBudget;
}

/** So many lines a second, so that a flood of refusals does not become a flood of writes. */
export class LineBudget {
  readonly #clock: Clock;
  #second = -1;
  #used = 0;
  #suppressed = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many lines were left out before this one; null where this one is left out too. */
  take(): number | null {
    const second = Math.floor(this.#clock.monotonicUs() / 1e6);
    if (second !== this.#second) {
      this.#second = second;
      this.#used = 0;
    }
    if (this.#used >= CALL_LINES_PER_SECOND_MAX) {
      this.#suppressed++;
      return null;
    }
    this.#used++;
    const left = this.#suppressed;
    this.#suppressed = 0;
    return left;
  }
}
