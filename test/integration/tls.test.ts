import { execFile } from 'node:child_process';
import { request as askHttps } from 'node:https';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectFlorin, type FlorinClient, securedBy, uuidv7 } from '../../client/index.ts';
import { certificateFiles, type Names, newAuthority } from '../support/certificates.ts';
import { startTestCore, type TestCore } from '../support/core.ts';
import { makeKey, startTestEdge, type TestEdge } from '../support/edge.ts';

const cli = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const files = certificateFiles();
const authority = newAuthority('ours');
const caFile = files.write('ca.pem', authority.cert);
const MERCHANT = uuidv7();

/** A certificate and its key as files, and as the settings of whoever calls the core with them. */
function holder(name: string, names: Names) {
  const { cert, key } = authority.issue(names);
  const own = { certFile: files.write(`${name}.pem`, cert), keyFile: files.write(`${name}.key`, key) };
  const env = {
    FLORIN_CORE_CA_FILE: caFile,
    FLORIN_CORE_CERT_FILE: own.certFile,
    FLORIN_CORE_KEY_FILE: own.keyFile,
  };
  return { own, env, files: { caFile, own } };
}

const server = holder('core', { dns: ['localhost'] });
const operator = holder('operator', { commonName: 'operator' });
const edgeOfShop = holder('edge', { dns: ['edge.internal', 'localhost'] });

let core: TestCore;
let edge: TestEdge;
let florin: FlorinClient;

beforeAll(async () => {
  core = await startTestCore({
    env: {
      FLORIN_TLS_CERT_FILE: server.own.certFile,
      FLORIN_TLS_KEY_FILE: server.own.keyFile,
      FLORIN_TLS_CLIENT_CA_FILE: caFile,
      FLORIN_CALLERS_FILE: files.write(
        'callers.json',
        JSON.stringify({ 'cn:operator': '*', 'dns:edge.internal': ['shop'] }),
      ),
    },
  });
  florin = connectFlorin(securedBy(operator.files, core.target));
  for (const book of ['shop', 'other']) {
    await florin.books.createBook({ name: book });
    await florin.merchants.createMerchants({ book, merchants: [{ id: MERCHANT, name: 'x', country: 'DE' }] });
  }
  edge = await startTestEdge(core.target, undefined, {
    ...edgeOfShop.env,
    FLORIN_EDGE_TLS_CERT_FILE: edgeOfShop.own.certFile,
    FLORIN_EDGE_TLS_KEY_FILE: edgeOfShop.own.keyFile,
  });
});

afterAll(async () => {
  florin?.close();
  await edge?.stop();
  await core?.stop();
  files.remove();
});

/** A request to the edge over TLS. */
function askEdge(secret: string, path: string): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const options = { ca: authority.cert, servername: 'localhost', agent: false };
    const headers = { authorization: `Bearer ${secret}` };
    askHttps(`${edge.url}${path}`, { ...options, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => (body += part));
      response.once('end', () => resolve({ status: response.statusCode, body }));
    })
      .once('error', reject)
      .end();
  });
}

/** A command of the command line, with these settings and no others. */
function run(args: string[], env: Readonly<Record<string, string>>): Promise<{ code: number; text: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), text: `${stdout}${stderr}` }),
    );
  });
}

describe('core, edge and command line over TLS, each with a certificate', () => {
  test('an edge takes requests over TLS and serves the books that its certificate may use', async () => {
    const { secret } = await makeKey(securedBy(operator.files, core.target), {
      book: 'shop',
      merchant: MERCHANT,
    });
    const account = await askEdge(secret, '/v1/account');
    expect(account).toMatchObject({ status: 200 });
    expect(account.body).toContain(`acct_${MERCHANT.replaceAll('-', '')}`);
  });

  test('an edge knows no key of a book that is not its own', async () => {
    const { secret } = await makeKey(securedBy(operator.files, core.target), {
      book: 'other',
      merchant: MERCHANT,
    });
    expect(await askEdge(secret, '/v1/account')).toMatchObject({ status: 401 });
  });

  test('the command line shows its certificate, and sees its books', async () => {
    const asOperator = await run(['books', '--target', core.target], operator.env);
    expect(asOperator).toMatchObject({ code: 0, text: expect.stringMatching(/other[^]*shop/) as string });
    const asEdge = await run(['books', '--target', core.target], edgeOfShop.env);
    expect(asEdge).toMatchObject({ code: 0, text: expect.not.stringContaining('other') as string });
    expect(asEdge.text).toContain('shop');
  });

  test('without a certificate, or without TLS, no core answers', async () => {
    for (const env of [{}, { FLORIN_CORE_CA_FILE: caFile }])
      expect(await run(['books', '--target', core.target], env)).toMatchObject({
        code: 2,
        text: expect.stringContaining('no core answers') as string,
      });
  });
});

test.each([
  [{ FLORIN_CORE_CERT_FILE: '/a.pem' }, 'FLORIN_CORE_KEY_FILE'],
  [{ FLORIN_CORE_NAME: 'core' }, 'FLORIN_CORE_CA_FILE'],
  [{ FLORIN_CORE_CA_FILE: '/nowhere/ca.pem' }, '/nowhere/ca.pem cannot be read'],
  [{ FLORIN_CORE_CA_FILE: server.own.keyFile }, 'no certificate'],
])('%j ends a command with one line', async (env, message) => {
  const { code, text } = await run(['books'], env);
  expect([code, text.trim().split('\n').length]).toEqual([2, 1]);
  expect(text).toContain(message);
});

test.each([
  [{ FLORIN_TLS_CERT_FILE: '/a.pem' }, 'FLORIN_TLS_KEY_FILE'],
  [{ FLORIN_TLS_CLIENT_CA_FILE: '/a.pem' }, 'FLORIN_TLS_CERT_FILE'],
  [
    { FLORIN_TLS_CERT_FILE: '/a.pem', FLORIN_TLS_KEY_FILE: '/a.key', FLORIN_CALLERS_FILE: '/a.json' },
    'FLORIN_TLS_CLIENT_CA_FILE',
  ],
  [{ FLORIN_EDGE_TLS_CERT_FILE: '/a.pem' }, 'FLORIN_EDGE_TLS_KEY_FILE'],
])('with %j nothing starts, and one line says why', async (env, message) => {
  const { code, text } = await run(['start'], env);
  expect([code, text.trim().split('\n').length]).toEqual([2, 1]);
  expect(text).toContain(message);
});
