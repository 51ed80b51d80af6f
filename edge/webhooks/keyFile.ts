import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { KEY_BYTES_MIN } from './secrets.ts';

/**
 * The key behind all webhook secrets, from its file; made where there is none. Only its owner may read it. Of several
 * processes that start at once one makes it, and all have the same.
 */
export function keepWebhookKey(file: string): Uint8Array {
  const found = read(file);
  if (found !== undefined) return found;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${randomBytes(KEY_BYTES_MIN).toString('base64')}\n`, { mode: 0o600, flush: true });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return read(file) ?? keepWebhookKey(file);
}

function read(file: string): Uint8Array | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length >= KEY_BYTES_MIN) return key;
  throw new BadWebhookKey(
    `${file} holds no key of webhooks: ${KEY_BYTES_MIN} bytes or more, in base64, as "openssl rand -base64 32" makes them.`,
  );
}

/** The file is somebody's, and it is not for us to write another key into it. */
export class BadWebhookKey extends Error {
  override readonly name = 'BadWebhookKey';
}
