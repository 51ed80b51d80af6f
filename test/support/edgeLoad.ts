import { setTimeout as wait } from 'node:timers/promises';
import type { Draw } from './load/draw.ts';
import { merchantAt, type MerchantAt, type Reply, type TestEdge } from './edge.ts';

/** Between two tries at edges that are away, or that ask for it. */
const AGAIN_MS = 40;
/** A caller that never learns of an outcome gives up; what became of it is asked for afterwards. */
const GIVES_UP = 0.03;

/** By how often they come, in a hundred. */
const TOKENS: readonly (readonly [string, number])[] = [
  ['pm_card_visa', 74],
  ['pm_card_chargeDeclinedInsufficientFunds', 9],
  ['pm_card_chargeDeclinedLostCard', 4],
  ['pm_sim_webhook_twice', 4],
  ['pm_sim_webhook_before_response', 3],
  ['pm_sim_slow_5s', 2],
  ['pm_sim_timeout_then_success', 2],
  ['pm_sim_timeout_never_arrived', 2],
];

/** A request under a key: sent again it is the same. */
export interface Keyed {
  /** Whose it is: the index of the secret. */
  readonly merchant: number;
  readonly key: string;
  readonly path: string;
  readonly body: object;
  /** The answer that the key keeps, once there was one. */
  kept: Pick<Reply, 'status' | 'text'> | undefined;
}

/** What merchants have asked for, and what they were told. */
export class EdgeLedger {
  readonly requests: Keyed[] = [];
  /** Answers of a key that differ from what it was told before. */
  readonly findings: string[] = [];
  /** How often each status was answered. */
  readonly statuses = new Map<number, number>();
  unanswered = 0;

  sending(request: Omit<Keyed, 'kept'>): Keyed {
    const keyed = { ...request, kept: undefined };
    this.requests.push(keyed);
    return keyed;
  }

  answered(keyed: Keyed, { status, text, headers }: Reply): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    if (status >= 500 && status !== 502 && status !== 503)
      this.findings.push(`${keyed.path} was answered with ${status}: ${text.slice(0, 200)}`);
    if (!isKept(status)) return;
    const before = keyed.kept;
    keyed.kept ??= { status, text };
    if (before !== undefined && (before.status !== status || before.text !== text))
      this.findings.push(`${keyed.key} was told ${before.status} ${before.text}, then ${status} ${text}`);
    if (before !== undefined && headers.get('idempotent-replayed') !== 'true')
      this.findings.push(`${keyed.key} was answered again as if for the first time`);
  }
}

/** What a key keeps for ever. */
export function isKept(status: number): boolean {
  return (status >= 200 && status < 300) || status === 402;
}

interface Asking {
  readonly keyed: Keyed;
  readonly ledger: EdgeLedger;
  readonly draw: Draw;
  readonly mayGo: () => boolean;
  /** How often it gives up before it tries again; of one. */
  readonly givesUp?: number;
}

/** Asks at any of the edges until there is an answer that says more than "not now". */
export async function insist(
  at: readonly MerchantAt[],
  { keyed, ledger, draw, mayGo, givesUp = GIVES_UP }: Asking,
): Promise<Reply | undefined> {
  while (mayGo()) {
    const answer = await draw
      .oneOf(at)
      .post(keyed.path, keyed.body, keyed.key)
      .catch(() => undefined);
    if (answer === undefined) ledger.unanswered++;
    else ledger.answered(keyed, answer);
    if (answer !== undefined && (answer.status < 500 || answer.status === 502) && answer.status !== 409)
      return answer;
    if (answer?.status === 409 && answer.body['code'] !== 'request_in_flight') return answer;
    if (draw.unit() < givesUp) return undefined;
    await wait(AGAIN_MS);
  }
  return undefined;
}

/** Merchants' servers that pay, capture and refund by REST whatever happens. */
export function startEdgeLoad(options: {
  edges: readonly Pick<TestEdge, 'url'>[];
  secrets: readonly string[];
  ledger: EdgeLedger;
  draw: Draw;
  callers: number;
}): { stop: () => Promise<void> } {
  const { edges, secrets, ledger, draw, callers } = options;
  const standing = { isStopping: false };
  const mayGo = (): boolean => !standing.isStopping;
  const caller = async (index: number): Promise<void> => {
    const merchant = index % secrets.length;
    const at = edges.map((edge) => merchantAt(edge, secrets[merchant]));
    while (mayGo()) await payOnce(at, { ledger, draw, mayGo, merchant });
  };
  const all = Promise.all(Array.from({ length: callers }, (_, index) => caller(index)));
  all.catch(() => undefined);
  return {
    stop: async () => {
      standing.isStopping = true;
      await all;
    },
  };
}

async function payOnce(
  at: readonly MerchantAt[],
  context: Omit<Asking, 'keyed'> & { readonly merchant: number },
): Promise<void> {
  const { ledger, draw, merchant } = context;
  const ask = (path: string, body: object) => {
    const key = `k-${draw.seed}-${ledger.requests.length}`;
    return insist(at, { ...context, keyed: ledger.sending({ merchant, key, path, body }) });
  };
  const isManual = draw.unit() < 0.3;
  const payment = {
    amount: draw.from(100, 50_000),
    currency: 'eur',
    payment_method: drawToken(draw),
    confirm: true,
    ...(isManual ? { capture_method: 'manual' } : {}),
  };
  const paid = await ask('/v1/payment_intents', payment);
  if (paid?.status !== 200) return;
  const id = String(paid.body['id']);
  if (isManual)
    await ask(`/v1/payment_intents/${id}/capture`, { amount_to_capture: draw.from(50, payment.amount) });
  if (draw.unit() < 0.4)
    await ask('/v1/refunds', { payment_intent: id, amount: draw.from(1, payment.amount) });
}

function drawToken(draw: Draw): string {
  let left = draw.unit() * 100;
  for (const [token, weight] of TOKENS) if ((left -= weight) < 0) return token;
  return TOKENS[0][0];
}
