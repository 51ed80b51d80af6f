import { expect, test } from 'vitest';
import { randomPayments } from '../../../test/support/randomPayments.ts';
import type { ScriptedPayments } from '../../../test/support/scriptedPayments.ts';
import { Adoptions } from './adoptions.ts';
import { NOTHING_EXPECTED } from './comparison.ts';
import { eachEventAt, type EventAt } from './events.ts';
import { Findings } from './findings.ts';
import { foldEvent } from './foldEvent.ts';
import { ShardFold } from './shardFold.ts';

const SEEDS = 200;

function foldOf(shard: ScriptedPayments): { fold: ShardFold; findings: Findings } {
  const findings = new Findings();
  const fold = new ShardFold({
    shard: shard.shard,
    server: 1,
    expected: NOTHING_EXPECTED,
    findings,
    adoptions: new Adoptions(),
  });
  for (const block of shard.blocks) {
    const bytes = Buffer.from(block.body);
    const event: EventAt = {
      bytes,
      view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
      at: 0,
      length: 0,
      seq: block.firstSeq,
      height: block.height,
      blockTimeUs: block.blockTimeUs,
      day: Math.floor(block.blockTimeUs / 86_400e6),
    };
    eachEventAt(event, 0, bytes.length, () => foldEvent(fold, event));
  }
  return { fold, findings };
}

test(`finds nothing wrong with whatever the kernel makes of any sequence of commands and outcomes (seeds 1 to ${SEEDS})`, () => {
  const came = new Map<string, number>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const sequence = randomPayments(3, seed);
    const { fold, findings } = foldOf(sequence.shard);
    expect({ seed, findings: findings.list }).toEqual({ seed, findings: [] });
    expect(fold.payments.intents.size).toBe(sequence.shard.state.payments.intents.size);
    for (const [what, count] of sequence.came) came.set(what, (came.get(what) ?? 0) + count);
  }
  // The control: it did go many ways.
  expect(came.get('events')).toBeGreaterThan(SEEDS * 10);
  expect([...came.keys()]).toEqual(expect.arrayContaining(['nothing', 'PAYMENT_STATE', 'EXCEEDS_CAPTURED']));
});
