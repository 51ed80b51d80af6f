import type { MessageInitShape } from '@bufbuild/protobuf';
import { type Timestamp, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { isIP } from 'node:net';
import { Mode } from '../../../gen/florin/access/v1/api_keys_pb.ts';
import type {
  RequestLog as LogMessage,
  RequestLogSchema,
} from '../../../gen/florin/requests/v1/request_logs_pb.ts';
import type { Reason } from '../../kernel/ledger/refusals.ts';
import { parseUuid } from '../../kernel/ledger/uuid.ts';
import { firstIdOf, type RequestLog } from '../../readmodels/requestLogs.ts';
import { BadField } from '../errors/badField.ts';
import { harmless } from './harmless.ts';
import { MODES } from './modes.ts';
import { isBookName } from './names.ts';
import { queriedMoment } from './queries.ts';

/** The bounds of florin.requests.v1, as its comments tell them. */
export const REQUEST_LOGS_MAX = 1_000;
export const PATH_CHARACTERS_MAX = 200;
export const STATUS_MAX = 599;
const STATUS_MIN = 100;
const METHOD_CHARACTERS_MAX = 10;
export const ROUTE_CHARACTERS_MAX = 100;
const CODE_CHARACTERS_MAX = 60;
const PARAM_CHARACTERS_MAX = 200;
const KEY_CHARACTERS_MAX = 255;
const VERSION_CHARACTERS_MAX = 20;
const USER_AGENT_CHARACTERS_MAX = 200;

const REQUEST_ID = /^req_([0-9a-f]{8})([0-9a-f]{4})(7[0-9a-f]{3})([0-9a-f]{4})([0-9a-f]{12})$/;
const PRINTABLE = /^[\x20-\x7e]*$/;

/** Throws BadField for the first thing that is wrong with it. */
export function requestLog(log: LogMessage, place: number): RequestLog {
  const at = (field: string): string => `request_logs[${place}].${field}`;
  const text = (value: string, field: string, charactersMax: number): string => {
    if (value.length > charactersMax) throw new BadField(at(field), 'TOO_LONG');
    if (!PRINTABLE.test(value)) throw new BadField(at(field), 'INVALID_TEXT');
    return value;
  };
  const typed = (value: string, field: string, charactersMax: number): string =>
    harmless(text(value, field, charactersMax));
  const hasKey = log.book !== '';
  if (hasKey && !isBookName(log.book)) throw new BadField(at('book'), 'INVALID_VALUE');
  const mode = hasKey ? modeOf(log.mode) : null;
  if (mode === undefined) throw new BadField(at('mode'), 'INVALID_VALUE');
  const uuid = (value: string, field: string): string | null => {
    if (!hasKey) return null;
    return parseUuid(value) ?? no(at(field), 'INVALID_UUID');
  };
  if (log.method === '') throw new BadField(at('method'), 'MISSING_FIELD');
  if (log.status < STATUS_MIN || log.status > STATUS_MAX) throw new BadField(at('status'), 'INVALID_VALUE');
  if (log.tookUs < 0n || log.tookUs > BigInt(Number.MAX_SAFE_INTEGER))
    throw new BadField(at('took_us'), 'INVALID_VALUE');
  if (log.address !== '' && isIP(log.address) === 0) throw new BadField(at('address'), 'INVALID_VALUE');
  return {
    id: queriedRequestId(log.requestId, at('request_id')),
    book: log.book,
    merchant: uuid(log.merchantId, 'merchant_id'),
    mode,
    apiKey: uuid(log.apiKeyId, 'api_key_id'),
    method: text(log.method, 'method', METHOD_CHARACTERS_MAX),
    route: text(log.route, 'route', ROUTE_CHARACTERS_MAX),
    path: typed(log.path, 'path', PATH_CHARACTERS_MAX),
    status: log.status,
    problemCode: text(log.problemCode, 'problem_code', CODE_CHARACTERS_MAX),
    param: typed(log.param, 'param', PARAM_CHARACTERS_MAX),
    objectId: typed(log.objectId, 'object_id', CODE_CHARACTERS_MAX),
    idempotencyKey: typed(log.idempotencyKey, 'idempotency_key', KEY_CHARACTERS_MAX),
    apiVersion: text(log.apiVersion, 'api_version', VERSION_CHARACTERS_MAX),
    tookUs: Number(log.tookUs),
    address: log.address,
    userAgent: typed(log.userAgent, 'user_agent', USER_AGENT_CHARACTERS_MAX),
  };
}

/** The UUID in a request's id. */
export function queriedRequestId(text: string, field: string): string {
  const match = REQUEST_ID.exec(text);
  if (match === null) throw new BadField(field, text === '' ? 'MISSING_FIELD' : 'INVALID_VALUE');
  return match.slice(1).join('-');
}

/** The least id of those that came at a moment or later; without one the least of all. */
export function queriedFrom(moment: Timestamp | undefined): string {
  return firstIdOf(
    moment === undefined ? 0 : Math.ceil(queriedMoment(moment, 'received_from', 'up') / 1_000),
  );
}

export function requestLogMessage(log: RequestLog): MessageInitShape<typeof RequestLogSchema> {
  const { id, merchant, mode, apiKey, tookUs, ...same } = log;
  const digits = id.replaceAll('-', '');
  return {
    ...same,
    requestId: `req_${digits}`,
    receivedAt: timestampFromMs(parseInt(digits.slice(0, 12), 16)),
    merchantId: merchant ?? '',
    mode: mode === null ? Mode.UNSPECIFIED : MODES[mode],
    apiKeyId: apiKey ?? '',
    tookUs: BigInt(tookUs),
  };
}

function modeOf(mode: Mode): 'test' | 'live' | undefined {
  if (mode === Mode.TEST) return 'test';
  return mode === Mode.LIVE ? 'live' : undefined;
}

function no(field: string, reason: Reason): never {
  throw new BadField(field, reason);
}
