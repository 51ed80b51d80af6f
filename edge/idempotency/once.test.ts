import { describe, expect, test } from 'vitest';
import type { Caller } from '../auth/caller.ts';
import { Problem } from '../problems/problem.ts';
import { MERCHANT, StandInCore } from '../testing/standInCore.ts';
import { commandId, idempotent } from './key.ts';
import { type Act, Once } from './once.ts';

const caller: Caller = {
  keyId: 'k',
  book: 'shop',
  merchantId: MERCHANT,
  isLive: false,
  kind: 'secret',
  scopes: new Set(),
};
const requestOf = (body: unknown = {}) => idempotent('key', { caller, method: 'POST', path: '/x', body });
const problem = (isRepeated: boolean): Problem =>
  new Problem('payment_intent_unexpected_state', { isRepeated });

describe('a request with a key', () => {
  test('is answered with the bytes of the first answer, at every edge', async () => {
    const { core } = new StandInCore();
    const acts: Act[] = ['one', 'two'].map((body) => async () => ({ status: 200, body }));
    expect(await new Once(core).run(requestOf(), caller, acts[0])).toEqual({
      status: 200,
      body: 'one',
      isReplayed: false,
    });
    expect(await new Once(core).run(requestOf(), caller, acts[1])).toEqual({
      status: 200,
      body: 'one',
      isReplayed: true,
    });
  });

  test('of another body is refused, though the commands were the same', async () => {
    const once = new Once(new StandInCore().core);
    const act: Act = async () => ({ status: 200, body: 'one' });
    await once.run(requestOf({ a: 1 }), caller, act);
    await expect(once.run(requestOf({ a: 2 }), caller, act)).rejects.toMatchObject({
      code: 'idempotency_key_reused',
      status: 422,
    });
  });

  test('is turned away while the same one is under way here, and not after it failed', async () => {
    const once = new Once(new StandInCore().core);
    const { promise, reject } = Promise.withResolvers<never>();
    const first = once.run(requestOf(), caller, () => promise);
    await expect(once.run(requestOf(), caller, () => promise)).rejects.toMatchObject({
      code: 'request_in_flight',
      status: 409,
    });
    reject(new Error('lost'));
    await expect(first).rejects.toThrow('lost');
    expect(await once.run(requestOf(), caller, async () => ({ status: 200, body: 'x' }))).toMatchObject({
      isReplayed: false,
    });
  });

  test('that was refused before is a command of its own the next time, and one that is refused now is told so', async () => {
    const stand = new StandInCore();
    const once = new Once(stand.core);
    const tried: string[] = [];
    await expect(
      once.run(requestOf(), caller, async (id) => {
        tried.push(id);
        throw problem(false);
      }),
    ).rejects.toMatchObject({ code: 'payment_intent_unexpected_state' });
    expect(tried).toEqual([commandId(requestOf(), 0)]);
    expect(stand.records.size).toBe(0);
    const answer = await once.run(requestOf(), caller, async (id) => {
      if (id === commandId(requestOf(), 0)) throw problem(true);
      return { status: 200, body: id };
    });
    expect(answer).toEqual({ status: 200, body: commandId(requestOf(), 1), isReplayed: false });
  });

  test('that came to nothing and has an answer meanwhile is given that, and not tried again', async () => {
    const stand = new StandInCore();
    const once = new Once(stand.core);
    const other = new Once(stand.core);
    const tried: string[] = [];
    const answer = await once.run(requestOf(), caller, async (id) => {
      tried.push(id);
      await other.run(requestOf(), caller, async () => ({ status: 202, body: 'processing' }));
      throw problem(true);
    });
    expect(answer).toEqual({ status: 202, body: 'processing', isReplayed: true });
    expect(tried).toEqual([commandId(requestOf(), 0)]);
  });

  test('that is refused for ever ends', async () => {
    let tries = 0;
    const run = new Once(new StandInCore().core).run(requestOf(), caller, async () => {
      tries += 1;
      throw problem(true);
    });
    await expect(run).rejects.toMatchObject({ code: 'payment_intent_unexpected_state' });
    expect(tries).toBe(50);
  });
});
