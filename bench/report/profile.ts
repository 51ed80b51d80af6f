import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

const SHOWN = 30;

/** Where a process spent its own time, function by function; the profile that V8 wrote for it lies in the folder. */
export function profileTable(folder: string, pid: number): string {
  const file = readdirSync(folder).find((name) => name.includes(`.${pid}.`) && name.endsWith('.cpuprofile'));
  if (file === undefined) return `no profile of process ${pid} in ${folder}`;
  const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile;
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const self = new Map<string, number>();
  for (const [i, id] of profile.samples.entries()) {
    const name = names.get(id) ?? '?';
    self.set(name, (self.get(name) ?? 0) + profile.timeDeltas[i]);
  }
  self.delete('(idle)');
  const busyUs = [...self.values()].reduce((sum, us) => sum + us, 0);
  const top = [...self].sort(([, a], [, b]) => b - a).slice(0, SHOWN);
  const lines = top.map(([name, us]) => `  ${((us * 100) / busyUs).toFixed(1).padStart(5)} %  ${name}`);
  return [`${file}: ${(busyUs / 1e6).toFixed(1)} s busy`, ...lines].join('\n');
}

function nameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  const place = url
    .replace(/^file:\/\//, '')
    .split('/')
    .slice(-3)
    .join('/');
  return place === '' ? name : `${name}  ${place}:${lineNumber + 1}`;
}
