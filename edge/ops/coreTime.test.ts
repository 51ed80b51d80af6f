import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Core } from '../core.ts';
import { CoreTime } from './coreTime.ts';

function standIn() {
  let nowMs = 0;
  const time = new CoreTime(() => nowMs);
  const open: ((error?: Error) => void)[] = [];
  const call = () =>
    new Promise<string>((resolve, reject) =>
      open.push((error) => (error === undefined ? resolve('done') : reject(error))),
    );
  const core = time.counted({ assets: { getAsset: call, sync: () => 7 } } as unknown as Core) as unknown as {
    assets: { getAsset: () => Promise<string>; sync: () => number };
  };
  /** The calls that are under way are answered, so many milliseconds later. */
  const answer = async (ms: number, which = 0, error?: Error): Promise<void> => {
    nowMs += ms;
    open.splice(which, 1)[0](error);
    await turn();
  };
  return { time, core, answer, goOn: (ms: number) => (nowMs += ms) };
}

test('counts while a call is under way, also what an answer leads to', async () => {
  const { time, core, answer, goOn } = standIn();
  const waited = time.waited();
  const answers: string[] = [];
  time.within(waited, () => {
    void core.assets.getAsset().then(async (first) => {
      goOn(100);
      answers.push(first, await core.assets.getAsset());
    });
  });
  await answer(5);
  await answer(7);
  expect(waited.ms).toBe(12);
  expect(answers).toEqual(['done', 'done']);
});

test('what is under way at once is waited for once', async () => {
  const { time, core, answer } = standIn();
  const waited = time.waited();
  time.within(waited, () => void Promise.all([core.assets.getAsset(), core.assets.getAsset()]));
  await answer(5);
  await answer(3);
  expect(waited.ms).toBe(8);
});

test('a call that fails was waited for, and fails for whoever made it', async () => {
  const { time, core, answer } = standIn();
  const waited = time.waited();
  let failed: unknown;
  time.within(waited, () => void core.assets.getAsset().catch((error: unknown) => (failed = error)));
  await answer(4, 0, new Error('away'));
  expect(waited.ms).toBe(4);
  expect(failed).toEqual(new Error('away'));
});

test('requests at the same time are counted apart, and nobody where there is none', async () => {
  const { time, core, answer } = standIn();
  const [one, other] = [time.waited(), time.waited()];
  time.within(one, () => void core.assets.getAsset());
  time.within(other, () => void core.assets.getAsset());
  void core.assets.getAsset();
  await answer(5, 0);
  await answer(5, 0);
  await answer(5, 0);
  expect([one.ms, other.ms]).toEqual([5, 10]);
  expect(core.assets.sync()).toBe(7);
});
