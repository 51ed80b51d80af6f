/**
 * How fast the projector writes plain transfers into an empty, migrated database:
 *   node bin/node.cjs bench/micro/projector.ts postgres://.. [transfers] [accounts]
 * Seen on 2 cores that others kept busy (load 3 to 5): 67,000 to 104,000 transfers/s, 119,000 to 156,000 a CPU second of
 * Postgres and 250,000 to 310,000 of node with 10,000 accounts (72,000 and 300,000 before entries stood in pages);
 * 30,000/s and 34,000 a CPU second of Postgres with a million accounts, evenly drawn.
 * Where Postgres's time goes, in CPU of a COPY of transfers alone: 1.3 us a row, 1.9 for the key by seq, 2 to 3 for the ids.
 */
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Block } from '../../core/journal/block.ts';
import { within } from '../../core/journal/readBounds.ts';
import { migrate } from '../../core/readmodels/migrate.ts';
import { PgProjectionStore } from '../../core/readmodels/projection/pgStore.ts';
import { Projector } from '../../core/readmodels/projector.ts';
import type { BlockFeed, Timers } from '../../core/shard/ports.ts';
import { DirectBlocks } from './directBlocks.ts';

const [url, transfers = '2000000', accounts = '10000'] = process.argv.slice(2);
if (url === undefined) throw new Error('say the URL of an empty database');

await migrate(url);
const source = new DirectBlocks(Number(accounts));
const blocks: Block[] = source.opening();
let proven = blocks.length;
const openingSeq = lastSeq();

const feed: BlockFeed = {
  provenHeight: () => proven,
  read: (_shard, from, bounds) =>
    Promise.resolve(within(blocks.slice(from - 1, proven), ({ body }) => body.length, bounds)),
  onCommitted: (callback) => {
    wake = callback;
    return () => undefined;
  },
};
let wake: (shard: number) => void = () => undefined;
const timers: Timers = {
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  soon: (callback) => void setImmediate(callback),
};
const projector = new Projector({
  feed,
  timers,
  targets: [{ store: new PgProjectionStore({ url }), shards: [0] }],
  sealKey: new Uint8Array(16),
  log: (event) => console.error(event),
});

function lastSeq(): number {
  const block = blocks[blocks.length - 1];
  return block.firstSeq + block.eventCount - 1;
}

async function caughtUp(seq: number): Promise<{ seconds: number; cpuSeconds: number }> {
  const cpu = process.cpuUsage();
  const begin = performance.now();
  while (projector.watermark(0).seq < seq) await sleep(1);
  const used = process.cpuUsage(cpu);
  return { seconds: (performance.now() - begin) / 1000, cpuSeconds: (used.user + used.system) / 1e6 };
}

/** CPU seconds that the projector's backend has used; NaN where the server is elsewhere. */
async function backendSeconds(): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const found = await client.query<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'florin projector' AND datname = current_database()",
  );
  await client.end();
  const file = `/proc/${found.rows[0]?.pid}/stat`;
  if (!existsSync(file)) return NaN;
  const fields = readFileSync(file, 'latin1').split(') ')[1].split(' ');
  // utime and stime, in ticks of 10 ms.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

await projector.start();
const opening = await caughtUp(openingSeq);
console.log(`accounts/s ${Math.round(Number(accounts) / opening.seconds)}`);
const count = Number(transfers);
for (let made = 0; made < count; made += 8192) blocks.push(source.transfers(8192));
let worstMs = 0;
let last = performance.now();
const beat = setInterval(() => {
  worstMs = Math.max(worstMs, performance.now() - last - 5);
  last = performance.now();
}, 5);
const backendBefore = await backendSeconds();
proven = blocks.length;
wake(0);
const run = await caughtUp(lastSeq());
clearInterval(beat);
const made = lastSeq() - openingSeq;
const backend = (await backendSeconds()) - backendBefore;
console.log(
  `transfers/s ${Math.round(made / run.seconds)}, ${Math.round(made / backend)} a CPU second of Postgres, ${Math.round(made / run.cpuSeconds)} of node; node ${((run.cpuSeconds / run.seconds) * 100).toFixed(0)}% of a core, longest turn ${worstMs.toFixed(1)} ms`,
);
await projector.stop();
