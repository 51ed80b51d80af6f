import { fromBinary } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Serving, serve } from '../testing/serving.ts';

let serving: Serving;
beforeAll(async () => {
  serving = await serve();
});
afterAll(() => serving.close());

const folder = join(
  dirname(createRequire(import.meta.url).resolve('@grpc/reflection/package.json')),
  'build/proto',
);

/** Asks one question by a version of the reflection protocol. */
function ask(version: 'v1' | 'v1alpha', question: object): Promise<Record<string, unknown>> {
  const definition = loadSync(join(folder, `grpc/reflection/${version}/reflection.proto`));
  loadPackageDefinition(definition);
  const method = (definition[`grpc.reflection.${version}.ServerReflection`] as Record<string, never>)
    .ServerReflectionInfo;
  const { path, requestSerialize, responseDeserialize } = method as unknown as {
    path: string;
    requestSerialize: (value: object) => Buffer;
    responseDeserialize: (bytes: Buffer) => Record<string, unknown>;
  };
  return new Promise((resolve, reject) => {
    const call = serving.grpc.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    call.once('data', resolve);
    call.once('error', reject);
    call.write(question);
    call.end();
  });
}

/** All services that the contract defines, from the generated code. */
function contractServices(): string[] {
  const gen = join(import.meta.dirname, '../../../gen/florin');
  const files = readdirSync(gen, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('_pb.ts'),
  );
  return files.map((name) => join(gen, name));
}

describe.each(['v1', 'v1alpha'] as const)('reflection %s', (version) => {
  test('lists every service of the contract, and health', async () => {
    const { listServicesResponse } = await ask(version, { listServices: '*' });
    const listed = (listServicesResponse as { service: { name: string }[] }).service.map(({ name }) => name);
    const modules = await Promise.all(
      contractServices().map(
        (file) => import(file) as Promise<Record<string, { kind?: string; typeName?: string }>>,
      ),
    );
    const services = modules
      .flatMap((module) => Object.values(module))
      .filter((value) => value.kind === 'service');
    expect(services.length).toBeGreaterThan(6);
    expect(new Set(listed)).toEqual(
      new Set([...services.map(({ typeName }) => typeName), 'grpc.health.v1.Health']),
    );
  });

  test.each([
    ['florin.ledger.v1.AccountService', 'florin/ledger/v1/accounts.proto'],
    ['google.rpc.ErrorInfo', 'google/rpc/error_details.proto'],
  ])('gives %s with all that it imports', async (symbol, name) => {
    const { fileDescriptorResponse } = await ask(version, { fileContainingSymbol: symbol });
    const { fileDescriptorProto } = fileDescriptorResponse as { fileDescriptorProto: Buffer[] };
    const files = fileDescriptorProto.map((bytes): FileDescriptorProto =>
      fromBinary(FileDescriptorProtoSchema, bytes),
    );
    const names = files.map((file) => file.name);
    expect(names).toContain(name);
    for (const file of files) expect(names).toEqual(expect.arrayContaining(file.dependency));
  });
});
