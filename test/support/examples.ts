import type { Example } from '../../edge/openapi/examples.ts';

/** Ids of objects as merchants see them, which are others whenever the story is told again. */
const ID = /^[a-z]{2,5}_[0-9a-f]{32}/;
const HERE = /^http:\/\/127\.0\.0\.1:\d+/;
const REQUEST = /^req_[0-9a-f]{32}$/;
/** What is another value whenever it is told: moments, secrets, what was measured or is somebody else's to choose. */
const VOLATILE = new Set([
  'idempotency_key',
  'created',
  'timestamp',
  'available_on',
  'expires_at',
  'at',
  'secret',
  'client_secret',
  'last4',
  'request_id',
  'took_ms',
  'provider_reference',
]);

/** Which id of the examples is which id of now. */
export class Names {
  readonly #now = new Map<string, string>();
  readonly #then = new Map<string, string>();

  set(then: string, now: string): void {
    this.#now.set(then, now);
    this.#then.set(now, then);
  }

  /** What an example says, of the ids of now. */
  toNow<Said>(said: Said): Said {
    return replaced(said, this.#now);
  }

  /** What was answered now, of the ids of the examples. */
  toThen<Said>(said: Said): Said {
    return replaced(said, this.#then);
  }

  /** Takes ids that an example was answered from where they stand in the answer of now. */
  learn(then: unknown, now: unknown): void {
    if (typeof then === 'string' && typeof now === 'string') {
      if (ID.test(then) && ID.test(now) && !this.#now.has(then)) this.set(then, now);
      return;
    }
    if (!isObject(then) || !isObject(now)) return;
    for (const [name, value] of Object.entries(then)) this.learn(value, now[name]);
  }
}

/** An answer with the kinds of what is another value whenever it is told, in place of the values. */
export function lasting(answer: unknown, name = ''): unknown {
  if (VOLATILE.has(name) || name.endsWith('_at')) return answer === null ? null : typeof answer;
  if (Array.isArray(answer)) return answer.map((one) => lasting(one));
  // Where the edge listens is another port each time, and a request is told by what it asked for.
  if (typeof answer === 'string') return answer.replace(HERE, '').replace(REQUEST, 'req_');
  if (!isObject(answer)) return answer;
  // How far something has come of which nobody knows the outcome depends on when its provider's webhook came.
  const isOpen = answer['status'] === 'processing';
  return Object.fromEntries(
    Object.entries(answer).map(([key, value]) => [
      key,
      isOpen && key === 'version' ? typeof value : lasting(value, key),
    ]),
  );
}

/** Where an answer has a field that its schema does not: what is not described may not be answered. */
export function undescribed(answer: unknown, schema: Schema, at = ''): string[] {
  if (Array.isArray(answer))
    return schema.items === undefined
      ? []
      : answer.flatMap((one) => undescribed(one, schema.items!, `${at}[]`));
  const { properties } = schema;
  if (!isObject(answer) || properties === undefined) return [];
  return Object.entries(answer).flatMap(([name, value]) => {
    const path = `${at}.${name}`;
    return properties[name] === undefined ? [path] : undescribed(value, properties[name], path);
  });
}

export interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

/** A secret of a story that is over says nothing, and looks like one all the same. */
export function withoutSecrets({ answer, ...example }: Example): Example {
  return { ...example, answer: hidden(answer) as object };
}

function hidden(said: unknown, name = ''): unknown {
  if (typeof said === 'string') {
    if (name === 'client_secret') return said.replace(/_secret_.*/, '_secret_...');
    return name === 'secret'
      ? `${said.replace(/_[^_]*$/, '')}_...`
      : said.replace(HERE, 'http://127.0.0.1:7410');
  }
  if (Array.isArray(said)) return said.map((one) => hidden(one));
  if (!isObject(said)) return said;
  return Object.fromEntries(Object.entries(said).map(([key, value]) => [key, hidden(value, key)]));
}

function replaced<Said>(said: Said, by: ReadonlyMap<string, string>): Said {
  let text = JSON.stringify(said);
  for (const [from, to] of by) text = text.replaceAll(from, to);
  return JSON.parse(text) as Said;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
