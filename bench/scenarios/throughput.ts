import { Callers } from '../load/callers.ts';
import { CoalescedCallers } from '../load/coalescedCallers.ts';
import { openBook } from '../load/books.ts';
import type { Traffic } from '../load/transferBatch.ts';
import { RawChannels } from '../load/rawChannels.ts';
import { type Ground, type Scenario, type Sizes, UNBOUNDED_LAG, USUAL } from './ground.ts';
import { type Load, plainWay, resultOf, rounds, type Summary } from './rounds.ts';

/** A call shape: how many calls under way, how many transfers each, over how many connections. */
export interface Shape {
  readonly callers: number;
  readonly batch: number;
  readonly connections: number;
}

export const BULK: Shape = { callers: 4, batch: 8_192, connections: 4 };

/** Callers of this shape, in a run that is small enough for them. */
export function callersOf(
  { draw, book, sizes }: Ground,
  shape: Shape,
  to: { channels: RawChannels; traffic: Traffic },
): Callers {
  return new Callers({
    ...to,
    book,
    draw,
    callers: shape.callers,
    batch: Math.min(shape.batch, sizes.batchMost),
  });
}

/** Runs `body` with callers of this shape on accounts drawn evenly. */
async function withCallers<T>(ground: Ground, shape: Shape, body: (load: Load) => Promise<T>): Promise<T> {
  const { client, core, book, sizes } = ground;
  const accounts = await openBook(client, { book, accounts: sizes.accounts });
  const channels = new RawChannels(core.target, shape.connections);
  try {
    return await body(callersOf(ground, shape, { channels, traffic: { accounts } }));
  } finally {
    channels.close();
  }
}

interface Fields {
  readonly sizes?: Sizes;
  readonly name: string;
  readonly about: string;
  readonly projection: Scenario['projection'];
  readonly bars: Summary['bars'];
}

/** A scenario that is one shape of calls in rounds. */
function ofShape(shape: Shape, { bars, ...fields }: Fields): Scenario {
  return {
    ...fields,
    sizes: fields.sizes ?? USUAL,
    env: UNBOUNDED_LAG,
    run: (ground) =>
      withCallers(ground, shape, async (load) => {
        const found = await rounds(ground, load);
        const plain = await plainWay(ground, { traffic: 'uniform' });
        return resultOf(ground, { scenario: fields.name, ...found, plain, bars });
      }),
  };
}

export const bulk = ofShape(BULK, {
  name: 'bulk',
  about: 'batches of 8,192, 4 callers, durable answers',
  projection: 'deferred',
  bars: ({ rate, toFloor }) => [
    { what: 'transfers a second', value: rate, least: 300_000 },
    { what: 'share of the floor', value: toFloor, least: 0.25 },
  ],
});

export const batch64 = ofShape(
  { callers: 30, batch: 64, connections: 4 },
  {
    name: 'batch64',
    about: 'batches of 64, 30 callers',
    projection: 'deferred',
    bars: ({ rate }) => [{ what: 'transfers a second', value: rate, least: 100_000 }],
  },
);

export const single = ofShape(
  { callers: 128, batch: 1, connections: 4 },
  {
    name: 'single',
    about: 'one transfer a call, 128 in flight',
    projection: 'ran',
    // A call is a long way through code: it is compiled for good only after tens of thousands.
    sizes: { ...USUAL, warmUpMs: 12_000 },
    bars: ({ rate, p99Ms, cpuUsACall }) => [
      { what: 'transfers a second', value: rate, least: 5_000 },
      { what: 'p99 of a call, ms', value: p99Ms, most: 50 },
      { what: 'CPU of the core a call, us', value: cpuUsACall, most: 100 },
    ],
  },
);

export const coalesced: Scenario = {
  name: 'coalesced',
  about: '1,000 concurrent single calls through the client',
  projection: 'deferred',
  sizes: USUAL,
  env: UNBOUNDED_LAG,
  run: async (ground) => {
    const { client, book, draw, sizes } = ground;
    const accounts = await openBook(client, { book, accounts: sizes.accounts });
    const load = new CoalescedCallers({ client, book, accounts, draw, callers: 1_000 });
    const found = await rounds(ground, load);
    const plain = await plainWay(ground, { traffic: 'uniform' });
    return resultOf(ground, {
      scenario: 'coalesced',
      ...found,
      plain,
      bars: ({ rate }) => [{ what: 'transfers a second', value: rate, least: 50_000 }],
    });
  },
};
