import { readFileSync } from 'node:fs';
import { constants, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import { type Caller, type Grants, NamedCaller } from '../callers/caller.ts';
import { namesOf } from '../callers/certificateNames.ts';
import { readGrants } from '../callers/grants.ts';

/** What the core shows its callers, and asks of them; files in PEM. */
export interface TlsFiles {
  /** Its certificate, with those between it and its authority. */
  readonly certFile: string;
  readonly keyFile: string;
  /** Authorities of callers' certificates; undefined: callers need none. */
  readonly clientCaFile: string | undefined;
  /** Who may use which books; undefined: whoever has a certificate may do everything. */
  readonly callersFile: string | undefined;
}

/** A file that cannot be used. The message is one line that names it. */
export class BadTlsFile extends Error {
  override readonly name = 'BadTlsFile';
}

interface Content {
  readonly context: SecureContextOptions;
  readonly grants: Grants | undefined;
  /** What all files hold, to see whether anything is new. */
  readonly all: string;
}

/** TLS of the ports that callers use. Files are read anew from time to time, and hold for connections from then on. */
export class Tls {
  readonly #files: TlsFiles;
  readonly #servers: Pick<Server, 'setSecureContext'>[] = [];
  readonly #callers = new WeakMap<object, Caller>();
  #content: Content;

  /** Throws BadTlsFile. */
  constructor(files: TlsFiles) {
    this.#files = files;
    this.#content = read(files);
  }

  /** Whether callers are held to what the file of callers says. */
  get knowsCallers(): boolean {
    return this.#files.callersFile !== undefined;
  }

  /** What a server of ours is made with. */
  get options(): SecureContextOptions & { requestCert: boolean; rejectUnauthorized: boolean } {
    const asksForCertificates = this.#files.clientCaFile !== undefined;
    return {
      ...this.#content.context,
      requestCert: asksForCertificates,
      rejectUnauthorized: asksForCertificates,
    };
  }

  /** Lets the server have what the files hold later. */
  follow(server: Pick<Server, 'setSecureContext'>): void {
    this.#servers.push(server);
  }

  /** Reads the files anew; whether anything was new. Throws BadTlsFile, and all stays as it was. */
  reread(): boolean {
    const content = read(this.#files);
    if (content.all === this.#content.all) return false;
    this.#content = content;
    for (const server of this.#servers) server.setSecureContext(content.context);
    return true;
  }

  /** Who has opened that connection; undefined where callers are not told apart. */
  callerOf(socket: Pick<TLSSocket, 'getPeerCertificate'>): Caller | undefined {
    if (!this.knowsCallers) return undefined;
    const known = this.#callers.get(socket);
    if (known !== undefined) return known;
    const caller = new NamedCaller(
      namesOf(socket.getPeerCertificate()),
      () => this.#content.grants ?? new Map(),
    );
    this.#callers.set(socket, caller);
    return caller;
  }
}

function read({ certFile, keyFile, clientCaFile, callersFile }: TlsFiles): Content {
  const cert = contentOf(certFile);
  const key = contentOf(keyFile);
  const ca = clientCaFile === undefined ? undefined : contentOf(clientCaFile);
  const callers = callersFile === undefined ? undefined : contentOf(callersFile);
  const context: SecureContextOptions = {
    cert,
    key,
    ...(ca === undefined ? {} : { ca }),
    minVersion: 'TLSv1.2',
    // Each connection shows its certificate anew: one that was resumed would not be checked again.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
  try {
    // A file of authorities without any would be taken, and every caller refused.
    if (ca !== undefined) void new X509Certificate(ca);
    createSecureContext(context);
  } catch (error) {
    const named = [certFile, keyFile, clientCaFile].filter((file) => file !== undefined).join(', ');
    throw new BadTlsFile(`${named}: no certificate with its key in PEM (${(error as Error).message}).`);
  }
  return { context, grants: grantsIn(callers, callersFile), all: JSON.stringify([cert, key, ca, callers]) };
}

function grantsIn(text: string | undefined, file: string | undefined): Grants | undefined {
  if (text === undefined) return undefined;
  try {
    return readGrants(text);
  } catch (error) {
    throw new BadTlsFile(`${file}: ${(error as Error).message}.`);
  }
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new BadTlsFile(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}
