import type { MessageInitShape } from '@bufbuild/protobuf';
import type { FastifyRequest } from 'fastify';
import { isIP } from 'node:net';
import { Mode } from '../../gen/florin/access/v1/api_keys_pb.ts';
import type { RequestLogSchema } from '../../gen/florin/requests/v1/request_logs_pb.ts';
import type { Caller } from '../auth/caller.ts';
import { VERSION } from '../http/versions.ts';
import { keyOf } from '../idempotency/key.ts';

export type RequestEntry = MessageInitShape<typeof RequestLogSchema>;

/** How a request ended. */
export interface Ending {
  readonly status: number;
  readonly tookMs: number;
  /** The body of the answer, where it was looked at. */
  readonly body: string | undefined;
}

interface Answered {
  readonly problemCode?: string;
  readonly param?: string;
  readonly objectId?: string;
}

const PARAM_CHARACTERS_MAX = 200;
const USER_AGENT_CHARACTERS_MAX = 200;
/** An id as the API makes it: nothing that somebody has typed. */
const ID = /^[a-z]{2,5}_[0-9a-f]{32}$/;
/** How the answer about an object begins. */
const OBJECT = /^\{"id":"([a-z]{2,5}_[0-9a-f]{32})"/;

/**
 * What the log keeps of a request. No body, no query, no header but these, and of the path what a route and an id are: what
 * else a caller sends may be anything.
 */
export function entryOf(request: FastifyRequest, { status, tookMs, body }: Ending): RequestEntry {
  const { id, method, headers, ip } = request;
  const { url: route = '' } = request.routeOptions;
  const asked = askedId(request.params);
  return {
    requestId: id,
    ...callerOf((request as { caller?: Caller }).caller),
    method,
    route,
    path: asked === undefined ? route : route.replace(':id', asked),
    status,
    ...(asked === undefined ? {} : { objectId: asked }),
    ...answeredBy(status, body),
    idempotencyKey: keyIn(headers['idempotency-key']),
    apiVersion: VERSION,
    tookUs: BigInt(Math.max(0, Math.round(tookMs * 1_000))),
    address: isIP(ip) === 0 ? '' : ip,
    userAgent: printable(headers['user-agent'] ?? '', USER_AGENT_CHARACTERS_MAX),
  };
}

function callerOf(caller: Caller | undefined) {
  if (caller === undefined) return {};
  const { book, merchantId, keyId: apiKeyId, isLive } = caller;
  return { book, merchantId, apiKeyId, mode: isLive ? Mode.LIVE : Mode.TEST };
}

function askedId(params: unknown): string | undefined {
  const { id } = (params ?? {}) as { id?: string };
  return id !== undefined && ID.test(id) ? id : undefined;
}

function answeredBy(status: number, body: string | undefined): Answered {
  if (body === undefined) return {};
  if (status < 400) {
    const [, objectId] = OBJECT.exec(body) ?? [];
    return objectId === undefined ? {} : { objectId };
  }
  const problem = JSON.parse(body) as { code: string; param?: string; payment_intent?: { id: string } };
  const { code: problemCode, param = '', payment_intent: intent } = problem;
  return {
    problemCode,
    param: printable(param, PARAM_CHARACTERS_MAX),
    ...(intent === undefined ? {} : { objectId: intent.id }),
  };
}

/** One that is none is told as the problem that it was. */
function keyIn(header: string | string[] | undefined): string {
  try {
    return keyOf(header) ?? '';
  } catch {
    return '';
  }
}

function printable(text: string, charactersMax: number): string {
  return text.slice(0, charactersMax).replaceAll(/[^\x20-\x7e]/g, '?');
}
