import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PROBLEMS, type ProblemCode } from '../problems/registry.ts';
import { intentOf, SECRET, StandInCore, UNLIMITED } from '../testing/standInCore.ts';
import { TEST_CLIENT_SECRETS, TEST_SECRETS } from '../testing/secrets.ts';
import { buildServer } from './server.ts';

interface Schema {
  readonly type?: string | string[];
  readonly properties?: Readonly<Record<string, Schema>>;
}
interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly fields: readonly string[];
}

let app: FastifyInstance;
let routes: Route[];

beforeAll(async () => {
  const stand = new StandInCore();
  stand.keep(intentOf({}));
  app = await buildServer({
    core: stand.core,
    secrets: TEST_SECRETS,
    clientSecrets: TEST_CLIENT_SECRETS,
    nowMs: () => 0,
    limits: UNLIMITED,
    log: () => undefined,
  });
  const answer = await app.inject({ url: '/openapi.json' });
  const { paths } = JSON.parse(answer.body) as {
    paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: Schema }> } }>>;
  };
  routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { requestBody }]) => ({
      method: method.toUpperCase() as Route['method'],
      path,
      fields: Object.keys(requestBody?.content['application/json'].schema.properties ?? {}),
    })),
  );
});
afterAll(() => app.close());

const BOUNDARIES: readonly unknown[] = [
  0,
  -1,
  1,
  0.5,
  1e21,
  -0,
  2 ** 53,
  999_999_999_999,
  1_000_000_000_000,
  1.0000001,
  '',
  ' ',
  '0',
  '1',
  'eur',
  'EUR',
  'pm_card_visa',
  'pi_0190a000000070008000000000000001',
  '\u0000',
  '\u202e',
  null,
  true,
  false,
  [],
  {},
  [[]],
  { a: {} },
  'x'.repeat(3_000),
  '4242424242424242',
];

/** What no parameter is, and what is at the edge of what one may be. */
const anything = fc.oneof(
  { depthSize: 'small' },
  fc.constantFrom(...BOUNDARIES),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.double(),
  fc.bigInt().map(Number),
  fc.jsonValue({ maxDepth: 3 }),
  fc.dictionary(fc.string({ maxLength: 60 }), fc.string({ maxLength: 600 }), { maxKeys: 60 }),
);

/** A request by the document, with anything in its fields, in its path and in its headers. */
const requests = fc.record({
  route: fc.nat(),
  fields: fc.array(fc.tuple(fc.nat(), anything), { maxLength: 6 }),
  strangers: fc.dictionary(fc.string({ maxLength: 20 }), anything, { maxKeys: 2 }),
  id: fc.oneof(
    fc.constantFrom('pi_0190a000000070008000000000000001', `pi_${'0'.repeat(32)}`, 'pi_x', '..', '%00'),
    fc.string({ unit: 'binary', maxLength: 300 }).map(encodeURIComponent),
  ),
  key: fc.option(
    fc.string({ minLength: 1, maxLength: 300 }).filter((text) => /^[\x20-\x7e]*$/.test(text)),
    {
      nil: undefined,
    },
  ),
});

test('whatever is asked by the document is answered, or refused with a code and in one form', async () => {
  const met = new Set<string>();
  await fc.assert(
    fc.asyncProperty(requests, async ({ route: index, fields, strangers, id, key }) => {
      const route = routes[index % routes.length];
      const named = fields.map(([at, value]) => [route.fields[at % route.fields.length], value] as const);
      const body = { ...Object.fromEntries(named.filter(([name]) => name !== undefined)), ...strangers };
      const answer = await app.inject({
        method: route.method,
        url: route.path.replace('{id}', id || 'x'),
        headers: {
          authorization: `Bearer ${SECRET}`,
          ...(key === undefined ? {} : { 'idempotency-key': key }),
          ...(route.method === 'POST' ? { 'content-type': 'application/json' } : {}),
        },
        ...(route.method === 'POST' ? { payload: JSON.stringify(body) } : {}),
      });
      met.add(String(answer.statusCode));
      expect(answer.statusCode, answer.body).toBeLessThan(500);
      if (answer.statusCode < 400) return;
      expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
      const problem = JSON.parse(answer.body) as { code: ProblemCode; status: number; param?: string };
      expect(PROBLEMS).toHaveProperty(problem.code);
      expect(problem.status).toBe(answer.statusCode);
      if (problem.code.startsWith('parameter_')) expect(typeof problem.param).toBe('string');
    }),
    { numRuns: 2_000 },
  );
  // It is no proof that all is refused.
  expect([...met]).toEqual(expect.arrayContaining(['200', '400', '404']));
});

test('a text that is no JSON, or as good as none, is refused in the same form', async () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json().map((text) => text.slice(0, -1)),
    fc.constantFrom(
      '{"amount":1,"amount":2}',
      '{"amount":1e999}',
      '{"constructor":{"prototype":{}}}',
      '\ufeff{}',
    ),
  );
  await fc.assert(
    fc.asyncProperty(texts, async (payload) => {
      const headers = { authorization: `Bearer ${SECRET}`, 'content-type': 'application/json' };
      const answer = await app.inject({ method: 'POST', url: '/v1/payment_intents', headers, payload });
      expect(answer.statusCode, answer.body).toBe(400);
      expect(PROBLEMS).toHaveProperty((JSON.parse(answer.body) as { code: string }).code);
    }),
    { numRuns: 500 },
  );
});
