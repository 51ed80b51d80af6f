import { parseArgs } from 'node:util';
import { paymentFaults } from './payments.ts';

/** What is open at the end is asked about after 5 s, 30 s, 2 min and 5 min. */
const HEAL_MS_MAX = 10 * 60_000;

/** `npm run faults -- payments --minutes M --seed S`: exit code 1 where something was found. */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string', default: '5' }, seed: { type: 'string' } },
});
const minutes = Number(values.minutes);
const seed = values.seed === undefined ? crypto.getRandomValues(new Uint32Array(1))[0] : Number(values.seed);
if (positionals[0] !== 'payments' || !(minutes > 0) || !Number.isSafeInteger(seed)) {
  console.error('npm run faults -- payments [--minutes M] [--seed S]');
  process.exit(2);
}
console.log(`npm run faults -- payments --minutes ${minutes} --seed ${seed}`);
const { rounds, kills, ledger, truth, findings, output } = await paymentFaults({
  seed,
  forMs: minutes * 60_000,
  loadMs: [6_000, 12_000],
  healMsMax: HEAL_MS_MAX,
  tell: (line) => console.log(line),
});
if (output !== '') console.log(output);
/** Why operators have payments, without what differs from one to the next. */
const reasons = Map.groupBy(
  (truth?.intents ?? []).filter(({ attention }) => attention !== ''),
  ({ attention }) => attention.replaceAll(/[0-9a-f-]{36}|\d+/g, '..'),
);
const states = Map.groupBy(truth?.intents ?? [], ({ state }) => state);
console.log(
  [
    `${rounds} rounds, ${ledger.payments} payments, ${ledger.answers} answers, ${ledger.unanswered} calls without one`,
    `killed: ${Object.entries(kills)
      .map(([name, times]) => `${name} ${times}`)
      .join(', ')}`,
    `payments: ${[...states].map(([state, list]) => `${state} ${list.length}`).join(', ')}`,
    `refused: ${[...ledger.refusals].map(([reason, times]) => `${reason} ${times}`).join(', ')}`,
    `provider: captured ${truth?.captured}, refunded ${truth?.refunded}, costs ${truth?.costs}; with an operator ${truth?.owned}`,
    ...[...reasons].map(([why, list]) => `an operator has ${list.length}: ${why}`),
    `${findings.length} findings`,
  ].join('\n'),
);
process.exitCode = findings.length > 0 ? 1 : 0;
