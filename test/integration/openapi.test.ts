import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import Schemas from 'typebox/schema';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Example, readExamples } from '../../edge/openapi/examples.ts';
import {
  makeKey,
  type MerchantAt,
  merchantAt,
  newKeyFile,
  type Reply,
  startTestDeliverer,
  startTestEdge,
  type TestEdge,
  type TestProcess,
} from '../support/edge.ts';
import { lasting, Names, type Schema, undescribed, withoutSecrets } from '../support/examples.ts';
import { connectPayments, openShop } from '../support/payments/client.ts';
import { type PaymentProcesses, startPaymentProcesses } from '../support/payments/processes.ts';
import { freePort } from '../support/ports.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

/** RECORD_EXAMPLES=1: what is answered becomes what the examples say, to be looked at and committed. */
const isRecording = process.env.RECORD_EXAMPLES === '1';
const FILE = new URL('../../edge/openapi/examples.json', import.meta.url);

interface Media {
  readonly schema: Schema & object;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}
interface Content {
  readonly content: Readonly<Record<string, Media>>;
}
interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly { in: string; name: string; required?: boolean; example?: unknown }[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}
interface Route {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

const examples = readExamples();
const names = new Names();
let processes: PaymentProcesses;
let edge: TestEdge;
let deliverer: TestProcess;
let receiver: Receiver;
let merchant: MerchantAt;
let routes: Route[];

beforeAll(async () => {
  processes = await startPaymentProcesses();
  const { target } = processes.core;
  const opening = connectPayments({ target });
  const shop = await openShop(opening, 'shop');
  opening.close();
  const keyFile = newKeyFile();
  [edge, deliverer, receiver] = await Promise.all([
    startTestEdge(target, keyFile),
    startTestDeliverer(target, keyFile),
    startReceiver(),
  ]);
  names.set('https://shop.example/webhooks', receiver.url);
  merchant = merchantAt(edge, (await makeKey(target, shop)).secret);
  const { body } = await merchant.get('/openapi.json');
  routes = Object.entries(body['paths'] as Record<string, Record<string, Operation>>).flatMap(
    ([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => ({ method, path, operation })),
  );
});

afterAll(async () => {
  await deliverer?.stop();
  await edge?.stop();
  await receiver?.stop();
  await processes?.stop();
}, 60_000);

const routeOf = ({ operation }: Example): Route => {
  const found = routes.find((route) => route.operation.operationId === operation);
  if (found === undefined) throw new Error(`there is no operation ${operation}`);
  return found;
};

/** What an operation answers with that status: the schema, and the examples. */
function answersOf({ responses }: Operation, status: number): Media {
  const of = responses[status] ?? responses[`${Math.trunc(status / 100)}XX`];
  return Object.values(of?.content ?? {})[0];
}

function ask({ method }: Route, path: string, body: object = {}, who = merchant): Promise<Reply> {
  if (method === 'get') return who.get(path);
  return method === 'delete' ? who.delete(path) : who.post(path, body, randomUUID());
}

/** What is told by another process is there after a moment. */
async function asked(example: Example): Promise<Reply> {
  const path = names.toNow(example.path);
  const route = routeOf(example);
  const body = example.body && names.toNow(example.body);
  if (!/\/attempts|\/request_logs\?/.test(path)) return ask(route, path, body);
  let answer: Reply;
  await expect
    .poll(async () => ((answer = await ask(route, path)).body['data'] as unknown[]).length, {
      timeout: 10_000,
    })
    .toBeGreaterThan(0);
  return answer!;
}

function expectDescribed(operation: Operation, { status, body }: Reply): void {
  const { schema } = answersOf(operation, status);
  const [, errors] = Schemas.Errors(schema, body);
  expect(errors).toEqual([]);
  expect(undescribed(body, schema)).toEqual([]);
}

describe('the examples of the OpenAPI document', () => {
  test('are there for every operation: its request, and what it answers', () => {
    const bare = routes.flatMap(({ method, path, operation }) => {
      const { summary, requestBody, responses, parameters = [] } = operation;
      const said = Object.values(requestBody?.content ?? {}).every((media) => media.examples !== undefined);
      const answered = ['200', '4XX', '5XX'].every((status) =>
        Object.values(responses[status]?.content ?? {}).every((media) => media.examples !== undefined),
      );
      const named = parameters.every((one) => one.required !== true || one.example !== undefined);
      return summary !== '' && said && answered && named ? [] : [`${method} ${path}`];
    });
    expect(bare).toEqual([]);
    expect(routes.length).toBeGreaterThan(40);
  });

  test('are one story, which a real edge tells again', async () => {
    const told: Example[] = [];
    for (const example of examples) {
      const at = `${example.operation} ${example.name ?? ''}`;
      const answer = await asked(example);
      names.learn(example.answer, answer.body);
      expect(answer.status, `${at}: ${answer.text}`).toBe(example.status);
      expectDescribed(routeOf(example).operation, answer);
      told.push(withoutSecrets({ ...example, answer: names.toThen(answer.body) }));
      if (!isRecording) expect(lasting(told.at(-1)!.answer), at).toEqual(lasting(example.answer));
    }
    if (isRecording) writeFileSync(FILE, `${JSON.stringify(told, null, 2)}\n`);
  }, 120_000);

  test('of what every operation answers without a key, and while the core is away, are what it answers', async () => {
    const alone = await startTestEdge(`127.0.0.1:${await freePort()}`);
    try {
      const nobody = { '4XX': merchantAt(edge, ''), '5XX': merchantAt(alone, `sk_test_${'x'.repeat(40)}`) };
      for (const [status, who] of Object.entries(nobody))
        await Promise.all(
          routes.map(async (route) => {
            const { operation } = route;
            const path = examples.find((one) => one.operation === operation.operationId)!.path;
            const answer = await ask(route, path, {}, who);
            expectDescribed(operation, answer);
            const named = answersOf(operation, answer.status).examples!;
            expect(lasting(named[answer.body['code'] as string].value), `${status} ${path}`).toEqual(
              lasting(answer.body),
            );
          }),
        );
    } finally {
      await alone.stop();
    }
  }, 60_000);
});

test('the pages that show it take everything from the edge itself', async () => {
  const get = async (path: string) => (await fetch(`${edge.url}${path}`)).text();
  const page = await get('/docs/');
  const sources = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source);
  expect(
    sources.filter((source) => !source.startsWith('/') && !source.startsWith('#') && /^\w+:/.test(source)),
  ).toEqual([]);
  const script = sources.find((source) => source.endsWith('.js'))!;
  expect((await get(new URL(script, `${edge.url}/docs/`).pathname)).length).toBeGreaterThan(100_000);
});
