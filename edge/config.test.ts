import { expect, test } from 'vitest';
import { EdgeConfigError, readEdgeConfig } from './config.ts';

test.each([
  ['', 0],
  ['0', 0],
  ['2', 2],
  ['10.0.0.1/32', ['10.0.0.1/32']],
  ['10.0.0.0/8, fd00::/8', ['10.0.0.0/8', 'fd00::/8']],
])('balancers of "%s" are believed as %j', (text, trusted) => {
  expect(readEdgeConfig({ FLORIN_EDGE_TRUST_PROXY: text }).trustProxy).toEqual(trusted);
});

test.each([
  ['FLORIN_EDGE_TRUST_PROXY', { FLORIN_EDGE_TRUST_PROXY: '11' }],
  ['FLORIN_EDGE_TRUST_PROXY', { FLORIN_EDGE_TRUST_PROXY: 'true' }],
  ['FLORIN_EDGE_TRUST_PROXY', { FLORIN_EDGE_TRUST_PROXY: '10.0.0.0/33' }],
  ['FLORIN_EDGE_TRUST_PROXY', { FLORIN_EDGE_TRUST_PROXY: '10.0.0.1' }],
  ['FLORIN_WEBHOOK_OPS_PORT', { FLORIN_WEBHOOK_OPS_PORT: '0' }],
  ['FLORIN_EDGE_OPS_PORT', { FLORIN_EDGE_OPS_PORT: '70000' }],
  ['FLORIN_EDGE_TLS_CERT_FILE', { FLORIN_EDGE_TLS_KEY_FILE: '/a.key' }],
  ['FLORIN_CORE_CA_FILE', { FLORIN_CORE_CERT_FILE: '/a.pem', FLORIN_CORE_KEY_FILE: '/a.key' }],
  ['FLORIN_CORE_KEY_FILE', { FLORIN_CORE_CA_FILE: '/ca.pem', FLORIN_CORE_CERT_FILE: '/a.pem' }],
  ['FLORIN_EDGE_URL', { FLORIN_EDGE_URL: 'pay.example' }],
  ['FLORIN_EDGE_REQUEST_LOG', { FLORIN_EDGE_REQUEST_LOG: 'everything' }],
  ['FLORIN_EDGE_URL', { FLORIN_EDGE_URL: 'https://pay.example/path' }],
])('a setting that cannot be used is named: %s in %j', (name, env) => {
  const read = (): unknown => readEdgeConfig(env);
  expect(read).toThrow(EdgeConfigError);
  expect(read).toThrow(name);
});

test('the log of requests leaves out reads that went well, unless it is told otherwise', () => {
  expect(readEdgeConfig({}).requestLog).toBe('changes');
  expect(readEdgeConfig({ FLORIN_EDGE_REQUEST_LOG: 'off' }).requestLog).toBe('off');
});

test('payers reach the edge at its own address, unless another one is named', () => {
  expect(readEdgeConfig({}).publicUrl).toBe('http://127.0.0.1:7410');
  expect(readEdgeConfig({ FLORIN_EDGE_HOST: '::', FLORIN_EDGE_PORT: '1' }).publicUrl).toBe('http://[::1]:1');
  expect(readEdgeConfig({ FLORIN_EDGE_URL: 'https://pay.example/' }).publicUrl).toBe('https://pay.example');
});

test('by default all is in the clear, and with files it is not', () => {
  expect(readEdgeConfig({})).toMatchObject({ coreTls: undefined, tls: undefined });
  const env = {
    FLORIN_CORE_CA_FILE: '/ca.pem',
    FLORIN_CORE_CERT_FILE: '/a.pem',
    FLORIN_CORE_KEY_FILE: '/a.key',
    FLORIN_CORE_NAME: 'core.internal',
    FLORIN_EDGE_TLS_CERT_FILE: '/b.pem',
    FLORIN_EDGE_TLS_KEY_FILE: '/b.key',
  };
  expect(readEdgeConfig(env)).toMatchObject({
    coreTls: { caFile: '/ca.pem', own: { certFile: '/a.pem', keyFile: '/a.key' }, coreName: 'core.internal' },
    tls: { certFile: '/b.pem', keyFile: '/b.key' },
  });
});
