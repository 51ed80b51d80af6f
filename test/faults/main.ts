import { parseArgs } from 'node:util';
import { edgeFaults } from './edge.ts';
import { paymentFaults } from './payments.ts';
import { races } from './races.ts';

/** What is open at the end is asked about after 5 s, 30 s, 2 min and 5 min. */
const HEAL_MS_MAX = 10 * 60_000;
const FINDINGS_SHOWN = 20;

const USAGE = `npm run faults -- payments [--minutes M] [--seed S]
npm run faults -- edge [--minutes M] [--seed S]
npm run faults -- races [--keys N] [--callers C] [--refund-rounds N]`;

/** `npm run faults -- ..`: exit code 1 where something was found. */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string' },
    keys: { type: 'string', default: '10000' },
    callers: { type: 'string', default: '50' },
    'refund-rounds': { type: 'string', default: '10000' },
  },
});
const tell = (line: string): void => console.log(line);
const run = { payments: runPayments, edge: runEdge, races: runRaces }[positionals.join(' ')];
if (run === undefined) refuse();
process.exitCode = (await run()).length > 0 ? 1 : 0;

function asked(): { minutes: number; seed: number } {
  const minutes = Number(values.minutes);
  const seed =
    values.seed === undefined ? crypto.getRandomValues(new Uint32Array(1))[0] : Number(values.seed);
  if (!(minutes > 0) || !Number.isSafeInteger(seed)) refuse();
  return { minutes, seed };
}

async function runPayments(): Promise<readonly string[]> {
  const { minutes, seed } = asked();
  tell(`npm run faults -- payments --minutes ${minutes} --seed ${seed}`);
  const { rounds, kills, lost, ledger, truth, findings, output } = await paymentFaults({
    seed,
    forMs: minutes * 60_000,
    loadMs: [6_000, 12_000],
    healMsMax: HEAL_MS_MAX,
    tell,
  });
  if (output !== '') tell(output);
  /** Why operators have payments, without what differs from one to the next. */
  const reasons = Map.groupBy(
    (truth?.intents ?? []).filter(({ attention }) => attention !== ''),
    ({ attention }) => attention.replaceAll(/[0-9a-f-]{36}|\d+/g, '..'),
  );
  const states = Map.groupBy(truth?.intents ?? [], ({ state }) => state);
  tell(
    [
      `${rounds} rounds, ${ledger.payments} payments, ${ledger.answers} answers, ${ledger.unanswered} calls without one`,
      `killed: ${Object.entries(kills)
        .map(([name, times]) => `${name} ${times}`)
        .join(', ')}`,
      `events of which no webhook told: ${lost}`,
      `payments: ${[...states].map(([state, list]) => `${state} ${list.length}`).join(', ')}`,
      `refused: ${[...ledger.refusals].map(([reason, times]) => `${reason} ${times}`).join(', ')}`,
      `provider: captured ${truth?.captured}, refunded ${truth?.refunded}, costs ${truth?.costs}, disputes ${truth?.disputes.length}; with an operator ${truth?.owned}`,
      ...[...reasons].map(([why, list]) => `an operator has ${list.length}: ${why}`),
      `${findings.length} findings`,
    ].join('\n'),
  );
  return findings;
}

async function runEdge(): Promise<readonly string[]> {
  const { minutes, seed } = asked();
  tell(`npm run faults -- edge --minutes ${minutes} --seed ${seed}`);
  const options = { seed, forMs: minutes * 60_000, healMsMax: HEAL_MS_MAX, tell };
  const { kills, ledger, truth, webhooks, inboxes, findings } = await edgeFaults(options);
  for (const finding of findings.slice(0, FINDINGS_SHOWN)) tell(`  ${finding}`);
  const statuses = [...ledger.statuses].toSorted(([a], [b]) => a - b);
  tell(
    [
      `${ledger.requests.length} requests under a key each, ${ledger.unanswered} times without an answer`,
      `${webhooks.events} events told, by ${webhooks.deliveries} deliveries`,
      `${inboxes} events in the inboxes behind NATS`,
      `answered: ${statuses.map(([status, times]) => `${status} ${times}`).join(', ')}`,
      `killed: ${Object.entries(kills)
        .map(([name, times]) => `${name} ${times}`)
        .join(', ')}`,
      `provider: captured ${truth.captured}, refunded ${truth.refunded}; with an operator ${truth.owned}`,
      `${findings.length} findings`,
    ].join('\n'),
  );
  return findings;
}

async function runRaces(): Promise<readonly string[]> {
  const [keys, callers, refundRounds] = [values.keys, values.callers, values['refund-rounds']].map(Number);
  for (const count of [keys, callers, refundRounds]) if (!Number.isSafeInteger(count) || count < 1) refuse();
  tell(`npm run faults -- races --keys ${keys} --callers ${callers} --refund-rounds ${refundRounds}`);
  const { findings, truth, confirmsMs, refundsMs } = await races({ keys, callers, refundRounds, tell });
  for (const finding of findings.slice(0, FINDINGS_SHOWN)) tell(`  ${finding}`);
  tell(
    [
      `${keys} keys with ${callers} callers each in ${seconds(confirmsMs)}`,
      `${refundRounds} rounds of two refunds at once in ${seconds(refundsMs)}`,
      `provider: captured ${truth.captured}, refunded ${truth.refunded}, costs ${truth.costs}`,
      `${findings.length} findings`,
    ].join('\n'),
  );
  return findings;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function refuse(): never {
  console.error(USAGE);
  process.exit(2);
}
