import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate of a test's own authority, with its key, both PEM. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

export interface Names {
  readonly commonName?: string;
  readonly dns?: readonly string[];
  readonly uris?: readonly string[];
  /** IPv4 addresses. */
  readonly addresses?: readonly string[];
}

interface Validity {
  /** Days from now, negative for past ones. */
  readonly fromDays?: number;
  readonly untilDays?: number;
}

export interface Authority {
  /** Its own certificate, PEM. */
  readonly cert: string;
  issue(names: Names, validity?: Validity): Issued;
}

const DAY_MS = 86_400_000;
const OID = {
  ecdsaWithSha256: '2a8648ce3d040302',
  commonName: '550403',
  basicConstraints: '551d13',
  subjectAltName: '551d11',
};
/** The kinds of a GeneralName, RFC 5280. */
const NAME_KIND = { dns: 0x82, uri: 0x86, address: 0x87 };

/** An authority of its own key, trusted by nobody who is not told to. */
export function newAuthority(commonName: string): Authority {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = nameOf(commonName);
  const certify = (subject: Buffer, key: KeyObject, extensions: Buffer[], validity: Validity): string =>
    certificate({ issuer, subject, key, extensions, validity, signer: privateKey });
  return {
    cert: certify(issuer, publicKey, [extension(OID.basicConstraints, seq(boolean(true)))], {}),
    issue: (names, validity = {}) => {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const alternatives = alternativeNames(names);
      const extensions =
        alternatives.length === 0 ? [] : [extension(OID.subjectAltName, seq(...alternatives))];
      return {
        cert: certify(nameOf(names.commonName ?? ''), pair.publicKey, extensions, validity),
        key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      };
    },
  };
}

/** Files of a test, removed by `remove`. */
export function certificateFiles(): {
  readonly write: (name: string, text: string) => string;
  readonly remove: () => void;
} {
  const folder = mkdtempSync(join(tmpdir(), 'florin-tls-'));
  return {
    write: (name, text) => {
      const file = join(folder, name);
      writeFileSync(file, text, { mode: 0o600 });
      return file;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function certificate(of: {
  issuer: Buffer;
  subject: Buffer;
  key: KeyObject;
  extensions: Buffer[];
  validity: Validity;
  signer: KeyObject;
}): string {
  const { fromDays = -1, untilDays = 30 } = of.validity;
  const algorithm = seq(oid(OID.ecdsaWithSha256));
  const body = seq(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    of.issuer,
    seq(time(fromDays), time(untilDays)),
    of.subject,
    of.key.export({ type: 'spki', format: 'der' }),
    ...(of.extensions.length === 0 ? [] : [tagged(0xa3, seq(...of.extensions))]),
  );
  const signature = sign('sha256', body, of.signer);
  const der = seq(body, algorithm, tagged(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = der.toString('base64').match(/.{1,64}/g)!;
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function alternativeNames({ dns = [], uris = [], addresses = [] }: Names): Buffer[] {
  return [
    ...dns.map((name) => tagged(NAME_KIND.dns, Buffer.from(name))),
    ...uris.map((uri) => tagged(NAME_KIND.uri, Buffer.from(uri))),
    ...addresses.map((one) => tagged(NAME_KIND.address, Buffer.from(one.split('.').map(Number)))),
  ];
}

function nameOf(commonName: string): Buffer {
  if (commonName === '') return seq();
  return seq(tagged(0x31, seq(oid(OID.commonName), tagged(0x0c, Buffer.from(commonName)))));
}

function extension(id: string, value: Buffer): Buffer {
  return seq(oid(id), tagged(0x04, value));
}

function time(inDays: number): Buffer {
  const text = new Date(Date.now() + inDays * DAY_MS).toISOString();
  return tagged(0x18, Buffer.from(`${text.replaceAll(/[-T:]/g, '').slice(0, 14)}Z`));
}

function boolean(value: boolean): Buffer {
  return tagged(0x01, Buffer.from([value ? 0xff : 0]));
}

function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes);
}

function oid(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'));
}

function seq(...parts: Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

/** DER: a tag, the length in as few bytes as it takes, the content. */
function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const bytes = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...bytes]), content]);
}
