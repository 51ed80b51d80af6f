import { describe, expect, test } from 'vitest';
import { ConfigError, readConfig } from './config.ts';

describe('readConfig', () => {
  test('gives the documented defaults for an empty environment', () => {
    const config = readConfig({});
    expect(config).toMatchObject({
      host: '127.0.0.1',
      grpcPort: 7400,
      connectPort: 7401,
      opsPort: 7490,
      pgPort: 7432,
    });
    expect(config).toMatchObject({ databaseUrls: [], logLevel: 'info', launcherPid: undefined });
    expect(config.dataDir).toMatch(/^\/.*\.florin$/);
  });

  test.each([
    ['FLORIN_GRPC_PORT', '0'],
    ['FLORIN_CONNECT_PORT', '65536'],
    ['FLORIN_OPS_PORT', '7490x'],
    ['FLORIN_PG_PORT', '-1'],
    ['FLORIN_LOG_LEVEL', 'loud'],
    ['NATS_URL', 'http://localhost:4222'],
    ['NATS_URL', 'nats://a:4222,b:4222'],
    ['FLORIN_RELAY_REPLICAS', '6'],
    ['DATABASE_URL', 'mysql://localhost/x'],
    ['DATABASE_URLS', 'postgres://a/b,,postgres://c/d'],
    ['DATABASE_URLS', 'postgres://a/b,postgres://c/d,'],
    ['DATABASE_URLS', 'postgres://a/b,mysql://c/d'],
    ['DATABASE_URLS', 'postgres://a,b/d,postgres://b/d'],
    ['DATABASE_URL', 'postgres://u:p@a:1,b:x/d'],
    ['DATABASE_URL', 'postgres://u:p@a,a/d'],
  ])('refuses %s=%s in one line that names it', (name, value) => {
    const error = refusal({ [name]: value });
    expect(error.message).toContain(name);
    expect(error.message).not.toContain('\n');
  });

  test('refuses two ports that are the same', () => {
    expect(refusal({ FLORIN_GRPC_PORT: '7490' }).message).toMatch(
      /FLORIN_OPS_PORT and FLORIN_GRPC_PORT are both 7490/,
    );
  });

  test('splits DATABASE_URLS at commas and leaves DATABASE_URL whole', () => {
    expect(readConfig({ DATABASE_URLS: 'postgres://a/b, postgres://c/d' }).databaseUrls).toHaveLength(2);
    expect(readConfig({ DATABASE_URL: 'postgres://u:x,y@a/b' }).databaseUrls).toEqual([
      'postgres://u:x,y@a/b',
    ]);
  });

  test('takes several hosts of one server in either variable', () => {
    const one = 'postgres://u:x,y@a:5432,b:5433/d?sslmode=require',
      two = 'postgresql://u@c,[::1]:5432/d';
    expect(readConfig({ DATABASE_URL: one }).databaseUrls).toEqual([one]);
    expect(readConfig({ DATABASE_URLS: `${one} , ${two}` }).databaseUrls).toEqual([one, two]);
  });

  test('never shows a database password', () => {
    expect(refusal({ NATS_URL: 'nats//u:secret@a' }).message).not.toContain('secret');
    expect(refusal({ DATABASE_URLS: 'postgres//u:secret@a/b' }).message).not.toContain('secret');
  });
});

function refusal(env: Record<string, string>): ConfigError {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the environment was accepted');
}
