import pino from 'pino';
import { wallClockMs } from './clock.ts';
import { connectFlorin } from '../client/index.ts';
import type { EdgeConfig } from './config.ts';
import { buildServer } from './http/server.ts';

export interface Edge {
  /** Answers what has begun, then closes. */
  stop(): Promise<void>;
}

/** HTTP/2 connections to the core. */
const CHANNELS = 2;

/** The REST edge; returns once it listens. */
export async function startEdge(config: EdgeConfig): Promise<Edge> {
  const log = pino({ level: config.logLevel });
  const florin = connectFlorin({ target: config.core, channels: CHANNELS });
  const app = await buildServer({
    core: florin,
    nowMs: wallClockMs,
    log: (level, event, details) => log[level](details, event),
  });
  await app.listen({ host: config.host, port: config.port });
  return {
    stop: async () => {
      await app.close();
      florin.close();
    },
  };
}
