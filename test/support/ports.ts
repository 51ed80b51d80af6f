import { createServer } from 'node:net';

/** Given before: a core is told all of its ports before it opens one. */
const given = new Set<number>();

/** A port that nobody listened on a moment ago, below the range that the kernel gives to outgoing connections. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + (crypto.getRandomValues(new Uint16Array(1))[0] % 20_000);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port }, () => server.close(() => resolve(true)));
  });
}
