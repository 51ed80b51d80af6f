import { type AddressInfo, type Socket, createServer } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { Clock } from '../../shard/ports.ts';
import type { ServedService } from '../contract.ts';
import {
  KEEPALIVE_TIMEOUT_MS,
  KEEPALIVE_TIME_MS,
  REQUEST_BYTES_MAX,
  STREAMS_PER_CONNECTION_MAX,
} from '../limits.ts';
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
}

/** Listens for gRPC over cleartext HTTP/2, with health and reflection. */
export async function startGrpcServer({
  host,
  port,
  services,
  prepare,
  clock,
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
  for (const service of services) {
    const { definition, handlers } = grpcService(service, prepare);
    server.addService(definition, handlers);
  }
  const health = addHealth(server, services);
  addReflection(server, services);
  const sockets = await openSockets(server, host, port);
  const lane = wireLane(services, prepare, clock);
  const endSettingUp = eachSession(sockets.port, (session) => {
    widenWindows(session);
    offerStreams(session, (stream, headers) => lane.takes(stream, headers));
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
function openSockets(server: Server, host: string, port: number): Promise<Sockets> {
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const open = new Set<Socket>();
  const listener = createServer({ noDelay: true }, (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    injector.injectConnection(socket);
  });
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
