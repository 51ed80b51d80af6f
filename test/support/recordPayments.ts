import { writeFileSync } from 'node:fs';
import { everyPaymentEvent } from './everyPaymentEvent.ts';
import { fileOfBlocks } from './goldenFiles.ts';
import { describePayments, replayedPayments } from './replayedPayments.ts';

/**
 * Records a journal of payments as it is written today: `node bin/node.cjs test/support/recordPayments.ts NAME`. One is
 * recorded for each release, and whenever there is a new kind of event; those that are there are never recorded anew.
 */
const name = process.argv[2] ?? '';
if (!/^[a-z0-9.-]{1,40}$/.test(name)) throw new Error('give the journal a name: a-z, 0-9, "." and "-"');
const shard = everyPaymentEvent(5);
const [intent] = shard.state.payments.intents.values();
// No command leads to one today.
shard.raise(intent, 'somebody has to look at it');
shard.seal();
const file = (ending: string): URL =>
  new URL(`../../core/journal/golden/payments/${name}.${ending}`, import.meta.url);
const { state } = replayedPayments(shard.blocks);
const settings = { flag: 'wx' } as const;
writeFileSync(file('blocks.jsonl'), fileOfBlocks(shard.blocks), settings);
writeFileSync(file('state.json'), `${JSON.stringify(describePayments(state), null, 1)}\n`, settings);
