import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  connectFlorin,
  type FlorinOptions,
  type NewApiKeyInit,
  newApiKeySecret,
  uuidv7,
} from '../../client/index.ts';
import { ApiKeyKind, Mode } from '../../gen/florin/access/v1/api_keys_pb.ts';
import { freePort } from './ports.ts';

const cli = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

export interface TestEdge extends TestProcess {
  /** "http://127.0.0.1:41234". */
  readonly url: string;
  /** The same of its health and metrics. */
  readonly opsUrl: string;
  /** The same of where providers send webhooks to. */
  readonly inboundUrl: string;
}

export interface TestProcess {
  /** SIGKILL, and gone when it settles. */
  kill(): Promise<void>;
  /** The same again, after its end: on its port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** Everything that it has printed and logged. */
  output(): string;
}

/** An edge in a process of its own, with more settings if there are any; several that share a key file know each other's webhook secrets. */
export async function startTestEdge(
  core: string,
  keyFile = newKeyFile(),
  env: Readonly<Record<string, string>> = {},
): Promise<TestEdge> {
  const [port, opsPort, inboundPort] = [await freePort(), await freePort(), await freePort()];
  const running = await startTestProcess('edge', 'The edge is ready.', {
    FLORIN_EDGE_PORT: String(port),
    FLORIN_EDGE_OPS_PORT: String(opsPort),
    FLORIN_PROVIDER_WEBHOOK_PORT: String(inboundPort),
    FLORIN_EDGE_CORE: core,
    FLORIN_WEBHOOK_KEY_FILE: keyFile,
    ...env,
  });
  const scheme = env['FLORIN_EDGE_TLS_CERT_FILE'] === undefined ? 'http' : 'https';
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    opsUrl: `http://127.0.0.1:${opsPort}`,
    inboundUrl: `http://127.0.0.1:${inboundPort}`,
    ...running,
  };
}

/** What tells webhook endpoints, in a process of its own; it reaches receivers on this machine unless told otherwise. */
export async function startTestDeliverer(
  core: string,
  keyFile: string,
  env: Readonly<Record<string, string>> = { FLORIN_WEBHOOK_NETWORKS: '127.0.0.0/8' },
): Promise<TestProcess> {
  return startTestProcess('webhooks', 'Webhooks are delivered.', {
    FLORIN_EDGE_CORE: core,
    FLORIN_WEBHOOK_KEY_FILE: keyFile,
    FLORIN_WEBHOOK_OPS_PORT: String(await freePort()),
    ...env,
  });
}

/** Where a key will be. */
export function newKeyFile(): string {
  return join(mkdtempSync(join(tmpdir(), 'florin-webhooks-')), 'webhook.key');
}

async function startTestProcess(
  command: string,
  ready: string,
  env: Readonly<Record<string, string>>,
): Promise<TestProcess> {
  let child: ChildProcess;
  let printed = '';
  const launch = async (): Promise<void> => {
    child = spawn(process.execPath, [cli, command], {
      env: { ...(process.env.PATH === undefined ? {} : { PATH: process.env.PATH }), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stderr!.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    for await (const line of createInterface({ input: child.stdout! })) {
      printed += `${line}\n`;
      if (line === ready) break;
    }
    child.stdout!.resume();
    if (child.exitCode !== null) throw new Error(`${command} ended while starting:\n${printed}`);
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  };
  await launch();
  return {
    kill: () => end('SIGKILL'),
    restart: launch,
    stop: () => end('SIGTERM'),
    output: () => printed,
  };
}

/** Makes an API key; its id and its secret. */
export async function makeKey(
  core: string | FlorinOptions,
  {
    book,
    merchant,
    mode = 'test',
    ...more
  }: { book: string; merchant: string; mode?: 'test' | 'live' } & Pick<NewApiKeyInit & object, 'scopes'>,
): Promise<{ id: string; secret: string }> {
  const client = connectFlorin(typeof core === 'string' ? { target: core } : core);
  try {
    const { secret, ...hash } = newApiKeySecret({ kind: 'secret', mode });
    const id = uuidv7();
    const kind = ApiKeyKind.SECRET;
    const modes = { test: Mode.TEST, live: Mode.LIVE };
    const key = { id, merchantId: merchant, mode: modes[mode], kind, ...hash, ...more };
    const { outcome } = await client.apiKeys.createApiKey(book, key);
    if (outcome.case !== 'done')
      throw new Error(`the key was not made: ${outcome.value?.reason ?? 'no outcome'}`);
    return { id, secret };
  } finally {
    client.close();
  }
}

export interface Reply {
  readonly status: number;
  readonly text: string;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

/** What a merchant's server can ask of an edge. */
export function merchantAt(edge: { readonly url: string }, secret: string) {
  const ask = async (path: string, init: RequestInit = {}): Promise<Reply> => {
    const headers = { authorization: `Bearer ${secret}`, ...(init.headers as Record<string, string>) };
    const answer = await fetch(`${edge.url}${path}`, { ...init, headers });
    const text = await answer.text();
    const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
    return { status: answer.status, text, body, headers: answer.headers };
  };
  return {
    get: (path: string) => ask(path),
    delete: (path: string) => ask(path, { method: 'DELETE' }),
    post: (path: string, body: object, key?: string) =>
      ask(path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: {
          'content-type': 'application/json',
          ...(key === undefined ? {} : { 'idempotency-key': key }),
        },
      }),
  };
}

export type MerchantAt = ReturnType<typeof merchantAt>;
