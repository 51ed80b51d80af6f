import { once } from 'node:events';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

/** Bytes a message: the server works on one while the next is on its way, and no write holds the event loop long. */
const CHUNK_BYTES = 128 * 1024;

/** Runs a `COPY .. FROM STDIN (FORMAT binary)` over bytes that are already encoded. */
export async function copyIn(client: pg.ClientBase, sql: string, bytes: Buffer): Promise<void> {
  const stream = client.query(copyFrom(sql));
  const done = new Promise<void>((resolve, reject) => {
    stream.once('finish', resolve);
    stream.once('error', reject);
  });
  // Rejections while we wait for 'drain' are seen below.
  done.catch(() => undefined);
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    const isFull = !stream.write(bytes.subarray(at, at + CHUNK_BYTES));
    if (isFull) await Promise.race([once(stream, 'drain'), done]);
  }
  stream.end();
  await done;
}
