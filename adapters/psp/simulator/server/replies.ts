import type { ServerResponse } from 'node:http';
import type { Answer } from './model.ts';

export function reply(response: ServerResponse, { status, body }: Answer, headers = {}): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

export function json(status: number, value: object): Answer {
  return { status, body: JSON.stringify(value) };
}

/** An error says whether anything can have been done: with `nothing_done` for sure not. */
export function errorAnswer(
  status: number,
  code: string,
  message: string,
  certainty: { nothing_done?: true } = {},
): Answer {
  return json(status, { error: { code, message, ...certainty } });
}
