import { type AddressInfo, type Server as Listener, type Socket, createServer } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { Clock } from '../../shard/ports.ts';
import type { ServedService } from '../contract.ts';
import {
  HANDSHAKE_MS_MAX,
  KEEPALIVE_TIMEOUT_MS,
  KEEPALIVE_TIME_MS,
  REQUEST_BYTES_MAX,
  STREAMS_PER_CONNECTION_MAX,
} from '../limits.ts';
import type { Tls } from '../tls/tls.ts';
import { Callers } from './callers.ts';
import { explain } from './explain.ts';
import { type Prepare, grpcService } from './grpcMethods.ts';
import { addReflection } from './reflection.ts';
import { eachSession, offerStreams, widenWindows } from './sessions.ts';
import { WireLane } from './wireLane.ts';

export interface GrpcServer {
  readonly port: number;
  setServing(isServing: boolean): void;
  /** GOAWAY on every connection: no new calls. Resolves when the last call has ended. */
  drain(): Promise<void>;
  /** Cuts what is left. */
  destroy(): void;
}

interface GrpcServerOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  services: readonly ServedService[];
  prepare: Prepare;
  clock: Clock;
  /** undefined: cleartext. */
  tls: Tls | undefined;
}

/** Listens for gRPC over HTTP/2, with health and reflection. */
export async function startGrpcServer({
  host,
  port,
  services,
  prepare,
  clock,
  tls,
}: GrpcServerOptions): Promise<GrpcServer> {
  const server = new Server({
    'grpc.max_receive_message_length': REQUEST_BYTES_MAX,
    // Answers to mutations are always sent; lists bound themselves.
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': STREAMS_PER_CONNECTION_MAX,
    'grpc.keepalive_time_ms': KEEPALIVE_TIME_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.enable_channelz': 0,
    interceptors: [explain],
  });
  const callers = new Callers(tls);
  for (const service of services) {
    const { definition, handlers } = grpcService(service, prepare, callers);
    server.addService(definition, handlers);
  }
  const health = addHealth(server, services);
  addReflection(server, services);
  const sockets = await openSockets(server, { host, port, tls });
  const lane = wireLane(services, prepare, clock);
  const endSettingUp = eachSession(sockets.port, (session) => {
    widenWindows(session);
    const caller = callers.of(session);
    offerStreams(session, (stream, headers) => {
      if (lane.takes(stream, headers, caller)) return true;
      callers.mark(headers, caller);
      return false;
    });
  });
  return {
    port: sockets.port,
    setServing: (isServing) => health.setServing(isServing),
    drain: () => {
      // Its own callback comes too early: it does not wait for connections that it did not accept itself.
      server.tryShutdown(() => undefined);
      return sockets.close();
    },
    destroy: () => {
      endSettingUp();
      sockets.destroy();
      server.forceShutdown();
    },
  };
}

/** The methods that need no messages, besides the service that grpc-js has. */
function wireLane(services: readonly ServedService[], prepare: Prepare, clock: Clock): WireLane {
  const lane = new WireLane(clock);
  for (const { methods } of services)
    for (const method of methods) if (method.kind === 'wire') lane.add(method, prepare(method));
  return lane;
}

/** grpc.health.v1 for the server as a whole and for each service; NOT_SERVING until told otherwise. */
function addHealth(
  server: Server,
  services: readonly ServedService[],
): { setServing(isServing: boolean): void } {
  const names = ['', ...services.map(({ desc }) => desc.typeName)];
  const health = new HealthImplementation(
    Object.fromEntries(names.map((name) => [name, 'NOT_SERVING' as const])),
  );
  health.addToServer(server);
  return {
    setServing: (isServing) => {
      for (const name of names) health.setStatus(name, isServing ? 'SERVING' : 'NOT_SERVING');
    },
  };
}

interface Sockets {
  readonly port: number;
  /** Takes no more connections; resolves when the last one has ended. */
  close(): Promise<void>;
  destroy(): void;
}

/**
 * Listens by itself and hands connections to grpc-js, whose own listening can cut no connection that has been asked to
 * close (without channelz), and tells a port in use only as a sentence.
 */
function openSockets(
  server: Server,
  { host, port, tls }: Pick<GrpcServerOptions, 'host' | 'port' | 'tls'>,
): Promise<Sockets> {
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const open = new Set<Socket>();
  const take = (socket: Socket): void => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    injector.injectConnection(socket);
  };
  const listener =
    tls === undefined ? createServer({ noDelay: true }, take) : secureListener(tls, open, take);
  return new Promise((resolve, reject) => {
    listener.once('error', reject);
    listener.listen({ host, port }, () => {
      listener.off('error', reject);
      resolve({
        port: (listener.address() as AddressInfo).port,
        close: () => new Promise((closed) => listener.close(() => closed())),
        destroy: () => {
          for (const socket of open) socket.destroy();
        },
      });
    });
  });
}

/** Connections are handed on when they have shown what they must; until then they can be cut like others. */
function secureListener(tls: Tls, open: Set<Socket>, take: (socket: TLSSocket) => void): Listener {
  const options = {
    ...tls.options,
    ALPNProtocols: ['h2'],
    noDelay: true,
    handshakeTimeout: HANDSHAKE_MS_MAX,
  };
  const listener = createTlsServer(options, take);
  listener.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  tls.follow(listener);
  return listener;
}
