import type { FastifyInstance } from 'fastify';
import { buildServer } from '../http/server.ts';
import { TEST_CLIENT_SECRETS, TEST_SECRETS } from './secrets.ts';
import { SECRET, StandInCore, UNLIMITED } from './standInCore.ts';

export interface StandInAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** An edge in this process, before a core in memory. */
export async function standInEdge() {
  const stand = new StandInCore();
  const app: FastifyInstance = await buildServer({
    core: stand.core,
    secrets: TEST_SECRETS,
    clientSecrets: TEST_CLIENT_SECRETS,
    nowMs: () => 0,
    limits: UNLIMITED,
    log: () => undefined,
  });
  const ask = async (
    method: 'GET' | 'POST',
    url: string,
    { payload, secret = SECRET }: { payload?: object; secret?: string | undefined } = {},
  ): Promise<StandInAnswer> => {
    const headers = { authorization: `Bearer ${secret}`, 'idempotency-key': `${method} ${url}` };
    const answer = await app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
    return { status: answer.statusCode, body: JSON.parse(answer.body) as Record<string, unknown> };
  };
  return {
    stand,
    get: (url: string, secret?: string) => ask('GET', url, { secret }),
    post: (url: string, payload: object, secret?: string) => ask('POST', url, { payload, secret }),
    close: () => app.close(),
  };
}
