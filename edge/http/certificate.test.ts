import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { TlsSettingError } from '../../client/index.ts';
import { certificateFiles, type Issued, newAuthority } from '../../test/support/certificates.ts';
import { TEST_CLIENT_SECRETS, TEST_SECRETS } from '../testing/secrets.ts';
import { StandInCore, UNLIMITED } from '../testing/standInCore.ts';
import { Certificate } from './certificate.ts';
import { buildServer } from './server.ts';

const authority = newAuthority('ours');
const files = certificateFiles();
afterAll(() => files.remove());

function written({ cert, key }: Issued) {
  return { certFile: files.write('edge.pem', cert), keyFile: files.write('edge.key', key) };
}

test('an edge shows its certificate, and a newer one once its files have it', async () => {
  const paths = written(authority.issue({ dns: ['first.example'] }));
  const certificate = new Certificate(paths);
  const app = await buildServer({
    core: new StandInCore().core,
    secrets: TEST_SECRETS,
    clientSecrets: TEST_CLIENT_SECRETS,
    nowMs: () => 0,
    limits: UNLIMITED,
    log: () => undefined,
    tls: certificate.pair,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const reached = async (servername: string): Promise<void> => {
    const socket = connect({ host: '127.0.0.1', port, servername, ca: authority.cert });
    await once(socket, 'secureConnect');
    socket.destroy();
  };
  try {
    await reached('first.example');
    expect(certificate.renew(app.server)).toBe(false);

    writeFileSync(paths.keyFile, 'half a file');
    expect(() => certificate.renew(app.server)).toThrow(TlsSettingError);
    await reached('first.example');

    written(authority.issue({ dns: ['second.example'] }));
    expect(certificate.renew(app.server)).toBe(true);
    await reached('second.example');
    await expect(reached('first.example')).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  } finally {
    await app.close();
  }
});
