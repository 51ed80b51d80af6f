import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { newAuthority } from '../../../test/support/certificates.ts';
import { namesOf } from './certificateNames.ts';

const authority = newAuthority('ours');

function named(names: Parameters<typeof authority.issue>[0]): string[] {
  return namesOf(new X509Certificate(authority.issue(names).cert).toLegacyObject());
}

test('a certificate bears its alternative names and its common name, each under its kind', () => {
  expect(
    named({
      commonName: 'reports',
      dns: ['edge.internal', 'edge'],
      uris: ['spiffe://florin/shop'],
      addresses: ['10.0.0.1'],
    }),
  ).toEqual(['dns:edge.internal', 'dns:edge', 'uri:spiffe://florin/shop', 'cn:reports']);
});

test('a name that is written like a list of names is none of them', () => {
  expect(named({ dns: ['evil, DNS:edge.internal'] })).toEqual([]);
  expect(named({ dns: ['evil", DNS:edge.internal, "'] })).toEqual([]);
  expect(named({ uris: ['spiffe://evil/x, URI:spiffe://florin/shop'], dns: ['good.internal'] })).toEqual([
    'dns:good.internal',
  ]);
});

test('a certificate without names bears none', () => {
  expect(named({})).toEqual([]);
  expect(namesOf({} as Parameters<typeof namesOf>[0])).toEqual([]);
});
