import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { ChannelCredentials } from '@grpc/grpc-js';
import type { FlorinOptions } from '../options.ts';
import { type TlsFiles, TlsSettingError } from './settings.ts';

/** The client's options for a target: `connectFlorin({ ...securedBy(files, target) })`. */
export function securedBy(
  files: TlsFiles | undefined,
  target: string,
): Pick<FlorinOptions, 'target' | 'credentials' | 'serverName'> {
  if (files === undefined) return { target };
  const ca = contentOf(files.caFile);
  const { own } = files;
  const [cert, key] = own === undefined ? [] : [contentOf(own.certFile), contentOf(own.keyFile)];
  try {
    // A file of authorities without any would be trusted to hold none, in silence.
    void new X509Certificate(ca);
    createSecureContext({ ca, cert, key });
  } catch (error) {
    const said = (error as Error).message;
    const named = [files.caFile, own?.certFile, own?.keyFile].filter((file) => file !== undefined);
    throw new TlsSettingError(`${named.join(', ')}: no certificate with its key in PEM (${said}).`);
  }
  return {
    target,
    credentials: ChannelCredentials.createSsl(ca, key ?? null, cert ?? null),
    serverName: files.coreName ?? nameToExpect(target),
  };
}

/** Certificates are asked for by name: an address is none. */
function nameToExpect(target: string): string {
  const host = target
    .replace(/^[a-z]+:\/*/, '')
    .replace(/:\d+$/, '')
    .replaceAll(/[[\]]/g, '');
  if (isIP(host) === 0) return host;
  if (host === '::1' || host.startsWith('127.')) return 'localhost';
  throw new TlsSettingError(
    `The core is at the address ${host}: set FLORIN_CORE_NAME to the name that its certificate bears.`,
  );
}

function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new TlsSettingError(`${file} cannot be read (${code}).`);
  }
}
