import { parseArgs } from 'node:util';
import { runSeed } from './runSeed.ts';

/** `npm run simulate -- payments --seeds N [--from S]`: exit code 1 where a seed has found something. */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { seeds: { type: 'string', default: '2000' }, from: { type: 'string', default: '0' } },
});
const count = Number(values.seeds);
const first = Number(values.from);
if (positionals[0] !== 'payments' || !Number.isSafeInteger(count) || !Number.isSafeInteger(first)) {
  console.error('npm run simulate -- payments [--seeds N] [--from S]');
  process.exit(2);
}
let failed = 0;
const startMs = performance.now();
for (let seed = first; seed < first + count; seed++) {
  const found = await runSeed(seed).catch((error: Error) => [error.stack ?? error.message]);
  if (found.length === 0) continue;
  failed++;
  console.log(`npm run simulate -- payments --seeds 1 --from ${seed}\n  ${found.join('\n  ')}`);
}
const seconds = (performance.now() - startMs) / 1_000;
console.log(`${count} seeds from ${first}, ${failed} with findings, ${seconds.toFixed(1)} s`);
process.exitCode = failed > 0 ? 1 : 0;
