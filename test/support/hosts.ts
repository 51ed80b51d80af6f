import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';

/** A port of this machine behind which a test decides what answers. */
export interface Host {
  readonly port: number;
  /** How many have come so far. */
  readonly connections: number;
  /** As a machine that is gone: nothing listens, and what was open is cut. */
  stop(): Promise<void>;
}

export async function listen(onConnection: (socket: Socket) => void): Promise<Host> {
  const open = new Set<Socket>();
  let connections = 0;
  const server: Server = createServer((socket) => {
    connections++;
    open.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** Another address of the Postgres that the URL names, which can be cut. */
export function anotherAddress(url: string): Promise<Host> {
  const { hostname, port } = new URL(url);
  return listen((socket) => {
    const there = connect(Number(port), hostname);
    there.on('error', () => undefined);
    socket.pipe(there).pipe(socket);
    socket.on('close', () => there.destroy());
    there.on('close', () => socket.destroy());
  });
}

/** The URL with these ports of this machine in place of its host. */
export function urlAt(url: string, ...ports: readonly number[]): string {
  const { username, password, pathname } = new URL(url);
  return `postgres://${username}:${password}@${ports.map((port) => `127.0.0.1:${port}`).join(',')}${pathname}`;
}
