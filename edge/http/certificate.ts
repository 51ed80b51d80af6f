import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { Server as TlsServer } from 'node:https';
import { createSecureContext } from 'node:tls';
import { TlsSettingError } from '../../client/index.ts';

/** A certificate and its key, PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export interface PairFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** The edge's own certificate, as its files have it. */
export class Certificate {
  readonly #files: PairFiles;
  #pair: Pair;

  /** Throws TlsSettingError. */
  constructor(files: PairFiles) {
    this.#files = files;
    this.#pair = read(files);
  }

  get pair(): Pair {
    return this.#pair;
  }

  /** Reads the files anew and lets new connections have what is new; whether anything was. Throws TlsSettingError. */
  renew(server: Server | TlsServer): boolean {
    const pair = read(this.#files);
    if (pair.cert === this.#pair.cert && pair.key === this.#pair.key) return false;
    this.#pair = pair;
    if (server instanceof TlsServer) server.setSecureContext(secureContextOf(pair));
    return true;
  }
}

/** What TLS of the edge is made with, at the start and later. */
export function secureContextOf({ cert, key }: Pair) {
  return { cert, key, minVersion: 'TLSv1.2' } as const;
}

function read({ certFile, keyFile }: PairFiles): Pair {
  const pair = { cert: contentOf(certFile), key: contentOf(keyFile) };
  try {
    createSecureContext(pair);
  } catch (error) {
    throw new TlsSettingError(
      `${certFile}, ${keyFile}: no certificate with its key in PEM (${(error as Error).message}).`,
    );
  }
  return pair;
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new TlsSettingError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}
