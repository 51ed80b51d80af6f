import fc from 'fast-check';
import type {
  CreateTransaction,
  LedgerCommand,
  LimitValues,
  Uuid,
} from '../../core/kernel/ledger/commands.ts';
import * as t from './ledger.ts';

/** One step of a random life of a book. */
export type Step =
  | { kind: 'send'; command: LedgerCommand }
  | { kind: 'group'; commands: CreateTransaction[] }
  | { kind: 'advance'; seconds: number };

// Few of everything, so that steps meet.
const account = fc
  .oneof(
    { weight: 19, arbitrary: fc.integer({ min: 1, max: 4 }) },
    { weight: 1, arbitrary: fc.integer({ min: 5, max: 6 }) },
  )
  .map(t.uuid);
const drawn = { booked: [0, 9], posts: [10, 16], others: [17, 40] } as const;
const from = ([min, max]: readonly [number, number]) =>
  fc.integer({ min, max }).map((n) => t.uuid(1_000 + n));
const booked = from(drawn.booked);
const posts = from(drawn.posts);
const others = from(drawn.others);
/** Ids of one kind are mostly their own, so that what they name is mostly there. */
const idOf = (own: fc.Arbitrary<Uuid>): fc.Arbitrary<Uuid> =>
  fc.oneof(
    { weight: 20, arbitrary: own },
    { weight: 1, arbitrary: fc.oneof(booked, posts, others, account) },
  );
const target = idOf(booked);
const small = fc.bigInt({ min: 1n, max: 12n });
const amount = fc.oneof(
  { weight: 12, arbitrary: small },
  { weight: 1, arbitrary: fc.constantFrom(2n ** 63n - 1n, 2n ** 62n, 2n ** 63n - 20n) },
);
const posting = fc
  .tuple(account, account, amount)
  .filter(([debit, credit]) => debit !== credit)
  .map(([debit, credit, amount]) => t.posting(debit, credit, amount));
const noted = fc.record({
  reference: fc.constantFrom('', 'r', '\uFEFFé').map(t.bytes),
  metadata: fc.constantFrom(
    new Uint8Array(0) as ReturnType<typeof t.metadata>,
    t.metadata('k', 'v'),
    t.metadata('k', 'other'),
  ),
});
const day = fc.constantFrom(null, 20_000, -25_567);
const expiry = fc.constantFrom(0, 5, 5, 60);

const create = fc
  .record({
    id: idOf(booked),
    postings: fc.oneof(
      { weight: 3, arbitrary: fc.array(posting, { minLength: 1, maxLength: 1 }) },
      { weight: 1, arbitrary: fc.array(posting, { minLength: 2, maxLength: 5 }) },
    ),
    pending: fc.boolean(),
    expiry,
    noted,
    effectiveDay: day,
  })
  .map(({ id, postings, pending, expiry, noted, effectiveDay }) =>
    t.create(id, postings, { pending, expiresAfterSeconds: pending ? expiry : 0, effectiveDay, ...noted }),
  );
const amounts = fc.oneof(
  { weight: 2, arbitrary: fc.constant(null) },
  {
    weight: 3,
    arbitrary: fc
      .uniqueArray(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 3 })
      .chain((postings) =>
        fc.tuple(
          ...postings.sort((a, b) => a - b).map((posting) => small.map((amount) => ({ posting, amount }))),
        ),
      ),
  },
);
const post = fc
  .record({ id: idOf(posts), target, amounts, keepOpen: fc.boolean(), noted, effectiveDay: day })
  .map(({ id, target, noted, ...rest }) => t.post(id, target, { ...rest, ...noted }));
const reverse = fc
  .record({ id: idOf(others), target: fc.oneof(target, posts), amounts, noted, effectiveDay: day })
  .map(({ id, target, noted, ...rest }) => t.reverse(id, target, { ...rest, ...noted }));
const voiding = fc
  .record({ id: idOf(others), target, noted })
  .map(({ id, target, noted }) => t.voiding(id, target, noted));
const floor = fc.oneof(
  { weight: 6, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.bigInt({ min: -20n, max: 2n }) },
);
const ceiling = floor.map((value) => (value === null ? null : -value));
const limits: fc.Arbitrary<LimitValues> = fc.tuple(floor, ceiling, floor, ceiling);
const open = fc
  .record({
    id: account,
    asset: fc.constantFrom('EUR', 'EUR', 'EUR', 'USD', 'GOLD'),
    normalSide: fc.constantFrom(1 as const, 2 as const),
    limits,
    code: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
  })
  .map(({ id, ...rest }) => t.open(id, rest));
const change = fc
  .record({
    id: idOf(others),
    account,
    limits: fc.option(limits),
    metadata: fc.option(fc.constant(t.metadata('k', 'v'))),
  })
  .map(({ id, account, ...rest }) => t.change(id, account, rest));
const close = fc.record({ id: idOf(others), account }).map(({ id, account }) => t.close(id, account));
const expire = booked.map((target): LedgerCommand => ({ op: 'expire', target }));

const send = (command: LedgerCommand): Step => ({ kind: 'send', command });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: create.map(send) },
  { weight: 4, arbitrary: post.map(send) },
  { weight: 2, arbitrary: voiding.map(send) },
  { weight: 3, arbitrary: reverse.map(send) },
  { weight: 2, arbitrary: open.map(send) },
  { weight: 2, arbitrary: change.map(send) },
  { weight: 1, arbitrary: close.map(send) },
  { weight: 4, arbitrary: expire.map(send) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(0, 5, 60, 90_000).map((seconds): Step => ({ kind: 'advance', seconds })),
  },
  {
    weight: 2,
    arbitrary: fc.array(create, { minLength: 2, maxLength: 4 }).map((commands): Step => ({
      kind: 'group',
      commands: commands.map((command, i) => ({ ...command, linked: i < commands.length - 1 })),
    })),
  },
);

/** Where new ids are counted from, beyond all that are drawn. */
const FRESH = 2_000;

/**
 * What was drawn, with ids that mostly meet: a command's own id is new where `isNew`, and what
 * names a transaction names one of those that were created before it. Left to chance, nine in ten
 * would name nothing or be refused for a used id.
 */
function joined(steps: readonly { step: Step; isNew: boolean }[]): Step[] {
  const created: Uuid[] = [];
  let next = FRESH;
  const settle = <C extends LedgerCommand>(command: C, isNew: boolean): C => {
    const settled = { ...command };
    if ('target' in settled && created.length > 0 && isNew)
      settled.target = created[Number.parseInt(settled.target.slice(-4), 16) % created.length];
    if ('id' in settled && settled.op !== 'openAccount' && isNew) settled.id = t.uuid(next++);
    if (settled.op === 'create') created.push(settled.id);
    return settled;
  };
  return steps.map(({ step, isNew }) => {
    switch (step.kind) {
      case 'advance':
        return step;
      case 'send':
        return { ...step, command: settle(step.command, isNew) };
      case 'group':
        return { ...step, commands: step.commands.map((command) => settle(command, isNew)) };
    }
  });
}

/** A book that begins with four accounts, and what happens to it. Some steps come twice, as retries do. */
export const stream: fc.Arbitrary<Step[]> = fc
  .tuple(
    fc.array(fc.record({ normalSide: fc.constantFrom(1 as const, 2 as const), limits }), {
      minLength: 4,
      maxLength: 4,
    }),
    fc.array(fc.record({ step, again: fc.nat(7), isNew: fc.nat(9).map((n) => n > 0) }), {
      minLength: 25,
      maxLength: 60,
    }),
  )
  .map(([accounts, steps]) => [
    ...accounts.map((more, i): Step =>
      send(
        t.open(t.uuid(1 + i), {
          ...more,
          limits: more.limits.map((one, k) =>
            one === null ? null : k % 2 === 0 ? (one > 0n ? 0n : one) : one < 0n ? 0n : one,
          ) as LimitValues,
        }),
      ),
    ),
    ...joined(steps).flatMap((one, i) =>
      steps[i].again === 0 && one.kind !== 'advance' ? [one, one] : [one],
    ),
  ]);
