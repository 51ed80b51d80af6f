import { create } from '@bufbuild/protobuf';
import { expect, test, vi } from 'vitest';
import { CODE, type FlorinClient, FlorinError } from '../../client/index.ts';
import {
  ProviderWebhookOutcome as Outcome,
  ReceiveProviderWebhooksResponseSchema,
} from '../../gen/florin/payments/v1/provider_webhooks_pb.ts';
import { Forwarder } from './forwarder.ts';

interface Asked {
  readonly providers: string[];
  readonly answer: (outcomes: readonly Outcome[]) => void;
  readonly fail: (code: number) => void;
}

function standIn() {
  const asked: Asked[] = [];
  const failures: string[] = [];
  const core = {
    providerWebhooks: {
      receiveProviderWebhooks: ({ webhooks = [] }: { webhooks?: { provider?: string }[] }) =>
        new Promise((resolve, reject) => {
          asked.push({
            providers: webhooks.map(({ provider = '' }) => provider),
            answer: (outcomes) => {
              const results = outcomes.map((outcome) => ({ outcome, detail: 'why' }));
              resolve(create(ReceiveProviderWebhooksResponseSchema, { results }));
            },
            fail: (code) => reject(new FlorinError({ code, message: 'no', outcome: 'unknown' })),
          });
        }),
    },
  } as unknown as Pick<FlorinClient, 'providerWebhooks'>;
  const forwarder = new Forwarder(core, ({ message }) => failures.push(message));
  const send = (provider: string, bytes = 2) =>
    forwarder.receive(provider, { body: new Uint8Array(bytes), headers: {} });
  const call = async (nth: number): Promise<Asked> => {
    await vi.waitFor(() => expect(asked.length).toBeGreaterThan(nth));
    return asked[nth];
  };
  return { asked, failures, send, call };
}

test('what comes at once goes in one call, and each is answered for itself', async () => {
  const { asked, send, call } = standIn();
  const sent = Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => send(name)));
  const { providers, answer } = await call(0);
  expect(providers).toEqual(['a', 'b', 'c', 'd', 'e']);
  answer([Outcome.KEPT, Outcome.UNKNOWN_PROVIDER, Outcome.NOT_GENUINE, Outcome.UNREADABLE, Outcome.LATER]);
  expect((await sent).map(({ status }) => status)).toEqual([200, 404, 401, 400, 503]);
  expect((await sent).map(({ why }) => why)).toEqual(['', '', '', 'why', '']);
  expect(asked).toHaveLength(1);
});

test('a core that does not answer makes providers send again', async () => {
  const { send, call, failures } = standIn();
  const sent = send('a');
  (await call(0)).fail(CODE.UNAVAILABLE);
  expect(await sent).toEqual({ status: 503, why: '' });
  expect(failures).toHaveLength(1);
});

test('one that the core refuses to read holds up none of the others', async () => {
  const { send, call } = standIn();
  const sent = Promise.all([send('good'), send('bad')]);
  (await call(0)).fail(CODE.INVALID_ARGUMENT);
  (await call(1)).answer([Outcome.KEPT]);
  (await call(2)).fail(CODE.INVALID_ARGUMENT);
  expect((await sent).map(({ status }) => status)).toEqual([200, 503]);
});

test('a call has its bounds, and so has the number of calls', async () => {
  const { asked, send, call } = standIn();
  const large = [send('a', 1_500_000), send('b', 1_500_000), send('c', 10)];
  expect((await call(1)).providers).toEqual(['b', 'c']);
  expect(asked[0].providers).toEqual(['a']);
  const many = Array.from({ length: 200 }, () => send('x'));
  await call(3);
  expect(asked.map(({ providers }) => providers.length)).toEqual([1, 2, 64, 64]);
  for (const { answer } of asked.splice(0)) answer(Array<Outcome>(64).fill(Outcome.KEPT));
  for (const nth of [0, 1]) (await call(nth)).answer(Array<Outcome>(64).fill(Outcome.KEPT));
  const answers = await Promise.all([...large, ...many]);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
});

test('who comes when too many wait is told to come again', async () => {
  const { send } = standIn();
  const waiting = Array.from({ length: 1_024 }, () => send('a'));
  void waiting;
  expect(await send('late')).toEqual({ status: 503, why: '' });
});

test('an answer that is short of one leaves nobody without any', async () => {
  const { send, call } = standIn();
  const sent = Promise.all([send('a'), send('b')]);
  (await call(0)).answer([Outcome.KEPT]);
  expect((await sent).map(({ status }) => status)).toEqual([200, 503]);
});
