import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { newAuthority } from '../../../test/support/certificates.ts';
import { type NatsServer, hasNats, startNats } from '../../../test/support/nats.ts';
import { connectNats, type NatsTarget } from './connecting.ts';

const { createAccount, createOperator, createUser } = nkeys;

describe.runIf(hasNats())('a connection to NATS', () => {
  let folder: string;
  let nats: NatsServer | undefined;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'florin-nats-files-'));
  });
  afterEach(async () => {
    await nats?.stop();
    nats = undefined;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function file(name: string, content: string): string {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  }

  async function begin(config: string): Promise<string> {
    nats = await startNats({ config });
    return nats.url.slice('nats://'.length);
  }

  async function connects(target: NatsTarget): Promise<void> {
    const connection = await connectNats(target, 'test');
    await connection.flush();
    await connection.close();
  }

  test('by user and password', async () => {
    const host = await begin('authorization { user: flo, password: "p@ss/word" }');
    await connects({ urls: [`nats://flo:p%40ss%2Fword@${host}`] });
    await expect(connects({ urls: [`nats://flo:other@${host}`] })).rejects.toThrow('Authorization Violation');
    await expect(connects({ urls: [`nats://${host}`] })).rejects.toThrow('Authorization Violation');
  });

  test('by token', async () => {
    const host = await begin('authorization { token: "s3cret" }');
    await connects({ urls: [`nats://s3cret@${host}`] });
    await expect(connects({ urls: [`nats://other@${host}`] })).rejects.toThrow('Authorization Violation');
  });

  test('by nkey', async () => {
    const [own, other] = [createUser(), createUser()];
    const seed = (one: typeof own): string => new TextDecoder().decode(one.getSeed());
    const host = await begin(`authorization { users: [{ nkey: ${own.getPublicKey()} }] }`);
    await connects({ urls: [`nats://${host}`], nkeyFile: file('own.nk', `${seed(own)}\n`) });
    const target = { urls: [`nats://${host}`], nkeyFile: file('other.nk', seed(other)) };
    await expect(connects(target)).rejects.toThrow('Authorization Violation');
  });

  test('by credentials as nsc makes them', async () => {
    const [operator, system, account] = [createOperator(), createAccount(), createAccount()];
    const [own, other] = [createUser(), createUser()];
    const claims = (type: string) => ({ type, version: 2 });
    const operatorJwt = jwt(operator, operator.getPublicKey(), {
      ...claims('operator'),
      system_account: system.getPublicKey(),
    });
    const limits = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, conn: -1, leaf: -1 };
    const accounts = [system, account].map((one) => {
      const key = one.getPublicKey();
      return `${key}: ${jwt(operator, key, { ...claims('account'), limits })}`;
    });
    const credentials = (user: typeof own, seedOf: typeof own): string => {
      const token = jwt(account, user.getPublicKey(), { ...claims('user'), subs: -1, data: -1, payload: -1 });
      const seed = new TextDecoder().decode(seedOf.getSeed());
      return `-----BEGIN NATS USER JWT-----\n${token}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`;
    };
    const good = credentials(own, own);
    const host = await begin(
      `operator: ${operatorJwt}\nresolver: MEMORY\nresolver_preload: { ${accounts.join(', ')} }`,
    );
    await connects({ urls: [`nats://${host}`], credentialsFile: file('good.creds', good) });
    const stolen = file('stolen.creds', credentials(own, other));
    await expect(connects({ urls: [`nats://${host}`], credentialsFile: stolen })).rejects.toThrow(
      'Authorization Violation',
    );
  });

  test('by TLS, with certificates of both', async () => {
    const [authority, stranger] = [newAuthority('ours'), newAuthority('theirs')];
    const server = authority.issue({ dns: ['localhost'] });
    const client = authority.issue({ commonName: 'relay' });
    const caFile = file('ca.pem', authority.cert);
    const [certFile, keyFile] = [file('relay.pem', client.cert), file('relay.key', client.key)];
    const host = await begin(
      `tls { cert_file: "${file('server.pem', server.cert)}", key_file: "${file('server.key', server.key)}", ca_file: "${caFile}", verify: true }`,
    );
    const named = host.replace('127.0.0.1', 'localhost');
    const urls = [`tls://${named}`];
    await connects({ urls, caFile, certFile, keyFile });
    await connects({ urls: [`nats://${named}`], caFile, certFile, keyFile });
    const strangerFile = file('stranger.pem', stranger.cert);
    await expect(connects({ urls, caFile: strangerFile, certFile, keyFile })).rejects.toThrow();
    await expect(connects({ urls, certFile, keyFile })).rejects.toThrow();
    await expect(connects({ urls, caFile })).rejects.toThrow();
  });

  test('a server of another name is refused, and one without TLS where it was asked for', async () => {
    const authority = newAuthority('ours');
    const server = authority.issue({ dns: ['elsewhere.example'] });
    const caFile = file('named-ca.pem', authority.cert);
    const files = `cert_file: "${file('named.pem', server.cert)}", key_file: "${file('named.key', server.key)}"`;
    const host = (await begin(`tls { ${files} }`)).replace('127.0.0.1', 'localhost');
    await expect(connects({ urls: [`tls://${host}`], caFile })).rejects.toThrow('altnames');
    await nats!.stop();
    const plain = await begin('');
    await expect(connects({ urls: [`tls://${plain}`], caFile })).rejects.toThrow();
    await connects({ urls: [`nats://${plain}`] });
  });

  test('a server that takes small messages only is refused before the first event that is larger', async () => {
    const host = await begin('max_payload: 65536');
    await expect(connects({ urls: [`nats://${host}`] })).rejects.toThrow('set its max_payload to 262144');
  });
});

interface Signer {
  getPublicKey(): string;
  sign(input: Uint8Array): Uint8Array;
}

/** The server reads a claim by its signature, and by whom it is. */
function jwt(issuer: Signer, subject: string, nats: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1_000);
  const claim = { jti: subject, iat: now, iss: issuer.getPublicKey(), name: subject, sub: subject, nats };
  const text = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part(claim)}`;
  return `${text}.${Buffer.from(issuer.sign(Buffer.from(text))).toString('base64url')}`;
}
