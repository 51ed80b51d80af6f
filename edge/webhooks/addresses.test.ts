import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { AddressForbidden, Addresses, listOf } from './addresses.ts';

const NOBODYS = [
  '0.0.0.0',
  '10.0.0.1',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.8',
  '192.0.2.1',
  '192.168.1.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  '64:ff9b::7f00:1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::1',
  'fc00::1',
  'fd12:3456::1',
  'fe80::1',
  'ff02::1',
];
const SOMEBODYS = ['1.1.1.1', '8.8.8.8', '172.32.0.1', '192.0.1.1', '2606:4700::1111', '2a00:1450::1'];

describe('without anything that the operator allows', () => {
  const addresses = new Addresses([]);
  test.each(NOBODYS)('%s is not reached', (address) => expect(addresses.mayReach(address)).toBe(false));
  test.each(SOMEBODYS)('%s is', (address) => expect(addresses.mayReach(address)).toBe(true));

  test('an address in a URL is looked at in whatever form it stands', () => {
    for (const url of [
      'http://127.0.0.1/',
      'http://2130706433/',
      'http://0x7f.1/',
      'http://[::1]/',
      'http://[::ffff:7f00:1]/',
      'http://0/',
    ])
      expect(() => addresses.checkHost(new URL(url).hostname), url).toThrow(AddressForbidden);
    expect(() => addresses.checkHost('shop.example')).not.toThrow();
  });

  test('a name that leads to such an address is not resolved', async () => {
    const lookup = promisify(addresses.lookup);
    await expect(lookup('localhost', { all: true })).rejects.toThrow(AddressForbidden);
  });
});

test('a network that the operator allows is reached, and none beside it', async () => {
  const addresses = new Addresses(['127.0.0.0/8', '::1/128', '10.1.0.0/16']);
  for (const address of ['127.0.0.1', '::1', '10.1.2.3']) expect(addresses.mayReach(address)).toBe(true);
  for (const address of ['10.2.0.1', '169.254.169.254', 'fe80::1'])
    expect(addresses.mayReach(address)).toBe(false);
  const found = (await promisify(addresses.lookup)('localhost', { all: true })) as unknown;
  expect(found).toEqual(expect.arrayContaining([expect.objectContaining({ family: expect.any(Number) })]));
});

test('what is no network is refused', () => {
  for (const network of ['10.0.0.0', '10.0.0.0/33', '::1/129', 'shop.example/8', '/8', ''])
    expect(() => listOf([network])).toThrow(RangeError);
});
