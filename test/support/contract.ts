import { globSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DescService } from '@bufbuild/protobuf';

const gen = resolve(import.meta.dirname, '../../gen');

/** Every service of the contract, found by its generated file: a new one is here by itself. */
export async function contractServices(): Promise<DescService[]> {
  const services: DescService[] = [];
  for (const file of globSync('florin/**/*_pb.ts', { cwd: gen })) {
    const module = (await import(pathToFileURL(join(gen, file)).href)) as Record<string, { kind?: string }>;
    for (const one of Object.values(module)) if (one.kind === 'service') services.push(one as DescService);
  }
  return services;
}
