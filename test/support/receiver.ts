import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

/** What a merchant's server was told. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly event: {
    id: string;
    type: string;
    request: { id: string; idempotency_key: string | null } | null;
    data: { object: Record<string, unknown>; previous_attributes?: Record<string, unknown> };
  };
}

export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** What it answers from now on, with that status unless the answer says otherwise. */
  answer: (received: Received) => number | Promise<number>;
  /** Of those that came to a path, the types of their events. */
  types(path?: string): string[];
  stop(): Promise<void>;
}

/** A merchant's server that takes webhooks. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const { url: path = '', headers } = request;
      const one = { path, headers, text, event: JSON.parse(text) as Received['event'] };
      received.push(one);
      void Promise.resolve(receiver.answer(one)).then((status) => response.writeHead(status).end('seen'));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answer: () => 200,
    types: (path) =>
      received.filter((one) => path === undefined || one.path === path).map(({ event }) => event.type),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

/** Whether a webhook is signed with that secret, by the library that receivers use. */
export function isSignedWith(secret: string, { text, headers }: Received): boolean {
  try {
    new Webhook(secret).verify(text, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}
