import { type Static, Type } from 'typebox';
import { Mode } from '../../../gen/florin/access/v1/api_keys_pb.ts';
import type { RequestLog } from '../../../gen/florin/requests/v1/request_logs_pb.ts';
import type { Caller } from '../../auth/caller.ts';
import type { Core } from '../../core.ts';
import type { Api } from '../../http/api.ts';
import { LIST_QUERY, listBodyOf, listOf, pageAsked } from '../../http/lists.ts';
import { orNull, STRICT } from '../../http/schemas.ts';
import { named, PREFIX, prefixed } from '../../ids/prefixed.ts';
import { orNull as textOrNull, seconds } from '../values.ts';

const TAG = 'Request logs';
const READ = 'request_logs:read';

const RequestLogBody = Type.Object(
  {
    id: Type.String({
      description: 'The Request-Id of its answer.',
      examples: ['req_0190a000000070008000000000000009'],
    }),
    object: Type.Literal('request_log'),
    created: Type.Integer({ description: 'Unix time, seconds.' }),
    livemode: Type.Boolean(),
    method: Type.String(),
    route: orNull('string', 'As "/v1/payment_intents/:id"; null where there is none.'),
    path: orNull('string', 'The route with the id that was asked for; never a query.'),
    status: Type.Integer({ description: 'The HTTP status; 499: the caller hung up before the answer.' }),
    code: orNull('string', 'Of the problem that it was answered with.'),
    param: orNull('string', 'The parameter at fault.'),
    object_id: orNull('string', 'What it was about.'),
    idempotency_key: orNull('string', '"[removed]" where it could have been a card number or a secret.'),
    api_key: Type.String({ description: 'The id of the API key, never its secret.' }),
    api_version: Type.String(),
    took_ms: Type.Number({ description: 'From the request to its answer, at our side.' }),
  },
  { title: 'RequestLog' },
);

const RequestLogsQuery = Type.Object(
  {
    ...LIST_QUERY,
    request_id: Type.Optional(Type.String({ maxLength: 100, description: 'Only this one.' })),
    route: Type.Optional(
      Type.String({ maxLength: 100, description: 'Only of this route: "/v1/payment_intents/:id/confirm".' }),
    ),
    status: Type.Optional(
      Type.String({
        pattern: '^[1-5]([0-9][0-9]|xx)$',
        description: 'Only those that were answered with it: "402", or "4xx".',
      }),
    ),
  },
  STRICT,
);

/** What a merchant asked, and what came of it: without bodies, queries and secrets. */
export function requestLogRoutes(api: Api, core: Pick<Core, 'requestLogs'>): void {
  api.get('/v1/request_logs', {
    tag: TAG,
    summary: 'List request logs',
    scope: READ,
    query: RequestLogsQuery,
    answer: listBodyOf(RequestLogBody),
    read: async (caller, { query }) => {
      const { rows, hasMore } = await listRequestLogs(core, caller, query);
      return listOf(rows.map(renderRequestLog), { url: '/v1/request_logs', hasMore });
    },
  });
  api.get('/v1/request_logs/:id', {
    tag: TAG,
    summary: 'Retrieve a request log',
    scope: READ,
    answer: RequestLogBody,
    read: async ({ book, merchantId }, { id }) => {
      const requestId = requestIdOf(id);
      const { requestLog } = await core.requestLogs.getRequestLog({ book, merchantId, requestId });
      if (requestLog === undefined) throw new Error('the core answered with no request');
      return renderRequestLog(requestLog);
    },
  });
}

/** One that cannot be is as good as none. */
const requestIdOf = (id: string, param?: string): string =>
  prefixed(PREFIX.request, named(PREFIX.request, id, param));

/** By the ids, which are in the order in which the requests came. */
async function listRequestLogs(
  core: Pick<Core, 'requestLogs'>,
  { book, merchantId }: Caller,
  query: Static<typeof RequestLogsQuery>,
): Promise<{ rows: RequestLog[]; hasMore: boolean }> {
  const { limit: pageSize, from } = pageAsked(query);
  const { route = '', request_id: only } = query;
  const at = from === undefined ? '' : requestIdOf(from.id, from.param);
  const isBefore = from?.param === 'ending_before';
  const { requestLogs, nextPageToken } = await core.requestLogs.listRequestLogs({
    book,
    merchantId,
    route,
    ...statusesOf(query.status),
    pageSize,
    oldestFirst: isBefore,
    ...(isBefore ? { afterRequestId: at } : { beforeRequestId: at }),
    requestId: only === undefined ? '' : requestIdOf(only, 'request_id'),
  });
  return { rows: isBefore ? requestLogs.toReversed() : requestLogs, hasMore: nextPageToken !== '' };
}

function statusesOf(status: string | undefined): { statusMin: number; statusMax: number } {
  if (status === undefined) return { statusMin: 0, statusMax: 0 };
  return {
    statusMin: Number(status.replace('xx', '00')),
    statusMax: Number(status.replace('xx', '99')),
  };
}

function renderRequestLog(log: RequestLog) {
  return {
    id: log.requestId,
    object: 'request_log',
    created: seconds(log.receivedAt),
    livemode: log.mode === Mode.LIVE,
    method: log.method,
    route: textOrNull(log.route),
    path: textOrNull(log.path),
    status: log.status,
    code: textOrNull(log.problemCode),
    param: textOrNull(log.param),
    object_id: textOrNull(log.objectId),
    idempotency_key: textOrNull(log.idempotencyKey),
    api_key: prefixed(PREFIX.apiKey, log.apiKeyId),
    api_version: log.apiVersion,
    took_ms: Number(log.tookUs) / 1_000,
  };
}
