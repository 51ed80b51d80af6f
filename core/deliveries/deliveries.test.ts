import { expect, test } from 'vitest';
import type { Uuid } from '../kernel/ledger/commands.ts';
import { RETRIES_US } from '../kernel/payments/webhookSchedule.ts';
import { Deliveries, type LoggedAttempt } from './deliveries.ts';

const MERCHANT = '0190a3a0-0000-7000-8000-000000000001' as Uuid;
const LOG = '0190a3a0-0000-7000-8000-000000000002' as Uuid;
const ENDPOINT = '0190a3a0-0000-7000-8000-000000000003' as Uuid;
const LAST = RETRIES_US.length + 1;

const attemptOf = (more: Partial<LoggedAttempt> = {}): LoggedAttempt => ({
  merchant: MERCHANT,
  endpoint: 1,
  seq: 7,
  index: 0,
  askedSeq: 7,
  endpointVersion: 4,
  try: 1,
  startedUs: 0,
  tookMs: 1,
  status: 500,
  error: '',
  excerpt: '',
  retryAfterMs: null,
  ...more,
});

/** What is submitted of a log, where the read models say that of what came before. */
async function submitted(
  attempts: readonly LoggedAttempt[],
  { hasTaken = false, reached = true }: { hasTaken?: boolean | null; reached?: boolean } = {},
): Promise<Record<string, unknown>[]> {
  const commands: Record<string, unknown>[] = [];
  const deliveries = new Deliveries({
    dispatcher: { settle: () => undefined } as never,
    shards: {
      locate: () => ({ shard: 3, number: 1 }),
      submitPayments: (_book: string, [command]: Record<string, unknown>[]) => {
        commands.push(command);
        return Promise.resolve({ position: { seq: 90 }, outcomes: [{ done: true }] });
      },
    } as never,
    hasTakenSince: () => Promise.resolve(hasTaken),
    reached: (shard, seq) => Promise.resolve(reached && shard === 3 && seq === 90),
    endpointId: () => Promise.resolve(ENDPOINT),
    log: () => undefined,
  });
  await deliveries.log('shop', { id: LOG, attempts }, { deadlineUs: Infinity });
  return commands;
}

test('what came of attempts is logged, without what only disabling asks for', async () => {
  const { endpointVersion: _version, ...kept } = attemptOf();
  expect(await submitted([attemptOf()])).toEqual([{ op: 'logWebhookAttempts', id: LOG, attempts: [kept] }]);
});

test.each([
  ['is gone', attemptOf({ status: 410 }), 'gone'],
  ['has not taken it in all its tries', attemptOf({ try: LAST }), 'failing'],
])('an endpoint that %s is disabled as it was tried', async (_what, attempt, reason) => {
  const [, disabled, ...more] = await submitted([attemptOf(), attempt]);
  expect(disabled).toMatchObject({ op: 'disableWebhookEndpoint', endpoint: ENDPOINT, reason, version: 4 });
  expect(more).toEqual([]);
});

test.each([
  ['it was asked for anew since then', attemptOf({ status: 410 }), { hasTaken: null }],
  ['the last try of it was before that', attemptOf({ try: LAST }), { hasTaken: null }],
  ['it has taken something else', attemptOf({ try: LAST }), { hasTaken: true }],
  ['nobody can say', attemptOf({ status: 410 }), { reached: false }],
  ['there are more tries', attemptOf({ try: LAST - 1 }), {}],
])('an endpoint is not disabled where %s', async (_why, attempt, standing) => {
  expect(await submitted([attempt], standing)).toHaveLength(1);
});
